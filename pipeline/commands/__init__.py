"""The commands beside the page: `python app.py draw` and `python app.py mcp`."""
