"""The message log from ClickHouse, newest first, and one charge point's frames live from Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any

import orjson
import structlog

from api.message_log import TYPES, DeviationSum, MessageFilter, MessageRow, Position
from api.ports import LiveEvent
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
  WHERE received >= {_AT % "since"} AND notEmpty(deviations))
GROUP BY name
ORDER BY count() DESC, name
LIMIT 500
"""


class ClickHouseMessages:
    """The `MessageLog` port."""

    def __init__(self, reader: ClickHouseReader, clock: Clock) -> None:
        self._reader, self._clock = reader, clock

    async def messages(self, wanted: MessageFilter, *, after: Position | None, limit: int) -> Sequence[MessageRow]:
        conditions, parameters = _conditions(wanted, after)
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

    async def deviations(self, since: int) -> Sequence[DeviationSum]:
        rows = await self._reader.rows(_DEVIATIONS, {"since": since})
        return [DeviationSum(*row) for row in rows]


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
            async for message in messages:
                try:
                    frame: dict[str, Any] = orjson.loads(message)
                    frame["type"], frame["at"] = TYPES.get(frame["type"], "unreadable"), to_iso(frame["at"])
                except (ValueError, KeyError, TypeError) as error:
                    log.warning("unreadable live frame", error=str(error))
                    continue
                data = orjson.dumps({"charge_point": self._charge_point} | frame)
                yield LiveEvent(str(next(self._numbers)), self._charge_point, "frame", data)
