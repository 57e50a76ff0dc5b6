"""Tokens: what somebody may charge with, in which network, within which limits."""
