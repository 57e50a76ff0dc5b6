"""Maintenance over REST."""
