"""Where drivers can charge: public stations with live charge points in an area, and what their connectors are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.errors import NotFound
from engine.places.commissioning import LIVE
from engine.places.connectors import PHASES
from engine.places.geography import Box
from engine.stores.places.connectors import Described, described
from engine.stores.places.stations import COLUMNS, Station
from engine.stores.registration import parts
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import charge_points, connector_descriptions, networks, stations

MAX_LOOKED_AT = 20_000
"""Stations of one area that are looked at for their distance."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What a driver looks for: stations that have a connector of one of these types, with so much power (W) or more."""

    types: tuple[str, ...] = ()
    min_power_w: int = 0
    network: str = ""

    def fits(self, one: Described) -> bool:
        """Whether a connector is such a one. Of unknown power it is none if power is asked for."""
        if self.types and one.connector.type not in self.types:
            return False
        return not self.min_power_w or (one.connector.power_w or 0) >= self.min_power_w


@dataclass(frozen=True, slots=True)
class Located:
    """A station that is somewhere: its id and coordinates."""

    id: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Location:
    """A station with its network's name and time zone, and its connectors that drivers are offered."""

    station: Station
    operator: str
    zone: str
    country: str
    connectors: Sequence[Described]


_NAMES = (
    networks.c.name,
    func.coalesce(func.nullif(stations.c.time_zone, ""), networks.c.time_zone),
    func.coalesce(func.nullif(stations.c.country, ""), networks.c.country),
)
OFFERED = and_(
    stations.c.public,
    stations.c.retired.is_(None),
    networks.c.retired.is_(None),
    stations.c.latitude.is_not(None),
)


class Locations:
    """The repository. All methods raise StoreUnavailable; what lies outside of `scope` is not found."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def within(self, box: Box, sought: Sought, *, scope: Scope) -> list[Located]:
        """All stations in a box with a connector that fits, in the order of their ids."""
        table = stations.c
        query = (
            select(table.id, table.latitude, table.longitude)
            .join(networks, networks.c.id == table.network_id)
            .where(OFFERED, scope.where(table.network_id), _in_box(box), has_fitting(sought))
        )
        if sought.network:
            query = query.where(table.network_id == sought.network)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(table.id).limit(MAX_LOOKED_AT))
            return [Located(*row) for row in rows]

    async def locations(self, names: Sequence[str], *, scope: Scope) -> list[Location]:
        """These stations in that order; those that are not offered to drivers are left out."""
        async with self._database.read() as connection:
            return await _locations(connection, names, scope)

    async def by_code(self, code: str, *, scope: Scope) -> Location:
        """The station of the connector with this public code, with that connector alone. Raises NotFound."""
        query = (
            select(charge_points.c.station_id, connector_descriptions.c.code)
            .join(charge_points, charge_points.c.id == connector_descriptions.c.charge_point)
            .where(connector_descriptions.c.code == code.upper())
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
            found = [] if row is None else await _locations(connection, [row.station_id], scope)
        for location in found:
            own = [one for one in location.connectors if row is not None and one.code == row.code]
            if own:
                return Location(location.station, location.operator, location.zone, location.country, own)
        raise NotFound("There is no such connector.", field="code", remedy="Read the code on the charger again.")


async def _locations(connection: AsyncConnection, names: Sequence[str], scope: Scope) -> list[Location]:
    found: dict[str, tuple[Station, str, str, str]] = {}
    there: dict[str, list[str]] = {}
    for part in parts(names):
        query = select(*COLUMNS, *_NAMES).join(networks, networks.c.id == stations.c.network_id)
        for row in await connection.execute(query.where(OFFERED, stations.c.id.in_(part), _scoped(scope))):
            station = Station(*row[: len(COLUMNS)])
            found[station.id] = (station, *row[len(COLUMNS) :])
        live = _live().where(charge_points.c.station_id.in_(part)).order_by(charge_points.c.id)
        for row in await connection.execute(live):
            there.setdefault(row.station_id, []).append(row.id)
    connectors = await described(connection, [name for at in there.values() for name in at])
    return [
        Location(*found[name], [one for of in there.get(name, ()) for one in connectors.get(of, ())])
        for name in names
        if name in found
    ]


def _live() -> Select[Any]:
    table = charge_points.c
    return select(table.id, table.station_id).where(table.commissioning == LIVE, table.enabled)


def _scoped(scope: Scope) -> Any:
    return scope.where(stations.c.network_id)


def _in_box(box: Box) -> ColumnElement[bool]:
    latitude, longitude = stations.c.latitude, stations.c.longitude
    if box.west <= box.east:
        return and_(latitude.between(box.south, box.north), longitude.between(box.west, box.east))
    return and_(latitude.between(box.south, box.north), or_(longitude >= box.west, longitude <= box.east))


def has_fitting(sought: Sought) -> ColumnElement[bool]:
    """That a station has a live charge point with a connector that fits."""
    one, of = connector_descriptions.c, charge_points.c
    fits = exists().where(
        of.station_id == stations.c.id, of.commissioning == LIVE, of.enabled, one.charge_point == of.id
    )
    if sought.types:
        fits = fits.where(one.type.in_(sought.types))
    if sought.min_power_w:
        phases = case({name: int(times) for name, times in PHASES.items()}, value=one.power_type, else_=1)
        power = func.coalesce(one.max_power_w, one.max_voltage_v * one.max_amperage_a * phases)
        fits = fits.where(power >= sought.min_power_w)
    return fits
