"""What the façade needs from the rest, as Protocols."""
