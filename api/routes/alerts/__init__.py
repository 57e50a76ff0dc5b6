"""Alerts, their rules, maintenance windows, and what each person wants to be told."""
