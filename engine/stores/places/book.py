"""Where every charge point stands, from memory: its network, its station, and what follows from them.

Retired charge points stay in the book, because their sessions still belong to somebody. Read whole at start and now and
then; after a change of some charge points only those are read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from engine.access.scope import Scope
from engine.places.commissioning import LIVE, RETIRED
from engine.stores.changes import ALL, CHARGE_POINT, NETWORK, STATION, Change
from engine.stores.kept_book import KeptBook
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import charge_points, networks, stations

_AT_ONCE = 500
"""Charge points named by one SELECT (of more, all are read), and taken over at a time."""


@dataclass(frozen=True, slots=True)
class Site:
    """A station in the book. `zone` is its IANA time zone, `country` ISO 3166-1 alpha-2 or "" where nobody said.

    What a station does not say is its network's. `currency` is the network's own (ISO 4217).
    """

    station: str
    network: str
    zone: str
    country: str
    region: str
    currency: str
    public: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A charge point in the book: its id as registered, what `Site` says, and where its commissioning stands."""

    charge_point: str
    site: Site
    commissioning: str

    @property
    def station(self) -> str:
        return self.site.station

    @property
    def network(self) -> str:
        return self.site.network

    @property
    def zone(self) -> str:
        return self.site.zone

    @property
    def country(self) -> str:
        return self.site.country

    @property
    def region(self) -> str:
        return self.site.region

    @property
    def currency(self) -> str:
        return self.site.currency

    @property
    def offered(self) -> bool:
        """Whether drivers may be sent there and start there."""
        return self.commissioning == LIVE and self.site.public


class PlaceBook(KeptBook):
    """The places in this process. Lookups are by charge point id in any case and cost no store anything."""

    kind = CHARGE_POINT

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._sites: dict[str, Site] = {}
        self._places: dict[str, Place] = {}
        self._networks: dict[str, set[str]] = {}
        self._arrivals: dict[str, str] = {}
        self._changed: set[str] = set()

    def __len__(self) -> int:
        return len(self._places)

    def charge_points(self) -> list[str]:
        """The ids, as registered, of all charge points that are not retired."""
        return [each.charge_point for each in self._places.values() if each.commissioning != RETIRED]

    def place(self, charge_point: str) -> Place | None:
        """Where it is; None for one that is not registered."""
        return self._places.get(charge_point.lower())

    def is_retired(self, charge_point: str) -> bool:
        """Whether it is registered and out of use for good."""
        place = self._places.get(charge_point.lower())
        return place is not None and place.commissioning == RETIRED

    def network_of(self, charge_point: str) -> str | None:
        """The network that it belongs to; None for one that is not registered."""
        place = self._places.get(charge_point.lower())
        return None if place is None else place.site.network

    def site(self, station: str) -> Site | None:
        """A station, also a retired one; None if there is none of this id."""
        return self._sites.get(station)

    def networks(self) -> frozenset[str]:
        """The ids of all networks that have a charge point or a station."""
        return frozenset(self._networks) | {site.network for site in self._sites.values()}

    def charge_points_of(self, network: str) -> frozenset[str]:
        """The ids, as registered, of all charge points of a network, retired ones too."""
        return frozenset(self._networks.get(network, ()))

    def charge_points_at(self, station: str) -> frozenset[str]:
        """The ids, as registered, of all charge points of a station."""
        return frozenset(place.charge_point for place in self._places.values() if place.site.station == station)

    def arrival_station(self, network: str) -> str:
        """Where chargers are registered that connect unregistered; "" if the network does not accept them by itself."""
        return self._arrivals.get(network, "")

    def within(self, scope: Scope, charge_point: str) -> bool:
        """Whether a charge point lies in a scope. One that is not registered belongs to no network."""
        return scope.covers(self.network_of(charge_point))

    def changed(self, change: Change) -> None:
        if change.kind == CHARGE_POINT:
            self._changed.add(change.key.lower())
        elif change.kind in (NETWORK, STATION):
            self._changed.add(ALL)
        else:
            return
        self._stale.set()

    async def read(self) -> None:
        self._changed = set()
        async with self._database.read() as connection:
            sites = {row.id: _site(row) for row in await connection.execute(_SITES)}
            places: dict[str, Place] = {}
            # In pieces: a host has better to do than to look at 100,000 rows at a time.
            async for rows in (await connection.stream(_PLACES)).partitions(_AT_ONCE):
                places |= {row.folded: _place(row, sites) for row in rows}
            arrivals = {row.id: row.arrival_station for row in await connection.execute(_ARRIVALS)}
        self._sites, self._arrivals = sites, arrivals
        self._take({}, places)

    async def read_changes(self) -> None:
        names, self._changed = self._changed, set()
        if ALL in names or len(names) > _AT_ONCE:
            await self.read()
            return
        try:
            async with self._database.read() as connection:
                rows = (await connection.execute(_PLACES.where(charge_points.c.folded.in_(sorted(names))))).all()
        except BaseException:
            self._changed |= names
            raise
        if any(row.station_id not in self._sites for row in rows):
            await self.read()
            return
        self._take(self._places, {row.folded: _place(row, self._sites) for row in rows})

    def _take(self, known: Mapping[str, Place], found: Mapping[str, Place]) -> None:
        if known:
            for folded, place in found.items():
                before = known.get(folded)
                if before is not None:
                    self._networks[before.site.network].discard(before.charge_point)
                self._networks.setdefault(place.site.network, set()).add(place.charge_point)
                self._places[folded] = place
            return
        self._places, self._networks = dict(found), _by_network(found.values())


_SITES: Select[Any] = select(
    stations.c.id,
    stations.c.network_id,
    func.coalesce(func.nullif(stations.c.time_zone, ""), networks.c.time_zone).label("zone"),
    func.coalesce(func.nullif(stations.c.country, ""), networks.c.country).label("country"),
    stations.c.region,
    networks.c.country.label("network_country"),
    networks.c.region.label("network_region"),
    networks.c.currency,
    stations.c.public,
).join(networks, networks.c.id == stations.c.network_id)

_ARRIVALS: Select[Any] = select(networks.c.id, networks.c.arrival_station).where(
    networks.c.accepts_automatically, networks.c.retired.is_(None)
)

_PLACES: Select[Any] = select(
    charge_points.c.folded, charge_points.c.id, charge_points.c.station_id, charge_points.c.commissioning
)


def _site(row: Any) -> Site:
    # A region only means something within its country.
    region = row.region or (row.network_region if row.country == row.network_country else "")
    return Site(row.id, row.network_id, row.zone, row.country, region, row.currency, bool(row.public))


def _place(row: Any, sites: Mapping[str, Site]) -> Place:
    return Place(row.id, sites[row.station_id], row.commissioning)


def _by_network(places: Iterable[Place]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for place in places:
        found.setdefault(place.site.network, set()).add(place.charge_point)
    return found
