"""Networks: the operators that share an installation, and what holds for all of a network's stations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sqlalchemy import Select, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock
from engine.errors import Changed, Conflict, Forbidden, InvalidInput, NotFound
from engine.places.checks import checked_country, checked_currency, checked_id, checked_zone
from engine.stores.audit import note
from engine.stores.changes import NETWORK, Change, ChangeFeed
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import networks, stations

CONTACT = ("name", "email", "phone", "website")


@dataclass(frozen=True, slots=True)
class Network:
    """A network. Country, region and time zone are those of its stations that name none. Times in microseconds.

    With `accepts_automatically` a charger that connects unregistered is registered at `arrival_station`, if the
    installation gives unknown chargers to this network.
    """

    id: str
    name: str
    currency: str = "EUR"
    country: str = ""
    region: str = ""
    time_zone: str = "UTC"
    contact: Mapping[str, str] = field(default_factory=dict)
    accepts_automatically: bool = False
    arrival_station: str = ""
    created: int = 0
    updated: int = 0
    retired: int | None = None
    version: int = 1


_COLUMNS = [networks.c[each.name] for each in fields(Network)]
_OURS = frozenset({"id", "created", "updated", "retired", "version"})
_LISTING = Listing(
    {
        "id": (networks.c.id, str),
        "name": (networks.c.name, str),
        "created": (networks.c.created, int),
        "updated": (networks.c.updated, int),
    },
    networks.c.id,
    "id",
)


class Networks:
    """The repository. All methods raise StoreUnavailable; what lies outside of `scope` is not found."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock) -> None:
        self._database, self._feed, self._clock = database, feed, clock

    async def create(self, new: Network, *, scope: Scope) -> Network:
        """Register one. Raises Forbidden unless for the whole installation, InvalidInput, Conflict."""
        if not scope.everywhere:
            raise Forbidden(
                "A network is made by those who may do so in the whole installation.", remedy="Ask an administrator."
            )
        checked_id(new.id)
        now = self._clock.now()
        values = asdict(new) | {"created": now, "updated": now, "retired": None, "version": 1}
        _check(values)
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(networks), values)
                await _check_arrival(connection, values)
                await note(connection, now, "created", "network", new.id, network=new.id, after=_audited(values))
        except IntegrityError as error:
            raise Conflict("There is a network of this id.", field="id", remedy="Use another id.") from error
        await self._feed.announce([Change(NETWORK, new.id)])
        return Network(**values)

    async def get(self, network: str, *, scope: Scope = EVERYWHERE) -> Network:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _get(connection, select(*_COLUMNS).where(networks.c.id == network), scope)

    async def page(
        self, wanted: Wanted | None = None, *, text: str = "", retired: bool = False, scope: Scope = EVERYWHERE
    ) -> Page[Network]:
        """Networks in the order wanted (id, name, created, updated); `text` is looked for in id and name."""
        query = select(*_COLUMNS).where(scope.where(networks.c.id))
        if not retired:
            query = query.where(networks.c.retired.is_(None))
        if text:
            searched = (networks.c.id, networks.c.name)
            query = query.where(or_(*(column.ilike(pattern(text), escape="\\") for column in searched)))
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted or Wanted(), lambda row: Network(*row))

    async def change(
        self, network: str, changes: Mapping[str, Any], *, scope: Scope = EVERYWHERE, version: int | None = None
    ) -> Network:
        """Change any member but its id. Raises NotFound, InvalidInput, Changed, Conflict if it is retired."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _held(connection, network, scope, version)
            values = asdict(before) | {name: value for name, value in changes.items() if name not in _OURS}
            values |= {"updated": now, "version": before.version + 1}
            _check(values)
            await _check_arrival(connection, values)
            await _write(connection, values)
            await note(
                connection,
                now,
                "changed",
                "network",
                network,
                network=network,
                before=_audited(asdict(before)),
                after=_audited(values),
            )
        await self._feed.announce([Change(NETWORK, network)])
        return Network(**values)

    async def retire(self, network: str, *, scope: Scope = EVERYWHERE, version: int | None = None) -> None:
        """End it; what it did stays. Raises NotFound, Changed, Conflict if it is retired or still has stations."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _held(connection, network, scope, version)
            left = select(stations.c.id).where(stations.c.network_id == network, stations.c.retired.is_(None))
            if (await connection.execute(left.limit(1))).first() is not None:
                raise Conflict("The network still has stations.", field="network", remedy="Retire those first.")
            await _write(connection, asdict(before) | {"retired": now, "updated": now, "version": before.version + 1})
            await note(connection, now, "retired", "network", network, network=network)
        await self._feed.announce([Change(NETWORK, network)])


def _check(values: Mapping[str, Any]) -> None:
    if not values["name"].strip():
        raise InvalidInput("A network has a name.", field="name", remedy="Give one.")
    checked_currency(values["currency"])
    checked_country(values["country"])
    checked_zone(values["time_zone"])
    if not values["time_zone"]:
        raise InvalidInput("A network has a time zone.", field="time_zone", remedy="Use UTC, if nothing is known.")
    for name in values["contact"]:
        if name not in CONTACT:
            raise InvalidInput(
                f"{name!r} is no member of a contact.", field=f"contact.{name}", remedy=f"Use {', '.join(CONTACT)}."
            )
    if values["accepts_automatically"] and not values["arrival_station"]:
        raise InvalidInput(
            "Chargers that are accepted automatically need a station to be registered at.",
            field="arrival_station",
            remedy="Give one of the network's stations.",
        )


async def _check_arrival(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    if not values["arrival_station"]:
        return
    table = stations.c
    query = select(table.id).where(
        table.id == values["arrival_station"], table.network_id == values["id"], table.retired.is_(None)
    )
    if (await connection.execute(query)).first() is None:
        raise Conflict(
            f"The network has no station {values['arrival_station']!r}.",
            field="arrival_station",
            remedy="Give one of the network's stations.",
        )


async def _get(connection: AsyncConnection, query: Select[Any], scope: Scope) -> Network:
    row = (await connection.execute(query.where(scope.where(networks.c.id)))).one_or_none()
    if row is None:
        raise NotFound("There is no such network.", field="network", remedy="List what there is for you.")
    return Network(*row)


async def _held(connection: AsyncConnection, network: str, scope: Scope, version: int | None) -> Network:
    found = await _get(connection, select(*_COLUMNS).where(networks.c.id == network).with_for_update(), scope)
    if version is not None and version != found.version:
        raise Changed()
    if found.retired is not None:
        raise Conflict("This network has been retired.", field="network", remedy="Make a new one.")
    return found


async def _write(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    kept = {name: value for name, value in values.items() if name not in ("id", "created")}
    await connection.execute(update(networks).where(networks.c.id == values["id"]).values(kept))


def _audited(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in _OURS}
