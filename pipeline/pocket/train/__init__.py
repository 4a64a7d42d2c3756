"""Train the pocket model's parts and export them."""
