"""The delivery log: every message's way, its tries, and how to have it tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Select, and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.clock import SECOND, Clock
from engine.deliveries.channels import known_channel
from engine.deliveries.course import GIVE_UP_US
from engine.deliveries.queue import DEAD, DELIVERED, WAITING
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.deliveries import attempts, channels, deliveries

DAY_US = 86_400 * SECOND
SWEEP = 500
"""Rows that one transaction of housekeeping removes."""
MOST_REPLAYED = 10_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message's way to one channel. Times in microseconds; `due` is its next try while it is waiting."""

    id: str
    channel: str
    key: str
    network: str | None
    kind: str
    severity: str
    subject: str
    stream: str
    state: str
    attempts: int
    status: int | None
    error: str
    created: int
    due: int
    ended: int | None
    version: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `at` in microseconds."""

    at: int
    duration_ms: int
    delivered: bool
    status: int | None
    error: str


@dataclass(frozen=True, slots=True)
class Story:
    """A delivery with its message and its latest tries, the newest first."""

    delivery: Delivery
    body: str
    payload: Any
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which are wanted, "" and None: any. `since` ≤ created < `until`, microseconds."""

    state: str = ""
    channel: str = ""
    kind: str = ""
    stream: str = ""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is not delivered: how many messages wait or are dead, and since when the oldest has been due (µs)."""

    waiting: int
    dead: int
    oldest: int | None


_COLUMNS = [deliveries.c[field.name] for field in fields(Delivery)]
_TRIES = [attempts.c[field.name] for field in fields(Attempt)]
_LISTING = Listing(
    {"created": (deliveries.c.created, int), "due": (deliveries.c.due, int)}, deliveries.c.id, "-created"
)
_AFRESH = {"state": WAITING, "attempts": 0, "ended": None, "error": "", "lease": "", "status": None}


class DeliveryLog:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def page(self, scope: Scope, wanted: Wanted, filter: DeliveryFilter) -> Page[Delivery]:
        """Those to channels in the scope."""
        async with self._database.read() as connection:
            return await _LISTING.page(connection, _filtered(scope, filter, *_COLUMNS), wanted, _delivery)

    async def get(self, scope: Scope, id: str) -> Story:
        """Raises NotFound."""
        tries = select(*_TRIES).where(attempts.c.delivery == id)
        async with self._database.read() as connection:
            row = await _known(connection, scope, id, deliveries.c.body, deliveries.c.payload)
            rows = (await connection.execute(tries.order_by(attempts.c.at.desc(), attempts.c.id).limit(50))).all()
        return Story(_delivery(row), row.body, row.payload, tuple(Attempt(*each) for each in rows))

    async def replay(self, scope: Scope, id: str, version: int | None = None) -> Delivery:
        """Have one delivered again, under the same id. Raises NotFound, Changed, Conflict while it waits anyway."""
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await _known(connection, scope, id)
            if version is not None and version != row.version:
                raise Changed
            ended = (deliveries.c.id == id, deliveries.c.state != WAITING)
            values = _AFRESH | {"due": now, "version": deliveries.c.version + 1}
            if (await connection.execute(update(deliveries).where(*ended).values(values))).rowcount != 1:
                raise Conflict("It has not been given up: it is tried again by itself.", field="state", remedy="Wait.")
            await _trust_again(connection, row.channel)
            await note(connection, now, "replayed", "delivery", id, network=row.network)
            return _delivery(await _known(connection, scope, id))

    async def replay_all(
        self, scope: Scope, channel: str, since: int, until: int | None, *, delivered_too: bool = False
    ) -> int:
        """Have the dead of a channel delivered again, or all that have ended, of what happened from `since` on.

        They go out in the order in which they happened. Returns how many they are. Raises NotFound, and InvalidInput
        for more than can be done at once.
        """
        now = self._clock.now()
        states = [DEAD, DELIVERED] if delivered_too else [DEAD]
        wanted = [deliveries.c.channel == channel, deliveries.c.state.in_(states), deliveries.c.created >= since]
        if until is not None:
            wanted.append(deliveries.c.created < until)
        async with self._database.write() as connection:
            known = await known_channel(connection, scope, channel)
            count = (await connection.execute(select(func.count()).select_from(deliveries).where(*wanted))).scalar_one()
            if count > MOST_REPLAYED:
                raise InvalidInput(
                    f"These are {count} messages; {MOST_REPLAYED} can be replayed at once.",
                    field="until",
                    remedy="Name a shorter time.",
                )
            values = _AFRESH | {"due": now, "version": deliveries.c.version + 1}
            await connection.execute(update(deliveries).where(*wanted).values(values))
            await _trust_again(connection, channel)
            after = {"since": since, "until": until, "delivered_too": delivered_too, "count": count}
            await note(connection, now, "replayed", "channel", channel, network=known.network, after=after)
        return int(count)

    async def backlog(self) -> Backlog:
        """What is not delivered, of the whole installation."""
        query = select(deliveries.c.state, func.count(), func.min(deliveries.c.created))
        query = query.where(deliveries.c.state.in_([WAITING, DEAD])).group_by(deliveries.c.state)
        async with self._database.read() as connection:
            rows = {row[0]: row for row in (await connection.execute(query)).all()}
        waiting = rows.get(WAITING)
        dead = rows.get(DEAD)
        return Backlog(waiting[1] if waiting else 0, dead[1] if dead else 0, waiting[2] if waiting else None)

    async def sweep(self, days: int) -> int:
        """Remove what has ended more than `days` ago, and give up what waits for a disabled channel; some rows a call.

        Returns how many rows that were. Call it until it returns 0.
        """
        now = self._clock.now()
        ended = and_(deliveries.c.state.in_([DELIVERED, DEAD]), deliveries.c.ended < now - days * DAY_US)
        disabled = select(channels.c.id).where(channels.c.enabled.is_(False))
        idle = and_(
            deliveries.c.state == WAITING,
            deliveries.c.lease == "",
            deliveries.c.channel.in_(disabled),
            deliveries.c.created < now - GIVE_UP_US,
        )
        async with self._database.write() as connection:
            removed = await connection.execute(
                delete(deliveries).where(deliveries.c.id.in_(select(deliveries.c.id).where(ended).limit(SWEEP)))
            )
            given_up = await connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(select(deliveries.c.id).where(idle).limit(SWEEP)))
                .values(state=DEAD, ended=now, error="Its channel is disabled.", version=deliveries.c.version + 1)
            )
        return int(removed.rowcount + given_up.rowcount)


async def _trust_again(connection: AsyncConnection, channel: str) -> None:
    """Somebody says that a channel is well: it is asked at once, and its former failures count no more."""
    well = {"failures": 0, "failing_since": None, "paused_until": None}
    await connection.execute(update(channels).where(channels.c.id == channel).values(well))


def _filtered(scope: Scope, filter: DeliveryFilter, *columns: Any) -> Select[Any]:
    query = select(*columns).join(channels, channels.c.id == deliveries.c.channel)
    query = query.where(scope.where(channels.c.network))
    for name in ("state", "channel", "kind", "stream"):
        if value := getattr(filter, name):
            query = query.where(deliveries.c[name] == value)
    if filter.since is not None:
        query = query.where(deliveries.c.created >= filter.since)
    if filter.until is not None:
        query = query.where(deliveries.c.created < filter.until)
    return query


async def _known(connection: AsyncConnection, scope: Scope, id: str, *more: Any) -> Any:
    query = _filtered(scope, DeliveryFilter(), *_COLUMNS, *more).where(deliveries.c.id == id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such delivery.", field="id", remedy="List what there is for you.")
    return row


def _delivery(row: Any) -> Delivery:
    return Delivery(*(row._mapping[column] for column in _COLUMNS))
