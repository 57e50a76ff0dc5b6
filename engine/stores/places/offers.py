"""Where drivers can be sent, from memory: public stations with live charge points, and what their connectors are.

As `Locations` has them in SQL. Kept by façades only. After a change of some stations or charge points only those
stations are read again.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.places.commissioning import LIVE
from engine.places.nearby import Site, Sites, Spot
from engine.stores.changes import ALL, CHARGE_POINT, NETWORK, STATION, Change
from engine.stores.kept_book import KeptBook
from engine.stores.places.connectors import made_of
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import charge_points, connector_descriptions, networks, stations

_AT_ONCE = 500
_ALL_EVERY_S = 600.0
"""How often all of it is read, in case that an announcement was missed."""


class OfferBook(KeptBook):
    """The stations in this process, as `sites`."""

    kind = STATION

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self.sites = Sites()
        self._station_of: dict[str, str] = {}
        self._changed: set[tuple[str, str]] = set()
        self._read_at = float("-inf")

    def changed(self, change: Change) -> None:
        if change.kind not in (CHARGE_POINT, STATION, NETWORK):
            return
        if change.kind == NETWORK or change.key == ALL:
            self._changed.add((STATION, ALL))
        else:
            self._changed.add((change.kind, change.key.lower() if change.kind == CHARGE_POINT else change.key))
        self._stale.set()

    async def read(self) -> None:
        self._changed = set()
        self._read_at = time.monotonic()
        async with self._database.read() as connection:
            sites, station_of = await _read(connection, None)
        self.sites, self._station_of = Sites(sites), station_of

    async def read_lately(self) -> None:
        if time.monotonic() - self._read_at >= _ALL_EVERY_S:
            await self.read()

    async def read_changes(self) -> None:
        changed, self._changed = self._changed, set()
        if (STATION, ALL) in changed or len(changed) > _AT_ONCE:
            await self.read()
            return
        try:
            await self._read_again(changed)
        except BaseException:
            self._changed |= changed
            raise

    async def _read_again(self, changed: Collection[tuple[str, str]]) -> None:
        names = sorted(key for kind, key in changed if kind == CHARGE_POINT)
        wanted = {key for kind, key in changed if kind == STATION}
        # Where a charge point was, and where it is now.
        wanted |= {self._station_of[name] for name in names if name in self._station_of}
        async with self._database.read() as connection:
            columns = charge_points.c.folded, charge_points.c.station_id
            for row in await connection.execute(select(*columns).where(columns[0].in_(names))):
                wanted.add(row.station_id)
            sites, station_of = await _read(connection, sorted(wanted))
        for name in [name for name, station in self._station_of.items() if station in wanted]:
            del self._station_of[name]
        self._station_of |= station_of
        found = {site.id: site for site in sites}
        for station in wanted:
            if station in found:
                self.sites.put(found[station])
            else:
                self.sites.drop(station)


_OFFERED = and_(
    stations.c.public,
    stations.c.retired.is_(None),
    networks.c.retired.is_(None),
    stations.c.latitude.is_not(None),
    charge_points.c.commissioning == LIVE,
    charge_points.c.enabled,
)
_SPOTS: Select[Any] = (
    select(
        connector_descriptions,
        charge_points.c.folded,
        stations.c.id.label("station"),
        stations.c.network_id,
        stations.c.name.label("station_name"),
        stations.c.latitude,
        stations.c.longitude,
    )
    .join(charge_points, charge_points.c.id == connector_descriptions.c.charge_point)
    .join(stations, stations.c.id == charge_points.c.station_id)
    .join(networks, networks.c.id == stations.c.network_id)
    .where(_OFFERED)
    .order_by(stations.c.id, connector_descriptions.c.charge_point)
    .order_by(connector_descriptions.c.evse, connector_descriptions.c.connector)
)


async def _read(connection: AsyncConnection, names: list[str] | None) -> tuple[list[Site], dict[str, str]]:
    """These stations (None: all) as far as drivers can be sent there, and which charge point is at which of them."""
    query = _SPOTS if names is None else _SPOTS.where(stations.c.id.in_(names))
    spots: dict[str, list[Spot]] = {}
    told: dict[str, tuple[str, str, float, float]] = {}
    station_of: dict[str, str] = {}
    # In pieces: the façade has others to answer meanwhile.
    async for rows in (await connection.stream(query)).partitions(_AT_ONCE):
        for row in rows:
            spots.setdefault(row.station, []).append(_spot(row))
            told[row.station] = row.network_id, row.station_name, row.latitude, row.longitude
            station_of[row.folded] = row.station
    return [Site(name, *told[name], tuple(own)) for name, own in spots.items()], station_of


def _spot(row: Any) -> Spot:
    one = made_of(row)
    connector = one.connector
    return Spot(
        one.charge_point, connector.evse, connector.connector, connector.type, connector.power_w, one.code, one.label
    )
