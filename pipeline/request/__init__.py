"""What was asked, unchecked, becomes one complete request."""
