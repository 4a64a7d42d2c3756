"""A request becomes pixels."""
