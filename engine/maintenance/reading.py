"""Maintenance jobs as they are listed and shown: each with its history, its parts and what the station was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock, SystemClock
from engine.maintenance.course import OPEN
from engine.maintenance.history import Note
from engine.maintenance.job import COLUMNS, Job, Part
from engine.maintenance.jobs import one
from engine.maintenance.orders import Order, orders_of
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.maintenance import maintenance_jobs, maintenance_notes, maintenance_parts

_J = maintenance_jobs.c
_LISTING = Listing(
    {"created": (_J.created, int), "due": (_J.due, int), "updated": (_J.updated, int), "state": (_J.state, str)},
    _J.id,
    "-created",
)
_EQUAL = ("network", "station", "state", "priority", "assignee", "alert")


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are wanted, "" and None: any. `text` is looked for in title and charge point."""

    network: str = ""
    station: str = ""
    charge_point: str = ""
    evse: int | None = None
    connector: int | None = None
    state: str = ""
    open: bool | None = None
    overdue: bool = False
    priority: str = ""
    assignee: str = ""
    alert: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A job with all that belongs to it, each list the oldest first."""

    job: Job
    notes: Sequence[Note] = ()
    parts: Sequence[Part] = ()
    orders: Sequence[Order] = ()

    def costs(self) -> dict[str, Decimal]:
        """What its parts cost, by currency."""
        found: dict[str, Decimal] = {}
        for part in self.parts:
            if part.cost is not None:
                found[part.currency] = found.get(part.currency, Decimal(0)) + part.cost * part.quantity
        return found


@dataclass(frozen=True, slots=True)
class Summary:
    """How many jobs there are: by state, open ones by priority, overdue, and such as keep drivers away."""

    states: Mapping[str, int] = field(default_factory=dict)
    priorities: Mapping[str, int] = field(default_factory=dict)
    overdue: int = 0
    blocking: int = 0


class JobReader:
    """All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database, self._clock = database, clock or SystemClock()

    async def page(self, filter: JobFilter, scope: Scope, wanted: Wanted) -> Page[Job]:
        """A page of those that match."""
        query = _matching(select(*COLUMNS).where(scope.where(_J.network)), filter, self._clock.now())
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: Job(*row))

    async def story(self, id: str, scope: Scope = EVERYWHERE) -> Story:
        """One of them. Raises NotFound."""
        async with self._database.read() as connection:
            return await story_of(connection, await one(connection, id, scope))

    async def summary(self, scope: Scope, network: str = "") -> Summary:
        """Counts of the jobs in the scope, or in one network of it."""
        within = scope.where(_J.network)
        counted = select(_J.state, _J.priority, _J.blocking, func.count()).where(within)
        overdue = select(func.count()).where(within, _J.state.in_(OPEN), _J.due < self._clock.now())
        if network:
            counted, overdue = counted.where(_J.network == network), overdue.where(_J.network == network)
        states: dict[str, int] = {}
        priorities: dict[str, int] = {}
        blocking = 0
        async with self._database.read() as connection:
            rows = await connection.execute(counted.group_by(_J.state, _J.priority, _J.blocking))
            for state, priority, blocks, number in rows:
                states[state] = states.get(state, 0) + number
                if state in OPEN:
                    priorities[priority] = priorities.get(priority, 0) + number
                    blocking += number if blocks else 0
            late = int((await connection.execute(overdue)).scalar_one())
        return Summary(states, priorities, late, blocking)


async def story_of(connection: AsyncConnection, job: Job) -> Story:
    """The job with all that belongs to it."""
    of_notes, of_parts = maintenance_notes.c, maintenance_parts.c
    notes = select(*(of_notes[each.name] for each in fields(Note))).where(of_notes.job == job.id)
    parts = select(*(of_parts[each.name] for each in fields(Part))).where(of_parts.job == job.id)
    return Story(
        job,
        [Note(*row) for row in await connection.execute(notes.order_by(of_notes.at, of_notes.id))],
        [Part(*row) for row in await connection.execute(parts.order_by(of_parts.at, of_parts.id))],
        await orders_of(connection, job.id),
    )


def _matching(query: Select[tuple[object, ...]], filter: JobFilter, now: int) -> Select[tuple[object, ...]]:
    for name in _EQUAL:
        if value := getattr(filter, name):
            query = query.where(_J[name] == value)
    if filter.charge_point:
        query = query.where(_J.folded == filter.charge_point.lower())
    for number, column in ((filter.evse, _J.evse), (filter.connector, _J.connector)):
        if number is not None:
            # A job on all of them concerns this one, too.
            query = query.where(column.in_((0, number)))
    if filter.open is not None:
        query = query.where(_J.state.in_(OPEN) if filter.open else _J.state.not_in(OPEN))
    if filter.overdue:
        query = query.where(_J.state.in_(OPEN), _J.due < now)
    if filter.text:
        like = pattern(filter.text)
        query = query.where(_J.title.ilike(like, escape="\\") | _J.folded.ilike(like, escape="\\"))
    return query
