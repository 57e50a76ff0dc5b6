"""What the façade needs of stations' security events: their rows, and the port that finds them with its twin.

`api/sources/security_events.py` reads them from SQL. Times are microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from api.ports.facade import Position


@dataclass(frozen=True, slots=True)
class SecurityEventRow:
    """A security event as the station told it, and when we received it."""

    charge_point: str
    type: str
    info: str
    said: str | None
    believed: int
    received: int


class SecurityEvents(Protocol):
    """Security events, newest first. Raises StoreUnavailable."""

    async def page(
        self, charge_point: str, *, type: str | None, after: Position | None, limit: int
    ) -> Sequence[SecurityEventRow]:
        """One page; `after` is (received, type) of the last row of the page before."""
        ...


@dataclass
class MemorySecurityEvents:
    """The in-memory twin: rows that are put in by hand."""

    rows: list[SecurityEventRow] = field(default_factory=list)

    async def page(
        self, charge_point: str, *, type: str | None, after: Position | None, limit: int
    ) -> Sequence[SecurityEventRow]:
        found = [row for row in self.rows if row.charge_point == charge_point and type in (None, row.type)]
        found.sort(key=lambda row: (row.received, row.type), reverse=True)
        return [row for row in found if after is None or (row.received, row.type) < after][:limit]
