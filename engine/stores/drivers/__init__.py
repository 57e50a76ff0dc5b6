"""Drivers: who they are, what they drive, which tokens are theirs, and how they are forgotten."""
