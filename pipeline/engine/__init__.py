"""Turn a request into pixels."""
