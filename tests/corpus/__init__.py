"""The corpus of replies and how readings of it are scored."""
