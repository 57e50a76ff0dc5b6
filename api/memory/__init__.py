"""In-memory twins of the ports."""
