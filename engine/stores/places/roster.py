"""The roster: every charge point in a scope in one query, with no more of each than a table of all of them shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from engine.access.scope import Scope
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import charge_points, stations

_COLUMNS = (
    charge_points.c.id,
    charge_points.c.name,
    charge_points.c.station_id,
    stations.c.name.label("station_name"),
    stations.c.network_id,
    charge_points.c.commissioning,
    charge_points.c.vendor,
    charge_points.c.model,
    charge_points.c.firmware,
)


class Listed(NamedTuple):
    """A charge point in the roster. Vendor, model and firmware as it last booted."""

    id: str
    name: str
    station: str
    station_name: str
    network: str
    commissioning: str
    vendor: str
    model: str
    firmware: str


class Roster:
    """Raises StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, scope: Scope, network: str = "", *, limit: int) -> Sequence[Listed]:
        """Those that are not retired, by id; at most `limit`."""
        joined = charge_points.join(stations, stations.c.id == charge_points.c.station_id)
        query = select(*_COLUMNS).select_from(joined)
        query = query.where(charge_points.c.retired.is_(None), scope.where(stations.c.network_id))
        if network:
            query = query.where(stations.c.network_id == network)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(charge_points.c.id).limit(limit))
            return [Listed(*row) for row in rows]
