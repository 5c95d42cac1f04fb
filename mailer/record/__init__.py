"""What the record proves: the bytes that are committed to, and how. Keys and salts come in as values."""
