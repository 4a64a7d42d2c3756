"""Keep finished pictures and what is known of them, in files and one database."""
