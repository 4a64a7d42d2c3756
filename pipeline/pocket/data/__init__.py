"""Render the pictures that the pocket model is trained on."""
