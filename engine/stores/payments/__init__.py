"""Payments in SQL: rows and lists, what is wished of one, the desk that orders and is told, open items, policies."""
