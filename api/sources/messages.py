"""The message log from ClickHouse, newest first, and one charge point's frames live from Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any

import orjson
import structlog

from api.ports.facade import GAP, LiveEvent
from api.ports.messages import TYPES, DeviationSum, MessageFilter, MessageRow, Position
from api.sources.clickhouse import ClickHouseReader
from engine.clock import SECOND, Clock, to_iso
from engine.projections.frame_feed import channel_of
from engine.stores.pubsub import PubSub

log = structlog.get_logger("api.live")

_WINDOWS_S = (600, 6 * 3600, 7 * 86_400)
"""A page of the whole fleet is looked for in the last minutes first, then further back: the table is ordered by charge
point, so that the newest rows of all would else be found only by reading all of it."""

_COLUMNS = """
SELECT charge_point, connection, toUnixTimestamp64Micro(received) AS at, direction, type, action, message_id, raw,
  answer, deviations, latency_us, error, partition_no, entry, idx
FROM ocpp_messages
"""
_AT = "fromUnixTimestamp64Micro({%s:Int64}, 'UTC')"
_EQUAL = {
    "charge_point": "charge_point = {charge_point:String}",
    "action": "action = {action:String}",
    "direction": "direction = {direction:String}",
    "message_id": "message_id = {message_id:String}",
}
_DEVIATIONS = f"""
SELECT name, count(), uniqExact(charge_point)
FROM (SELECT charge_point, arrayJoin(deviations) AS name FROM ocpp_messages
  WHERE received >= {_AT % "since"} AND notEmpty(deviations) AND %s)
GROUP BY name
ORDER BY count() DESC, name
LIMIT 500
"""
_NAMED_AT_ONCE = 5000
"""Charge points in one query: ClickHouse reads no more than 256 KiB of SQL."""


class ClickHouseMessages:
    """The `MessageLog` port."""

    def __init__(self, reader: ClickHouseReader, clock: Clock) -> None:
        self._reader, self._clock = reader, clock

    async def messages(self, wanted: MessageFilter, *, after: Position | None, limit: int) -> Sequence[MessageRow]:
        if wanted.charge_point is not None and wanted.charge_points is not None:
            # One of them: no need to name all.
            if wanted.charge_point not in wanted.charge_points:
                return []
            wanted = replace(wanted, charge_points=None)
        found = [await self._messages(wanted, part, after, limit) for part in _parts(wanted.charge_points)]
        if len(found) == 1:
            return found[0]
        return sorted(chain(*found), key=lambda row: (row.received, row.place), reverse=True)[:limit]

    async def _messages(
        self, wanted: MessageFilter, among: str, after: Position | None, limit: int
    ) -> Sequence[MessageRow]:
        conditions, parameters = _conditions(wanted, after)
        conditions.append(among)
        if wanted.charge_point is None and wanted.since is None and wanted.message_id is None:
            ends = (self._clock.now(), wanted.until, None if after is None else after[0])
            newest = min(at for at in ends if at is not None)
            for window in _WINDOWS_S:
                since = {"since": max(0, newest - window * SECOND)}
                found = await self._rows([*conditions, f"received >= {_AT % 'since'}"], parameters | since, limit)
                if len(found) >= limit:
                    return found
        return await self._rows(conditions, parameters, limit)

    async def _rows(self, conditions: Sequence[str], parameters: dict[str, Any], limit: int) -> list[MessageRow]:
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"{_COLUMNS}{where} ORDER BY received DESC, partition_no DESC, entry DESC, idx DESC LIMIT {limit:d}"
        rows = await self._reader.rows(sql, parameters)
        return [MessageRow(*row[:9], tuple(row[9]), *row[10:12], place=tuple(row[12:15])) for row in rows]

    async def deviations(self, since: int, charge_points: frozenset[str] | None = None) -> Sequence[DeviationSum]:
        sums: dict[str, tuple[int, int]] = {}
        for among in _parts(charge_points):
            for name, messages, stations in await self._reader.rows(_DEVIATIONS % among, {"since": since}):
                before = sums.get(name, (0, 0))
                sums[name] = before[0] + messages, before[1] + stations
        found = [DeviationSum(name, *sum_) for name, sum_ in sums.items()]
        return sorted(found, key=lambda each: (-each.messages, each.name))


def _parts(charge_points: frozenset[str] | None) -> list[str]:
    """Conditions that are true for messages of these charge points, so many at a time as one query may name."""
    if charge_points is None:
        return ["true"]
    names = sorted(charge_points)
    starts = range(0, len(names), _NAMED_AT_ONCE)
    return [f"charge_point IN ({', '.join(map(_quoted, names[i : i + _NAMED_AT_ONCE]))})" for i in starts]


def _quoted(name: str) -> str:
    """As ClickHouse's text literal. Not a parameter: those go into the address of the request, which has to be short.

    Braces are escaped as well, lest one be taken for a parameter.
    """
    plain = name.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + plain.replace("{", "\\x7b").replace("%", "\\x25") + "'"


def _conditions(wanted: MessageFilter, after: Position | None) -> tuple[list[str], dict[str, Any]]:
    parameters: dict[str, Any] = {}
    conditions = []
    for name, condition in _EQUAL.items():
        if (value := getattr(wanted, name)) is not None:
            conditions.append(condition)
            parameters[name] = value
    for name, comparison in (("since", ">="), ("until", "<")):
        if (at := getattr(wanted, name)) is not None:
            conditions.append(f"received {comparison} {_AT % name}")
            parameters[name] = at
    if wanted.deviating:
        conditions.append("notEmpty(deviations)")
    if wanted.errors:
        conditions.append("(error != '' OR type = 0)")
    if after is not None:
        at, place = after
        parameters |= {"at": at} | dict(zip(("p", "e", "i"), place, strict=True))
        # The first half alone lets the index leave out what is younger; the tuple decides among equals.
        conditions.append(f"received <= {_AT % 'at'}")
        conditions.append(
            f"(received, partition_no, entry, idx) < ({_AT % 'at'}, {{p:UInt16}}, {{e:UInt64}}, {{i:UInt32}})"
        )
    return conditions, parameters


class FeedFrames:
    """The `Live` port of one charge point's frames (engine/projections/frame_feed.py), with readable times."""

    def __init__(self, bus: PubSub, charge_point: str) -> None:
        self._bus, self._charge_point = bus, charge_point
        self._numbers = count(1)

    async def events(self) -> AsyncIterator[LiveEvent]:
        """Every frame from now on. Raises StoreUnavailable."""
        async with self._bus.listen(channel_of(self._charge_point)) as messages:
            yield GAP
            async for message in messages:
                try:
                    frame: dict[str, Any] = orjson.loads(message)
                    frame["type"], frame["at"] = TYPES.get(frame["type"], "unreadable"), to_iso(frame["at"])
                except (ValueError, KeyError, TypeError) as error:
                    log.warning("unreadable live frame", error=str(error))
                    continue
                data = orjson.dumps({"charge_point": self._charge_point} | frame)
                yield LiveEvent(str(next(self._numbers)), self._charge_point, "frame", data)

    async def want_meters(self) -> None:
        """There are none among frames."""
        await asyncio.Event().wait()
