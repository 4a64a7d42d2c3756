"""Everything that is loaded, and the whole way from an order to a picture."""
