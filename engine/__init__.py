"""What Raycharge knows of charging: protocol, machines, journal, stores, projections. No Ray, socket or HTTP server."""

from engine import compiled

compiled.install()
