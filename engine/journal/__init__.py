"""The durable log: what is written here is what we may acknowledge."""
