"""Each engine's files: which they are, where they lie, how they come here."""
