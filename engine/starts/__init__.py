"""Starts of charging that a driver asked for, from the request to their one end."""
