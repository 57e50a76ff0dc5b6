"""The inbox: chargers that knocked without being registered, until somebody adopts or dismisses them.

Anybody can knock under any name, so the inbox is bounded: so many rows in all and so many of one address, the ones that
have not been heard of for longest making room. Hosts write what they heard now and then (`arrivals.py`), many at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Select, delete, exists, func, or_, select, update

from engine.access.scope import Scope
from engine.clock import Clock
from engine.errors import NotFound
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.registration import ChargePoint, NewChargePoint, parts
from engine.stores.registry import Registry
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import charge_points, inbox

MAX_ROWS = 1_000
MAX_OF_ONE_ADDRESS = 100
NONE, PASSWORD, CERTIFICATE = CREDENTIALS = ("none", "password", "certificate")


@dataclass(frozen=True, slots=True)
class Knocked:
    """What a host heard of one unregistered charger since it last wrote. Times in microseconds.

    `subprotocols` as it offered them, separated by spaces. `credentials`: which kind it offered, one of `CREDENTIALS`.
    """

    charge_point: str
    address: str
    subprotocols: str
    credentials: str
    knocks: int
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row of the inbox."""

    id: str
    charge_point: str
    address: str
    subprotocols: str
    credentials: str
    knocks: int
    first_seen: int
    last_seen: int
    dismissed: int | None


_COLUMNS = [inbox.c[each.name] for each in fields(Arrival)]
_REGISTERED = exists().where(charge_points.c.folded == inbox.c.folded)
_LISTING = Listing(
    {
        "last_seen": (inbox.c.last_seen, int),
        "first_seen": (inbox.c.first_seen, int),
        "charge_point": (inbox.c.charge_point, str),
        "knocks": (inbox.c.knocks, int),
    },
    inbox.c.id,
    "-last_seen",
)


class Inbox:
    """The repository. All methods raise StoreUnavailable while SQL does not answer.

    `network` is the one that unknown chargers are given to: those see the inbox whose scope covers it.
    """

    def __init__(self, database: Database, registry: Registry, clock: Clock, network: str) -> None:
        self._database, self._registry, self._clock = database, registry, clock
        self.network = network

    async def page(
        self, wanted: Wanted | None = None, *, text: str = "", dismissed: bool = False, scope: Scope
    ) -> Page[Arrival]:
        """Those who wait, or the dismissed ones. Orders: last_seen, first_seen, charge_point, knocks."""
        query = select(*_COLUMNS).where(~_REGISTERED)
        query = query.where(inbox.c.dismissed.is_not(None) if dismissed else inbox.c.dismissed.is_(None))
        if text:
            query = query.where(
                or_(*(c.ilike(pattern(text), escape="\\") for c in (inbox.c.charge_point, inbox.c.address)))
            )
        if not scope.covers(self.network):
            return Page([], None)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted or Wanted(), lambda row: Arrival(*row))

    async def get(self, arrival: str, *, scope: Scope) -> Arrival:
        """Raises NotFound."""
        if scope.covers(self.network):
            async with self._database.read() as connection:
                row = (await connection.execute(_one(arrival))).one_or_none()
            if row is not None:
                return Arrival(*row)
        raise NotFound("There is no such charger in the inbox.", field="id", remedy="List what there is.")

    async def adopt(
        self, arrival: str, new: NewChargePoint, secret: str | bytes | None, *, scope: Scope
    ) -> ChargePoint:
        """Register it, so that it gets in at its next try. `new.id` is the arrival's. Raises as `Registry.create`.

        A kill after the registration leaves a row that is shown no more, as one of any registered charger.
        """
        row = await self._registry.create(new, secret, scope=scope)
        async with self._database.write() as connection:
            await connection.execute(delete(inbox).where(inbox.c.id == arrival))
        return row

    async def dismiss(self, arrival: str, *, scope: Scope) -> None:
        """Show it no more, however often it knocks. Raises NotFound."""
        row = await self.get(arrival, scope=scope)
        now = self._clock.now()
        async with self._database.write() as connection:
            done = update(inbox).where(inbox.c.id == arrival, inbox.c.dismissed.is_(None)).values(dismissed=now)
            if (await connection.execute(done)).rowcount:
                await note(connection, now, "dismissed", "arrival", row.charge_point, network=self.network)

    async def write_down(self, heard: Sequence[Knocked]) -> None:
        """Add what a host heard, in one transaction, and make room. Registered chargers are left out."""
        if not heard:
            return
        async with self._database.write() as connection:
            names = [knocked.charge_point.lower() for knocked in heard]
            registered: set[str] = set()
            for part in parts(names):
                query = select(charge_points.c.folded).where(charge_points.c.folded.in_(part))
                registered |= set((await connection.execute(query)).scalars())
            rows = [_row(knocked) for knocked in heard if knocked.charge_point.lower() not in registered]
            if rows:
                await connection.execute(_noted(self._database.dialect), rows)
            for address in sorted({row["address"] for row in rows}):
                await connection.execute(_without_oldest(MAX_OF_ONE_ADDRESS, address))
            await connection.execute(_without_oldest(MAX_ROWS, None))


def _one(arrival: str) -> Select[Any]:
    return select(*_COLUMNS).where(inbox.c.id == arrival, ~_REGISTERED)


def _row(knocked: Knocked) -> dict[str, Any]:
    said = {field.name: getattr(knocked, field.name) for field in fields(knocked)}
    return said | {"id": new_id(), "folded": knocked.charge_point.lower()}


def _noted(dialect: str) -> Any:
    statement = upsert(dialect, inbox)
    told = statement.excluded
    changed = {name: told[name] for name in ("charge_point", "address", "subprotocols", "credentials")}
    # Two hosts may write in another order than they heard.
    latest = func.greatest if dialect == "postgresql" else func.max
    return statement.on_conflict_do_update(
        index_elements=["folded"],
        set_={
            **changed,
            "knocks": inbox.c.knocks + told.knocks,
            "last_seen": latest(inbox.c.last_seen, told.last_seen),
        },
    )


def _without_oldest(most: int, address: str | None) -> Any:
    of = inbox.alias()
    query = select(of.c.id).order_by(of.c.last_seen.desc(), of.c.id).offset(most)
    if address is not None:
        query = query.where(of.c.address == address)
    return delete(inbox).where(inbox.c.id.in_(query.scalar_subquery()))
