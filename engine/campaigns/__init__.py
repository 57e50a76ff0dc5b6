"""Campaigns: one operation for many charge points, at a pace, with an end to it when too much fails."""
