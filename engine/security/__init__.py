"""Secrets and certificates: what they must be, whether one is right, and the authority that signs them."""
