"""Drivers: what is theirs under /me, and all of them for staff."""
