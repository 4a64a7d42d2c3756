"""Turn unchecked input into one complete request."""
