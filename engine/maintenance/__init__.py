"""Maintenance: jobs on charge points and connectors, opened by a fault or a person, and what they keep unavailable."""
