"""How the pocket model is made; nothing outside of this room imports it."""
