"""Charging profiles, and EVs with needs of their own."""
