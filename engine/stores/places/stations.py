"""Stations: where charge points stand, and what a driver has to know of that place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.places.checks import (
    checked_coordinates,
    checked_country,
    checked_id,
    checked_photos,
    checked_tags,
    checked_zone,
)
from engine.places.hours import hours_of, said_of
from engine.stores.audit import note
from engine.stores.changes import STATION, Change, ChangeFeed
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.places.tags import has_tags, set_tags, tags_of
from engine.stores.registration import parts
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import charge_points, networks, station_tags, stations


@dataclass(frozen=True, slots=True)
class Station:
    """A station. "" is unknown or, of country, region and time zone, as its network. Times in microseconds.

    `hours` is in the form of engine/places/hours.py, None where nothing is known. Drivers are shown `public` ones only.
    """

    id: str
    network_id: str
    name: str
    street: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    time_zone: str = ""
    hours: Mapping[str, Any] | None = None
    photos: Sequence[str] = ()
    parking: str = ""
    access: str = ""
    notes: str = ""
    public: bool = True
    created: int = 0
    updated: int = 0
    retired: int | None = None
    version: int = 1
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A charge point as its station shows it."""

    id: str
    station: str
    name: str
    commissioning: str


_OURS = frozenset({"id", "network_id", "created", "updated", "retired", "version"})
COLUMNS = [stations.c[each.name] for each in fields(Station) if each.name != "tags"]
DESCRIBED = tuple(each.name for each in fields(Station) if each.name not in _OURS)
"""What of a station people say and change."""

_LISTING = Listing(
    {
        "id": (stations.c.id, str),
        "name": (stations.c.name, str),
        "network": (stations.c.network_id, str),
        "city": (stations.c.city, str),
        "created": (stations.c.created, int),
        "updated": (stations.c.updated, int),
    },
    stations.c.id,
    "id",
)


@dataclass(frozen=True, slots=True)
class WhichStations:
    """Which stations a list shows: those that fit all that is given. `text` is looked for in id, name and address."""

    text: str = ""
    network: str = ""
    city: str = ""
    country: str = ""
    tags: tuple[str, ...] = ()
    public: bool | None = None
    retired: bool = False

    def narrow(self, query: Select[Any]) -> Select[Any]:
        table = stations.c
        if not self.retired:
            query = query.where(table.retired.is_(None))
        for column, wanted in (
            (table.network_id, self.network),
            (func.lower(table.city), self.city.lower()),
            (table.country, self.country),
        ):
            if wanted:
                query = query.where(column == wanted)
        if self.public is not None:
            query = query.where(table.public.is_(self.public))
        if self.tags:
            query = query.where(has_tags(station_tags, table.id, self.tags))
        if self.text:
            searched = (table.id, table.name, table.street, table.city, table.postal_code)
            query = query.where(or_(*(column.ilike(pattern(self.text), escape="\\") for column in searched)))
        return query


class Stations:
    """The repository. All methods raise StoreUnavailable; what lies outside of `scope` is not found."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock) -> None:
        self._database, self._feed, self._clock = database, feed, clock

    async def create(self, new: Station, *, scope: Scope) -> Station:
        """Register one. Raises InvalidInput, Conflict if its id is taken or its network is none of the caller's."""
        checked_id(new.id)
        now = self._clock.now()
        values = checked(asdict(new) | {"created": now, "updated": now, "retired": None, "version": 1})
        try:
            async with self._database.write() as connection:
                await networks_within(connection, [new.network_id], scope)
                await connection.execute(insert(stations), without_tags(values))
                await set_tags(connection, station_tags, {new.id: values["tags"]})
                await note(connection, now, "created", "station", new.id, network=new.network_id, after=audited(values))
        except IntegrityError as error:
            raise Conflict("There is a station of this id.", field="id", remedy="Use another id.") from error
        await self._feed.announce([Change(STATION, new.id)])
        return Station(**values)

    async def get(self, station: str, *, scope: Scope = EVERYWHERE) -> Station:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _get(connection, select(*COLUMNS).where(stations.c.id == station), scope)

    async def page(
        self, which: WhichStations | None = None, wanted: Wanted | None = None, *, scope: Scope = EVERYWHERE
    ) -> Page[Station]:
        """Stations in the order wanted: id, name, network, city, created, updated."""
        query = (which or WhichStations()).narrow(select(*COLUMNS)).where(scope.where(stations.c.network_id))
        async with self._database.read() as connection:
            found = await _LISTING.page(connection, query, wanted or Wanted(), lambda row: Station(*row))
            return Page(await tagged(connection, found.items), found.cursor)

    async def standing(self, names: Sequence[str]) -> dict[str, list[Standing]]:
        """The charge points of these stations that are not retired, in the order of their ids."""
        table, found = charge_points.c, dict[str, list[Standing]]()
        query = select(table.id, table.station_id, table.name, table.commissioning).order_by(table.id)
        async with self._database.read() as connection:
            for part in parts(sorted(names)):
                rows = await connection.execute(query.where(table.station_id.in_(part), table.retired.is_(None)))
                for row in rows:
                    found.setdefault(row.station_id, []).append(Standing(*row))
        return found

    async def change(
        self, station: str, changes: Mapping[str, Any], *, scope: Scope = EVERYWHERE, version: int | None = None
    ) -> Station:
        """Change any member but its id and network. Raises NotFound, InvalidInput, Changed, Conflict if retired."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _held(connection, station, scope, version)
            values = asdict(before) | {name: value for name, value in changes.items() if name in DESCRIBED}
            values = checked(values | {"updated": now, "version": before.version + 1})
            await _write(connection, values)
            if "tags" in changes:
                await set_tags(connection, station_tags, {station: values["tags"]})
            await note(
                connection,
                now,
                "changed",
                "station",
                station,
                network=before.network_id,
                before=audited(asdict(before)),
                after=audited(values),
            )
        await self._feed.announce([Change(STATION, station)])
        return Station(**values)

    async def retire(self, station: str, *, scope: Scope = EVERYWHERE, version: int | None = None) -> None:
        """End it; its sessions stay. Raises NotFound, Changed, Conflict if it is retired or has charge points."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _held(connection, station, scope, version)
            left = select(charge_points.c.id).where(
                charge_points.c.station_id == station, charge_points.c.retired.is_(None)
            )
            if (await connection.execute(left.limit(1))).first() is not None:
                raise Conflict(
                    "The station still has charge points.", field="station", remedy="Retire or move those first."
                )
            arrivals = select(networks.c.id).where(networks.c.arrival_station == station)
            if (await connection.execute(arrivals.limit(1))).first() is not None:
                raise Conflict(
                    "New chargers of its network are registered here.",
                    field="station",
                    remedy="Give the network another arrival_station first.",
                )
            await _write(connection, asdict(before) | {"retired": now, "updated": now, "version": before.version + 1})
            await note(connection, now, "retired", "station", station, network=before.network_id)
        await self._feed.announce([Change(STATION, station)])


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """A station's values as they are stored, else InvalidInput."""
    if not values["name"].strip():
        raise InvalidInput("A station has a name.", field="name", remedy="Give one.")
    checked_country(values["country"])
    checked_zone(values["time_zone"])
    latitude, longitude = checked_coordinates(values["latitude"], values["longitude"])
    hours = values["hours"]
    return values | {
        "latitude": latitude,
        "longitude": longitude,
        "hours": None if hours is None else said_of(hours_of(hours)),
        "photos": list(checked_photos(values["photos"])),
        "tags": list(checked_tags(values["tags"])),
    }


def without_tags(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of `stations` alone."""
    return {name: value for name, value in values.items() if name != "tags"}


def audited(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit log shows of a station."""
    return {name: values[name] for name in DESCRIBED if name != "tags"} | {"tags": list(values["tags"])}


async def tagged(connection: AsyncConnection, rows: Sequence[Station]) -> list[Station]:
    """The same with their tags."""
    tags = await tags_of(connection, station_tags, [row.id for row in rows])
    return [replace(row, tags=list(tags.get(row.id, ()))) for row in rows]


async def networks_within(connection: AsyncConnection, names: Iterable[str], scope: Scope) -> None:
    """Raises Conflict unless each of these networks is there for the caller, and not retired."""
    wanted = set(names)
    query = select(networks.c.id).where(networks.c.id.in_(sorted(wanted)), networks.c.retired.is_(None))
    found = set((await connection.execute(query.where(scope.where(networks.c.id)))).scalars())
    for name in sorted(wanted - found):
        raise Conflict(f"There is no network {name!r}.", field="network", remedy="Use a network that exists.")


async def _get(connection: AsyncConnection, query: Select[Any], scope: Scope) -> Station:
    row = (await connection.execute(query.where(scope.where(stations.c.network_id)))).one_or_none()
    if row is None:
        raise NotFound("There is no such station.", field="station", remedy="List what there is for you.")
    (found,) = await tagged(connection, [Station(*row)])
    return found


async def _held(connection: AsyncConnection, station: str, scope: Scope, version: int | None) -> Station:
    found = await _get(connection, select(*COLUMNS).where(stations.c.id == station).with_for_update(), scope)
    if version is not None and version != found.version:
        raise Changed()
    if found.retired is not None:
        raise Conflict("This station has been retired.", field="station", remedy="Make a new one.")
    return found


async def _write(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    kept = {name: value for name, value in without_tags(values).items() if name not in ("id", "created")}
    await connection.execute(update(stations).where(stations.c.id == values["id"]).values(kept))
