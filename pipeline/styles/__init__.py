"""The library of styles, and the search that finds one in a prompt."""
