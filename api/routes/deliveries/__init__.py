"""Channels, subscriptions, and the log of what was delivered by them."""
