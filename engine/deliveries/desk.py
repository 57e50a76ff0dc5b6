"""The worker's side of the queue in SQL: taking messages in hand, and writing down how it went.

A message in hand has a lease, which nobody else's mark fits, until a time after which it comes back by itself. Marking
is one transaction with the channel's standing and the line in the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Select, and_, bindparam, case, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock
from engine.deliveries.channels import CHANNEL, TARGET_COLUMNS, opened_target
from engine.deliveries.course import GIVE_UP_US, WAITED_FOR, after_failure, room, was_away
from engine.deliveries.queue import DEAD, DELIVERED, WAITING
from engine.deliveries.sealing import Sealing
from engine.deliveries.senders.port import Message, Outcome, Target, failed
from engine.errors import ConfigurationError
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.changes import Change
from engine.stores.installation_key import InstallationKey
from engine.stores.sql.engine import Database, announce_after
from engine.stores.sql.tables.deliveries import attempts, channels, deliveries

_PENDING = and_(deliveries.c.state == WAITING, deliveries.c.lease == "")
MOST_AT_ONCE = 64
"""Messages in hand, of all channels together."""


@dataclass(frozen=True, slots=True)
class Held:
    """A message in hand until `until` (µs). `target` None: its address cannot be read, and `refused` says why."""

    message: Message
    channel: str
    target: Target | None
    refused: str
    lease: str
    until: int


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try went: when it began (µs), how long it took, and a number in [0, 1) by which its next one is spread."""

    held: Held
    outcome: Outcome
    began: int
    duration_ms: int
    luck: float


class DeliveryDesk:
    """What the worker asks of SQL. All methods raise StoreUnavailable while it does not answer."""

    def __init__(self, database: Database, key: InstallationKey, clock: Clock) -> None:
        self._database, self._clock, self._sealing = database, clock, Sealing(key)

    async def take(self, lease_us: int, in_hand: Mapping[str, str]) -> list[Held]:
        """Take in hand what is due, of each channel as much as it has room for.

        `in_hand` is what the caller has (message → channel): it gets none of these again, however long it takes.
        """
        now = self._clock.now()
        free, busy = MOST_AT_ONCE - len(in_hand), Counter(in_hand.values())
        asked: dict[str, Any] = {"now": now, "in_hand": sorted(in_hand)}
        # Looked for outside of a transaction: who has nothing to do takes no lock.
        async with self._database.read() as connection:
            asking = (await connection.execute(_channels_with_work(now))).all()
            wanted = [(row, room(row.kind, row.failures, busy[row.id])) for row in asking]
            wanted = [
                (row, count)
                for row, count in wanted
                if count and (await connection.execute(_DUE, asked | {"channel": row.id, "count": 1})).first()
            ]
        if not wanted or free <= 0:
            return []
        taken: list[Held] = []
        async with self._database.write() as connection:
            for channel, count in wanted:
                asked |= {"channel": channel.id, "count": min(count, free - len(taken))}
                for row in (await connection.execute(_DUE_HELD, asked)).all():
                    taken.append(await self._hold(connection, row, channel, now + lease_us, now))
                if len(taken) >= free:
                    break
        return taken

    async def _hold(self, connection: AsyncConnection, row: Any, channel: Any, until: int, now: int) -> Held:
        lease = new_id()
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.id == row.id)
            .values(lease=lease, due=until, attempts=row.attempts + 1)
        )
        said = (row.id, row.kind, row.network, row.severity, row.subject, row.body, row.payload, row.created)
        # A lease that is there still is that of somebody who died with it, or took too long.
        message = Message(*said, row.attempts + 1, bool(row.lease))
        try:
            return Held(message, channel.id, opened_target(self._sealing, channel, now), "", lease, until)
        except ConfigurationError as error:
            return Held(message, channel.id, None, str(error), lease, until)

    async def mark(self, tries: Sequence[Tried]) -> None:
        """Write down how they went, all in one transaction."""
        async with self._database.write() as connection:
            for tried in sorted(tries, key=lambda each: each.held.channel):
                await self._mark(connection, tried)

    async def _mark(self, connection: AsyncConnection, tried: Tried) -> None:
        now, outcome, message = self._clock.now(), tried.outcome, tried.held.message
        query = select(channels).where(channels.c.id == tried.held.channel).with_for_update(key_share=True)
        channel = (await connection.execute(query)).one_or_none()
        if channel is None:
            return
        values: dict[str, Any] = {"status": outcome.status, "error": outcome.error, "lease": ""}
        if outcome.delivered:
            values |= {"state": DELIVERED, "ended": now}
            await self._succeeded(connection, channel, now)
        else:
            verdict = after_failure(outcome, message.attempt, channel.failures + 1, now, tried.luck)
            await self._failed(connection, channel, outcome, verdict.paused_until, now)
            dead = verdict.retry_at is None
            values |= {"state": DEAD, "ended": now} if dead else {"due": verdict.retry_at}
        ours = and_(
            deliveries.c.id == message.id, deliveries.c.state == WAITING, deliveries.c.lease == tried.held.lease
        )
        await connection.execute(update(deliveries).where(ours).values(**values, version=deliveries.c.version + 1))
        line = {"id": new_id(), "delivery": message.id, "at": tried.began, "duration_ms": tried.duration_ms}
        said = {"delivered": outcome.delivered, "status": outcome.status, "error": outcome.error}
        there = select(deliveries.c.id).where(deliveries.c.id == message.id)
        if (await connection.execute(there)).one_or_none() is not None:
            await connection.execute(insert(attempts), line | said)

    async def _succeeded(self, connection: AsyncConnection, channel: Any, now: int) -> None:
        well = {"failures": 0, "failing_since": None, "error": "", "paused_until": None, "last_success": now}
        await connection.execute(update(channels).where(channels.c.id == channel.id).values(well))
        if was_away(channel.failures, channel.failing_since, now):
            # It is back: whatever waits for it need not wait any longer.
            pausing = and_(_PENDING, deliveries.c.attempts > 0)
            await connection.execute(
                update(deliveries)
                .where(deliveries.c.channel == channel.id, pausing, deliveries.c.due > now)
                .values(due=now)
            )

    async def _failed(
        self, connection: AsyncConnection, channel: Any, outcome: Outcome, paused_until: int | None, now: int
    ) -> None:
        since = now if channel.failing_since is None else channel.failing_since
        values: dict[str, Any] = {"error": outcome.error}
        if not outcome.final:
            values |= {"failures": channel.failures + 1, "failing_since": since, "paused_until": paused_until}
        if outcome.gone and channel.enabled:
            because = "The receiver answers 410 Gone: it wants nothing any more."
            values |= {"enabled": False, "disabled_because": because, "version": channel.version + 1}
            after = {"enabled": False, "because": because}
            await note(connection, now, "disabled", "channel", channel.id, network=channel.network, after=after)
            announce_after(connection, [Change(CHANNEL, channel.id)])
        await connection.execute(update(channels).where(channels.c.id == channel.id).values(values))
        if since <= now - GIVE_UP_US:
            old = and_(
                deliveries.c.state == WAITING, deliveries.c.lease == "", deliveries.c.created <= now - GIVE_UP_US
            )
            lost = {"state": DEAD, "ended": now, "version": deliveries.c.version + 1}
            lost["error"] = case((deliveries.c.error == "", outcome.error), else_=deliveries.c.error)
            await connection.execute(update(deliveries).where(deliveries.c.channel == channel.id, old).values(lost))


def untried(held: Held) -> Outcome:
    """The outcome of what cannot be tried, because its address cannot be read."""
    return failed(held.refused)


def _channels_with_work(now: int) -> Select[Any]:
    """Channels that may be asked now and have something due."""
    due = exists().where(deliveries.c.channel == channels.c.id, deliveries.c.state == WAITING, deliveries.c.due <= now)
    rested = or_(channels.c.paused_until.is_(None), channels.c.paused_until <= now)
    return select(*TARGET_COLUMNS, channels.c.failures).where(channels.c.enabled, rested, due)


def _due_rows() -> Select[Any]:
    """What a channel gets next: the oldest first, and of each stream only the oldest that is there.

    One that the receiver takes exception to, again and again, is passed by the others of its stream in its long pauses.
    Takes `channel`, `now`, `count` and `in_hand`, ids that are left out.
    """
    earlier, now = deliveries.alias("earlier"), bindparam("now", type_=BigInteger)
    behind = exists().where(
        earlier.c.channel == deliveries.c.channel,
        earlier.c.stream == deliveries.c.stream,
        earlier.c.state == WAITING,
        earlier.c.id < deliveries.c.id,
        or_(earlier.c.attempts < WAITED_FOR, earlier.c.lease != "", earlier.c.due <= now),
    )
    query = select(deliveries).where(
        deliveries.c.channel == bindparam("channel"),
        deliveries.c.state == WAITING,
        deliveries.c.due <= now,
        deliveries.c.id.not_in(bindparam("in_hand", expanding=True)),
        or_(deliveries.c.stream == "", ~behind),
    )
    return query.order_by(deliveries.c.id).limit(bindparam("count", type_=BigInteger))


# Made once: they are asked for with every message.
_DUE = _due_rows()
_DUE_HELD = _DUE.with_for_update(skip_locked=True, of=deliveries)
