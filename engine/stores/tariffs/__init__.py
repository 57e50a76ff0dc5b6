"""Tariffs in SQL: their versions, what they are assigned to, and the book of them that every host has in memory."""
