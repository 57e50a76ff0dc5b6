"""chDB behind ClickHouse's HTTP interface: one process, one folder, so that every client has one code path.

`server.py` speaks HTTP, `request.py` reads a request as ClickHouse would, `guard.py` decides what a reader may ask,
`engine.py` runs statements in threads (one for writing, first in first out; several for reading).
"""

from __future__ import annotations

from actors.chdb_gateway.engine import Limits
from actors.chdb_gateway.server import ChdbGateway, Credentials

__all__ = ["ChdbGateway", "Credentials", "Limits"]
