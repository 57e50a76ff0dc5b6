"""Tokens, their groups, and both in bulk."""
