"""Letting people in, and who may do what: logins, accounts, roles, API keys."""
