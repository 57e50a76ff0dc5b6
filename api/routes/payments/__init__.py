"""Starts of charging by drivers, with and without an account, and the payments for them."""
