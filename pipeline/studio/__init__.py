"""Hold everything that is loaded, and go the whole way from an order to a picture."""
