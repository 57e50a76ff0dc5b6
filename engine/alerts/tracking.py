"""Keeping track: what is said about a condition, and the time that passes, become alerts in the caller's transaction.

The row of a condition is held first, then the alert's: whoever else has something to do with the subject waits. So an
alert opens once, whichever of the projection, the clerk and a person comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.alerts import opening
from engine.alerts.alert import BY_CONDITION, BY_RULE
from engine.alerts.conditions import Subject, Telling
from engine.alerts.machine import Awaits, Effect, Ended, Track, learn, settle
from engine.alerts.muting import muted_until
from engine.alerts.rule_book import rule_in
from engine.alerts.rules import Rule
from engine.clock import SECOND
from engine.faults import reach
from engine.stores.sql.models import charge_points, stations
from engine.stores.sql.tables.alerts import alert_conditions as conditions


@dataclass(frozen=True, slots=True)
class Condition:
    """A row: what is known about one subject, and where that is. `says` is what was said last."""

    key: str
    kind: str
    network: str | None
    station: str
    subject: Subject
    track: Track
    says: Mapping[str, Any]
    updated: int
    stored: bool


class Near:
    """What the reader of the journal remembers, so that it asks SQL once: within a transaction rules and places, and
    for good which conditions have a row.

    Nobody else makes rows for what stations say, so it knows; others delete some, which costs it one look.
    """

    def __init__(self) -> None:
        self._connection: AsyncConnection | None = None
        self._rules: dict[tuple[str | None, str], Rule] = {}
        self._places: dict[str, tuple[str | None, str]] = {}
        self._stored: set[str] | None = None

    def forget(self) -> None:
        """Drop all: a transaction was given up."""
        self._connection = None
        self._stored = None

    def renew(self, connection: AsyncConnection) -> None:
        """In another transaction, rules and places may be others."""
        if connection is not self._connection:
            self._connection = connection
            self._rules.clear()
            self._places.clear()

    async def held(self, connection: AsyncConnection, key: str) -> Condition | None:
        """As `_held`; asks only for what has a row."""
        if self._stored is None:
            self._stored = set((await connection.execute(select(conditions.c.key))).scalars())
        if key not in self._stored:
            return None
        found = await _held(connection, key)
        if found is None:
            self._stored.discard(key)
        return found

    def keeps(self, key: str, stored: bool) -> None:
        """A row was written, or deleted."""
        if self._stored is not None:
            (self._stored.add if stored else self._stored.discard)(key)

    async def rule(self, connection: AsyncConnection, network: str | None, kind: str) -> Rule:
        """As `rule_in`."""
        if (network, kind) not in self._rules:
            self._rules[network, kind] = await rule_in(connection, network, kind)
        return self._rules[network, kind]

    async def place(self, connection: AsyncConnection, charge_point: str) -> tuple[str | None, str]:
        """As `whereabouts`."""
        if charge_point not in self._places:
            self._places[charge_point] = await whereabouts(connection, charge_point)
        return self._places[charge_point]


async def told(
    connection: AsyncConnection, telling: Telling, *, network: str | None = None, near: Near | None = None
) -> None:
    """Something was said; what follows is reckoned in the signal's own time.

    `network` is whose it is where no charge point tells. The same said again by a reader that was killed cannot be: it
    moves its position in the same transaction.
    """
    kind, key = telling.kind, telling.subject.key(telling.kind)
    found, station = await (near.held(connection, key) if near else _held(connection, key)), ""
    near = near or Near()
    if found is not None:
        network = found.network
    elif telling.over:
        # Most of what is said is that all is well with what nobody has worried about.
        return
    elif telling.subject.charge_point:
        network, station = await near.place(connection, telling.subject.charge_point)
    rule = await near.rule(connection, network, kind)
    signal = telling.signal(rule)
    if signal is None:
        return
    if found is None:
        if isinstance(signal, Ended):
            return
        found = Condition(key, kind, network, station, telling.subject, Track(), {}, 0, stored=False)
    if isinstance(signal, Awaits) and kind == "session_stuck":
        signal = _not_beyond(signal, rule, {**found.says, **telling.says})
    at = max(signal.at, found.updated)
    before = await _settled(connection, found, rule, at)
    says = {**before.says, **telling.says} if not isinstance(signal, Ended) else before.says
    learnt = replace(before, track=learn(before.track, signal), says=says, updated=at)
    after = await _settled(connection, learnt, rule, at)
    if before.track.open and after.track.open and telling.again and not isinstance(signal, Ended):
        await opening.repeat(connection, key, at, telling.says)
    await _keep(connection, after)
    near.keeps(key, not after.track.idle)


async def look(connection: AsyncConnection, now: int, key: str) -> None:
    """Time has passed for a condition. Looking too early, or twice, changes nothing."""
    found = await _held(connection, key)
    if found is None or found.track.due is None or found.track.due > now:
        return
    rule = await rule_in(connection, found.network, found.kind)
    await _keep(connection, await _settled(connection, found, rule, max(now, found.updated)))


async def due_keys(connection: AsyncConnection, now: int, limit: int) -> list[str]:
    """The conditions that are to be looked at, the longest due first."""
    query = select(conditions.c.key).where(conditions.c.due <= now).order_by(conditions.c.due).limit(limit)
    return list((await connection.execute(query)).scalars())


async def held_track(connection: AsyncConnection, key: str) -> Track | None:
    """A condition's track, kept from others until the end of the transaction."""
    found = await _held(connection, key)
    return None if found is None else found.track


async def keep_track(connection: AsyncConnection, key: str, track: Track, now: int) -> None:
    """Write a track that was held."""
    await connection.execute(update(conditions).where(conditions.c.key == key).values(_track_values(track, now)))


def _not_beyond(signal: Awaits, rule: Rule, says: Mapping[str, Any]) -> Awaits:
    """A session may not last longer than it may, whatever progress it makes."""
    started = says.get("started")
    if not isinstance(started, int):
        return signal
    return replace(signal, until=min(signal.until, started + rule.thresholds["longest_s"] * SECOND))


async def _settled(connection: AsyncConnection, condition: Condition, rule: Rule, at: int) -> Condition:
    """Settle, and do what follows."""
    track = condition.track
    if not rule.enabled:
        if track.open:
            await opening.close(connection, condition.key, at, rule, BY_RULE)
        return replace(condition, track=replace(track, open=False, gone=None, due=None), updated=at)
    muted = None
    if track.holds(at) and not track.open and not track.dismissed:
        muted = await muted_until(connection, at, condition.network, condition.station, condition.subject)
    settled, effect = settle(track, at, clear=rule.clear_s * SECOND, muted=muted)
    reach("alerts:settled")
    if effect is Effect.OPEN:
        where = (condition.network, condition.station, condition.subject)
        await opening.open_(connection, condition.key, at, rule, where, condition.says)
        reach("alerts:opened")
    elif effect is Effect.CLEAR:
        await opening.close(connection, condition.key, at, rule, BY_CONDITION)
        reach("alerts:closed")
    if track.dismissed and not settled.dismissed and not settled.open:
        await opening.over(connection, condition.key, at)
    return replace(condition, track=settled, updated=at)


async def _held(connection: AsyncConnection, key: str) -> Condition | None:
    row = (await connection.execute(select(conditions).where(conditions.c.key == key).with_for_update())).one_or_none()
    if row is None:
        return None
    samples = tuple((at, many) for at, many in row.samples)
    track = Track(row.begins, row.ends, row.open, row.dismissed, row.gone, row.due, samples)
    subject = Subject(row.charge_point, row.evse, row.connector, row.name)
    return Condition(key, row.kind, row.network, row.station, subject, track, row.says, row.updated, stored=True)


async def whereabouts(connection: AsyncConnection, charge_point: str) -> tuple[str | None, str]:
    """Network and station of a charge point; None and "" for one that is not registered."""
    query = select(stations.c.network_id, stations.c.id).join(
        charge_points, charge_points.c.station_id == stations.c.id
    )
    row = (await connection.execute(query.where(charge_points.c.folded == charge_point.lower()))).one_or_none()
    return (None, "") if row is None else (row[0], row[1])


async def _keep(connection: AsyncConnection, condition: Condition) -> None:
    """Write what is known, or forget what needs not be known any more."""
    mine = conditions.c.key == condition.key
    if condition.track.idle:
        if condition.stored:
            await connection.execute(delete(conditions).where(mine))
        return
    values = _track_values(condition.track, condition.updated) | {"says": dict(condition.says)}
    if condition.stored:
        await connection.execute(update(conditions).where(mine).values(values))
        return
    subject = condition.subject
    row: dict[str, Any] = {
        "key": condition.key,
        "kind": condition.kind,
        "network": condition.network,
        "station": condition.station,
    }
    row |= {"charge_point": subject.charge_point, "evse": subject.evse, "connector": subject.connector}
    await connection.execute(insert(conditions).values(row | {"name": subject.name} | values))


def _track_values(track: Track, now: int) -> dict[str, Any]:
    values = {name: getattr(track, name) for name in ("begins", "ends", "open", "dismissed", "gone", "due")}
    return values | {"samples": [list(each) for each in track.samples], "updated": now}
