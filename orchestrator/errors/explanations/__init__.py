"""The catalogue's entries, one file a family of codes."""
