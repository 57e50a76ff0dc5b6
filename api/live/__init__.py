"""Live states and changes on their way to whoever looks."""
