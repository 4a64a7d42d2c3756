"""Make the pocket model: its data, training and evaluation; nothing outside of this room imports it."""
