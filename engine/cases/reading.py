"""Support's view of cases: the list, one with all that belongs to it, and how long drivers wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.billing.recipients import address_of_driver
from engine.cases.case import COLUMNS, MESSAGE_COLUMNS, Case, Link, Message
from engine.cases.course import UNCONFIRMED, WITH_SUPPORT, Times, times_of
from engine.cases.writing import one
from engine.clock import SECOND, Clock, SystemClock
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.sql.engine import Database
from engine.stores.sql.models import commands, sessions
from engine.stores.sql.tables.billing import receipts
from engine.stores.sql.tables.cases import case_links, case_messages, support_cases
from engine.stores.sql.tables.people import users
from engine.stores.sql.tables.tokens import drivers

_C = support_cases.c
_LISTING = Listing(
    {"created": (_C.created, int), "updated": (_C.updated, int), "waiting_since": (_C.waiting_since, int)},
    _C.id,
    "-created",
)
_EQUAL = ("network", "station", "state", "category", "assignee", "driver", "session", "charge_point")
SUMMED_UP_US = 30 * 86_400 * SECOND
MOST_SUMMED_UP = 50_000
AROUND_US = 15 * 60 * SECOND
"""How much of the charger's conversation before and after a session, or a case, belongs to it."""

MOST_COMMANDS = 50


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases are wanted, "" and None: any. `waiting_before`: with support since before then, microseconds."""

    network: str = ""
    station: str = ""
    state: str = ""
    category: str = ""
    assignee: str = ""
    driver: str = ""
    session: str = ""
    charge_point: str = ""
    waiting: bool | None = None
    waiting_before: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to write or call. `name` and `phone` are "" where nobody knows them."""

    driver: str
    name: str
    email: str
    phone: str
    language: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that was sent to the charger since the case was opened. `requested` in microseconds."""

    id: str
    action: str
    state: str
    outcome: str
    requested_by: str
    requested: int | None


@dataclass(frozen=True, slots=True)
class About:
    """The session that a case is about. Times in microseconds, energy in Wh; `receipt` "" while there is none."""

    id: str
    state: str
    started: int | None
    stopped: int | None
    energy_wh: Decimal | None
    cost: Decimal | None
    currency: str
    reason: str
    receipt: str
    receipt_number: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A case with all that belongs to it. `since` and `until` frame the charger's conversation, microseconds."""

    case: Case
    messages: Sequence[Message]
    links: Sequence[Link]
    contact: Contact
    session: About | None
    commands: Sequence[Sent]
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """Cases by state, and how long drivers waited in the last 30 days. `oldest_waiting` in microseconds."""

    states: Mapping[str, int] = field(default_factory=dict)
    oldest_waiting: int | None = None
    to_answer: Times = field(default_factory=lambda: times_of(()))
    to_close: Times = field(default_factory=lambda: times_of(()))


class CaseReader:
    """All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database, self._clock = database, clock or SystemClock()

    async def page(self, filter: CaseFilter, scope: Scope, wanted: Wanted) -> Page[Case]:
        """A page of those that match; such as nobody has confirmed are not there."""
        query = _matching(select(*COLUMNS).where(scope.where(_C.network), _C.state != UNCONFIRMED), filter)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: Case(*row))

    async def whole(self, id: str, scope: Scope = EVERYWHERE) -> Whole:
        """One of them. Raises NotFound."""
        async with self._database.read() as connection:
            case = await one(connection, id, scope)
            session = await _session(connection, case.session) if case.session else None
            of, to = case_messages.c, case_links.c
            messages = select(*MESSAGE_COLUMNS).where(of.case == id).order_by(of.at, of.id)
            links = select(*(to[each.name] for each in fields(Link))).where(to.case == id).order_by(to.at, to.subject)
            began = session.started if session is not None and session.started is not None else case.created
            ended = session.stopped if session is not None and session.stopped is not None else case.created
            return Whole(
                case,
                [Message(*row) for row in await connection.execute(messages)],
                [Link(*row) for row in await connection.execute(links)],
                await _contact(connection, case),
                session,
                await _commands(connection, case),
                began - AROUND_US,
                max(began, ended) + AROUND_US,
            )

    async def summary(self, scope: Scope, network: str = "") -> CaseSummary:
        """Of the cases in the scope, or in one network of it."""
        within = [scope.where(_C.network), _C.state != UNCONFIRMED]
        if network:
            within.append(_C.network == network)
        since = self._clock.now() - SUMMED_UP_US
        counted = select(_C.state, func.count()).where(*within).group_by(_C.state)
        oldest = select(func.min(_C.waiting_since)).where(*within, _C.state.in_(WITH_SUPPORT))
        answered = select(_C.first_answer - _C.created).where(*within, _C.first_answer >= since)
        closed = select(_C.closed - _C.created).where(*within, _C.closed >= since)
        async with self._database.read() as connection:
            states = {row[0]: row[1] for row in await connection.execute(counted)}
            waiting = (await connection.execute(oldest)).scalar_one_or_none()
            answers = list((await connection.execute(answered.limit(MOST_SUMMED_UP))).scalars())
            ends = list((await connection.execute(closed.limit(MOST_SUMMED_UP))).scalars())
        return CaseSummary(states, waiting, times_of(answers), times_of(ends))


def _matching(query: Select[Any], filter: CaseFilter) -> Select[Any]:
    for name in _EQUAL:
        if value := getattr(filter, name):
            query = query.where(_C[name] == value)
    if filter.waiting is not None:
        query = query.where(_C.state.in_(WITH_SUPPORT) if filter.waiting else _C.state.not_in(WITH_SUPPORT))
    if filter.waiting_before is not None:
        query = query.where(_C.state.in_(WITH_SUPPORT), _C.waiting_since < filter.waiting_before)
    if filter.text:
        like = pattern(filter.text)
        query = query.where(_C.subject.ilike(like, escape="\\") | _C.number.ilike(like, escape="\\"))
    return query


async def _session(connection: AsyncConnection, session: str) -> About | None:
    of = sessions.c
    query = select(of.id, of.state, of.started, of.stopped, of.energy_wh, of.cost, of.currency, of.reason)
    row = (await connection.execute(query.where(of.id == session))).one_or_none()
    if row is None:
        return None
    newest = select(receipts.c.id, receipts.c.number).where(receipts.c.session == session)
    billed = (await connection.execute(newest.order_by(receipts.c.issued.desc()).limit(1))).one_or_none()
    return About(*row, *((billed.id, billed.number) if billed is not None else ("", "")))


async def _contact(connection: AsyncConnection, case: Case) -> Contact:
    if not case.driver:
        return Contact("", "", case.email, "", case.language)
    query = select(drivers.c.name, users.c.name.label("own"), drivers.c.phone, drivers.c.language)
    query = query.outerjoin(users, users.c.id == drivers.c.account).where(drivers.c.id == case.driver)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return Contact(case.driver, "", "", "", case.language)
    email = await address_of_driver(connection, case.driver)
    return Contact(case.driver, row.own or row.name, email, row.phone, row.language or case.language)


async def _commands(connection: AsyncConnection, case: Case) -> list[Sent]:
    if not case.charge_point:
        return []
    of = commands.c
    query = select(of.id, of.action, of.state, of.outcome, of.requested_by, of.requested)
    query = query.where(of.charge_point == case.charge_point, of.requested >= case.created)
    rows = await connection.execute(query.order_by(of.requested.desc(), of.id).limit(MOST_COMMANDS))
    return [Sent(*row) for row in rows]
