"""The session: its machine, course, meter registers and cost."""
