"""Stations with their place, name and network, as maps need them: all at once, and little of each.

Maps are looked at again and again, and stations are not moved: what was read is good for `KEPT_S`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from engine.clock import SECOND, Clock
from engine.stores.places.locations import OFFERED, Sought, has_fitting
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import networks, stations

KEPT_S = 10
MOST = 50_000
"""Stations that one look finds."""

_REMEMBERED = 32
"""Wishes of drivers whose answers are kept."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A station that is somewhere. Degrees, WGS 84."""

    id: str
    name: str
    network: str
    latitude: float
    longitude: float


class Pins:
    """For one process. Methods raise StoreUnavailable."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._kept: dict[Sought | None, tuple[int, list[Pin]]] = {}

    async def every(self) -> list[Pin]:
        """All that are not retired, also those that drivers are not shown."""
        return await self._found(None)

    async def offered(self, sought: Sought) -> list[Pin]:
        """Those that drivers are shown, with a connector that fits."""
        return await self._found(sought)

    async def _found(self, sought: Sought | None) -> list[Pin]:
        now = self._clock.now()
        kept = self._kept.get(sought)
        if kept is not None and now - kept[0] < KEPT_S * SECOND:
            return kept[1]
        async with self._database.read() as connection:
            rows = await connection.execute(_query(sought).order_by(stations.c.id).limit(MOST))
            found = [Pin(*row) for row in rows]
        while len(self._kept) >= _REMEMBERED:
            del self._kept[next(iter(self._kept))]
        self._kept[sought] = now, found
        return found


def _query(sought: Sought | None) -> Select[Any]:
    table = stations.c
    query = select(table.id, table.name, table.network_id, table.latitude, table.longitude)
    query = query.join(networks, networks.c.id == table.network_id)
    if sought is None:
        return query.where(table.retired.is_(None), table.latitude.is_not(None))
    return query.where(OFFERED, has_fitting(sought))
