"""Many things at once, as CSV and JSON."""
