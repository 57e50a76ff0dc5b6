"""Tariffs: what they say, where they hold, what a session would cost."""
