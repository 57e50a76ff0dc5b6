"""What `raycharge up` starts on its own machine: the embedded Valkey, its locks, ports and an earlier run's remains."""
