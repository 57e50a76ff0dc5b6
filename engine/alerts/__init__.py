"""Alerts: what is wrong, told once to whoever is to see to it."""
