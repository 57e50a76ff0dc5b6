"""The machines of charging: what a charge point and a session are, as pure functions of state, message and time."""
