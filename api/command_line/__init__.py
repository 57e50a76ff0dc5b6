"""The command `raycharge`."""
