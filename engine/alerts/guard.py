"""The guard: looks at the installation itself, at certificates and at channels, and tells the same machine of them.

A worker of the back office. What it sees is a state, seen again and again: it tells of what is wrong, and that what it
has told of before is over. Happenings (a restart, a dead letter) have a time of their own, by which they count once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.alerts.conditions import Subject, Telling
from engine.alerts.machine import Counts, Ended, Holds, Signal
from engine.alerts.rules import RULES, Rule
from engine.alerts.tracking import told
from engine.clock import SECOND, Clock
from engine.errors import Unavailable
from engine.places.commissioning import RETIRED
from engine.stores.sql.engine import Database
from engine.stores.sql.models import certificates, charge_points, dead_letters
from engine.stores.sql.tables.alerts import alert_conditions, alert_rules
from engine.stores.sql.tables.deliveries import channels

log = structlog.get_logger("alerts")
LOOK_EVERY_S = 5.0
DAY = 86_400 * SECOND
WELL_S = 1.0
"""A lag that no rule calls one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen; whose it is, where no charge point tells; and of a happening when it was, µs."""

    telling: Telling
    network: str | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A process of ours: how often it was made anew since its supervisor began, and since when this one lives (µs)."""

    name: str
    restarts: int
    since: int


class Installation(Protocol):
    """What only the running installation knows. All methods raise Unavailable while it does not answer."""

    async def processes(self) -> Sequence[Process]:
        """Those that the supervisor looks after."""
        ...

    async def lags(self) -> Mapping[str, float | None]:
        """Consumer → how many seconds it is behind, None where it does not answer."""
        ...

    async def fill(self) -> float:
        """The journal's memory over its limit."""
        ...


class Guard:
    """`run` works until it is told to stop; `look` looks once."""

    def __init__(self, database: Database, clock: Clock, installation: Installation) -> None:
        self._database, self._clock, self._installation = database, clock, installation
        self._happened: set[tuple[str, int]] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Raises StoreUnavailable: whoever runs it starts it again."""
        while not stopping.is_set():
            await self.look()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), timeout=LOOK_EVERY_S)

    async def look(self) -> None:
        """Tell of what is wrong now. What does not answer says nothing, neither good nor bad."""
        now = self._clock.now()
        for kinds, asked in (
            (("consumer_lag",), self._lags(now)),
            (("journal_full",), self._fill(now)),
            ((), self._restarts(now)),
        ):
            try:
                seen = await asked
            except Unavailable as error:
                log.warning("not_looked_at", kinds=kinds, error=str(error))
                continue
            await self._tell(now, kinds, seen)
        async with self._database.read() as connection:
            letters = await _dead_letters(connection, now)
            states = [*await _certificates(connection, now), *await _channels(connection)]
            retired = await _retired(connection, now)
        await self._tell(now, ("certificate_expiry", "undelivered"), states)
        await self._tell(now, (), letters)
        for each in retired:
            await self._told(each)

    async def _tell(self, now: int, kinds: tuple[str, ...], seen: Iterable[Seen]) -> None:
        """Tell each in a transaction of its own, and of `kinds` that what is not among them is over."""
        async with self._database.read() as connection:
            known = await _known(connection, kinds)
        for each in seen:
            key = each.telling.subject.key(each.telling.kind)
            worried = known.pop(key, None) is not None
            if (each.telling.over and not worried) or (each.at is not None and (key, each.at) in self._happened):
                continue
            await self._told(each)
            if each.at is not None:
                self._happened.add((key, each.at))
        for kind, subject in known.values():
            await self._told(Seen(Telling(kind, subject, lambda _: Ended(now), over=True)))

    async def _told(self, seen: Seen) -> None:
        async with self._database.write() as connection:
            await told(connection, seen.telling, network=seen.network)

    async def _lags(self, now: int) -> list[Seen]:
        return [Seen(_lag(name, lag, now)) for name, lag in (await self._installation.lags()).items()]

    async def _fill(self, now: int) -> list[Seen]:
        percent = round(await self._installation.fill() * 100)

        def signal(rule: Rule) -> Signal:
            full = percent >= rule.thresholds["fill_percent"]
            return Holds(now, rule.hold_s * SECOND) if full else Ended(now)

        says = {"fill_percent": percent}
        return [Seen(Telling("journal_full", Subject(name="journal"), signal, says, over=percent < 1))]

    async def _restarts(self, now: int) -> list[Seen]:
        processes = await self._installation.processes()
        return [Seen(_restart(each, now), at=each.since) for each in processes if each.restarts]


def _lag(name: str, lag: float | None, now: int) -> Telling:
    def signal(rule: Rule) -> Signal:
        late = lag is None or lag >= rule.thresholds["lag_s"]
        return Holds(now, rule.hold_s * SECOND) if late and name not in rule.ignore else Ended(now)

    says = {"lag_s": "?" if lag is None else round(lag)}
    return Telling("consumer_lag", Subject(name=name), signal, says, over=lag is not None and lag < WELL_S)


def _restart(process: Process, now: int) -> Telling:
    def signal(rule: Rule) -> Signal | None:
        window = rule.thresholds["window_s"] * SECOND
        if process.name in rule.ignore or process.since + window <= now:
            return None
        return Counts(process.since, rule.thresholds["restarts"], window, once=True)

    return Telling("host_restart", Subject(name=process.name), signal, {"restarts": process.restarts}, again=True)


async def _known(connection: AsyncConnection, kinds: tuple[str, ...]) -> dict[str, tuple[str, Subject]]:
    """What conditions of these kinds are known of."""
    table = alert_conditions.c
    query = select(table.key, table.kind, table.charge_point, table.evse, table.connector, table.name)
    rows = await connection.execute(query.where(table.kind.in_(kinds)))
    return {row.key: (row.kind, Subject(row.charge_point, row.evse, row.connector, row.name)) for row in rows}


async def _retired(connection: AsyncConnection, now: int) -> list[Seen]:
    """What was wrong with charge points that are retired is over: they say nothing any more."""
    table = alert_conditions.c
    query = select(table.kind, table.charge_point, table.evse, table.connector, table.name)
    query = query.join(charge_points, charge_points.c.folded == func.lower(table.charge_point))
    # What is over already only waits for its hysteresis.
    rows = await connection.execute(query.where(charge_points.c.commissioning == RETIRED, table.begins.is_not(None)))
    return [Seen(Telling(row[0], Subject(*row[1:]), lambda _: Ended(now), over=True)) for row in rows]


async def _dead_letters(connection: AsyncConnection, now: int) -> list[Seen]:
    table = dead_letters.c
    query = select(table.projection, func.count().label("letters"), func.max(table.at).label("last"))
    rows = (await connection.execute(query.group_by(table.projection))).all()
    return [Seen(_buried(row.projection, row.letters, row.last, now), at=row.last) for row in rows]


def _buried(projection: str, letters: int, last: int, now: int) -> Telling:
    def signal(rule: Rule) -> Signal | None:
        lasts = rule.thresholds["lasts_s"] * SECOND
        if projection in rule.ignore or last + lasts <= now:
            return None
        return Counts(last, 1, lasts, once=True)

    return Telling("dead_letters", Subject(name=projection), signal, {"letters": letters}, again=True)


async def _certificates(connection: AsyncConnection, now: int) -> list[Seen]:
    """Certificates that end within the longest time that any rule looks ahead, and have no successor."""
    table, days = certificates.c, RULES["certificate_expiry"].thresholds["days"]
    own = await connection.execute(select(alert_rules.c.content).where(alert_rules.c.kind == "certificate_expiry"))
    furthest = max([days, *(content.get("thresholds", {}).get("days", days) for content in own.scalars())])
    last = func.max(table.not_after)
    query = select(table.charge_point, table.kind, table.subject, last).where(table.revoked.is_(None))
    query = query.group_by(table.charge_point, table.kind, table.subject)
    rows = await connection.execute(query.having(last > now - 30 * DAY, last <= now + furthest * DAY))
    return [Seen(_expiry(row[0], row[1], row[2], row[3], now)) for row in rows]


def _expiry(charge_point: str, kind: str, subject: str, not_after: int, now: int) -> Telling:
    def signal(rule: Rule) -> Signal:
        soon = not_after - now <= rule.thresholds["days"] * DAY
        return Holds(now, rule.hold_s * SECOND) if soon else Ended(now)

    says = {"subject": subject, "use": kind, "not_after": not_after}
    return Telling("certificate_expiry", Subject(charge_point, name=f"{kind} {subject}"[:200]), signal, says)


async def _channels(connection: AsyncConnection) -> list[Seen]:
    """Channels that fail, or that were turned off because they did."""
    table = channels.c
    given_up = table.enabled.is_(False) & table.disabled_because.not_in(("", "by hand"))
    query = select(table.id, table.network, table.name, table.failing_since, table.error, table.updated)
    query = query.where(or_(table.failing_since.is_not(None) & table.enabled, given_up))
    return [Seen(_undelivered(row), row.network) for row in await connection.execute(query)]


def _undelivered(channel: Any) -> Telling:
    since, says = channel.failing_since or channel.updated, {"channel": channel.name, "error": channel.error[:200]}
    subject = Subject(name=channel.id)
    return Telling("undelivered", subject, lambda rule: Holds(since, rule.hold_s * SECOND), says)
