"""Consumers of the journal: each turns entries into rows of one store, exactly once."""
