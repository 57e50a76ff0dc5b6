"""Addresses of the pages about charge points."""

EXAMPLES = {"/charge-points/{id}": "/charge-points/HAFEN-00"}
