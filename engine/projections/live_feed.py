"""The live feed: what happens right now, as JSON on the Redis channel `rc:live`, for whoever listens.

One message is one change:

    {"type": "status", "charge_point": "CP-1", "at": 1767225600000000, "data": {…}}

`at` is when we received it, in microseconds. `type` is the event's kind and `data` its other fields as in
`engine/charging/events.py` (link, boot, status, session.started, session.changed, session.stopped, command, actor,
job, reservation, report, security_event), or one of two more:

    meter   the newest values of a session (or of a connector outside of one), at most once a second:
            {"session", "evse", "connector", "transaction", "believed",
             "values": [{"measurand", "phase", "location", "value", "unit"}, …]}, value as exact decimal text or null
    gap     messages were left out (this feed started, or went on after trouble): whoever keeps state reads it again;
            "charge_point" is "" and "data" is {}

Who watches one charge point's frames listens to another channel: frame_feed.py.

The feed starts at the journal's head and keeps no position: who was away reads the present state from the façade, and
an old change told as if it were new would be worse than none. While nobody listens nothing is even parsed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import structlog

from engine.clock import Clock, SystemClock
from engine.errors import StoreUnavailable
from engine.journal.port import Entry, Journal
from engine.journal.records import EVENTS, MESSAGES, METERS, STATUS
from engine.journal.upcast import PRESENT
from engine.projections import frame_feed
from engine.stores.pubsub import PubSub

NAME = "live"
CHANNEL = "rc:live"

METER_INTERVAL_S = 1.0
ROW_FIELDS, SAMPLE_FIELDS = 9, 9
"""The lengths of a meter row and of a sample in it (engine/journal/records.py)."""

AUDIENCE_S = 1.0
"""How old an answer to "does anybody listen?" may be: the longest that a new listener waits for its first message."""

_KINDS = frozenset(
    {
        "link",
        "boot",
        "status",
        "session.started",
        "session.changed",
        "session.stopped",
        "session.amended",
        "command",
        "actor",
        "job",
        "reservation",
        "report",
        "security_event",
    }
)

log = structlog.get_logger(__name__)


class LiveFeed:
    """The projection. `published` counts messages, `unreadable` records that were no JSON of ours."""

    name = NAME
    channels = frozenset({EVENTS, STATUS, METERS, MESSAGES})

    def __init__(self, journal: Journal, bus: PubSub, clock: Clock | None = None) -> None:
        self._journal, self._bus = journal, bus
        self._clock = clock or SystemClock()
        self._meters = _Coalescer()
        self._audience = False
        self._watched: set[str] = set()
        self._asked = float("-inf")
        self._flusher: asyncio.Task[None] | None = None
        self.published = self.unreadable = 0

    async def open(self, partitions: int) -> dict[int, int]:
        """Begin at the head, and say that there is a gap."""
        heads = await self._journal.heads()
        await self._publish([_message("gap", "", self._clock.now(), {})])
        return {partition: heads.get(partition, 0) for partition in range(partitions)}

    async def apply(self, entries: Sequence[Entry]) -> None:
        """Publish the entries' changes. Raises StoreUnavailable when Redis does not answer.

        Meter values are only taken apart while somebody listens. The few other changes go out in any case: who has
        just begun to listen is known here up to a second later, and must not miss one.
        """
        audience = await self._anybody()
        if not audience:
            self._meters.clear()
        messages = [message for entry in entries for message in self._messages(entry, meters=audience)]
        messages += self._meters.due(asyncio.get_running_loop().time())
        await self._publish(messages)
        if self._watched:
            await self._publish_frames(entries)
        if self._meters.waiting and (self._flusher is None or self._flusher.done()):
            self._flusher = asyncio.create_task(self._flush())

    async def aclose(self) -> None:
        """Stop publishing."""
        if self._flusher is not None:
            self._flusher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._flusher
        await self._bus.aclose()

    async def _anybody(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._asked >= AUDIENCE_S:
            self._audience = await self._bus.listeners(CHANNEL) > 0
            self._watched = await self._bus.listened(frame_feed.PREFIX)
            self._asked = now
        return self._audience

    def _messages(self, entry: Entry, *, meters: bool) -> Iterator[bytes]:
        now = asyncio.get_running_loop().time()
        for record in self._records(entry, EVENTS) + self._records(entry, STATUS):
            with self._counted():
                event = PRESENT.lift_event(record)
                kind = event.pop("kind")
                if kind in _KINDS:
                    del event["version"]
                    yield _message(kind, event.pop("charge_point"), event.pop("received"), event)
        for row in self._records(entry, METERS) if meters else ():
            with self._counted():
                self._meters.add(row, now)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """What is no record of ours is a dead letter of the ledger; here it is only worth a number."""
        try:
            yield
        except (KeyError, TypeError, ValueError, IndexError):
            self.unreadable += 1

    def _records(self, entry: Entry, channel: str) -> list[Any]:
        data = entry.channels.get(channel)
        if not data:
            return []
        with self._counted():
            return list(orjson.loads(data))
        return []

    async def _publish(self, messages: list[bytes]) -> None:
        await self._bus.publish(CHANNEL, messages)
        self.published += len(messages)

    async def _publish_frames(self, entries: Sequence[Entry]) -> None:
        by_channel: dict[str, list[bytes]] = {}
        for entry in entries:
            for channel, message in frame_feed.frames_of(entry, self._watched):
                by_channel.setdefault(channel, []).append(message)
        for channel, messages in by_channel.items():
            await self._bus.publish(channel, messages)
            self.published += len(messages)

    async def _flush(self) -> None:
        """Publish the values that wait for their second to be over, until none do."""
        loop = asyncio.get_running_loop()
        while self._meters.waiting:
            await asyncio.sleep(max(0.0, self._meters.next_due() - loop.time()))
            try:
                await self._publish(self._meters.due(loop.time()))
            except StoreUnavailable as error:
                # The runner meets the same trouble at its next batch and says so to whoever listens by then.
                log.info("live.meter_values_left_out", error=str(error))


class _Coalescer:
    """The newest meter row of each session, let out at most once a second each."""

    def __init__(self) -> None:
        self._told: dict[tuple[Any, ...], float] = {}
        self.waiting: dict[tuple[Any, ...], list[Any]] = {}

    def add(self, row: list[Any], now: float) -> None:
        charge_point, evse, connector, session, *_, samples = row
        key = (session,) if session else (charge_point, evse, connector)
        if any(len(sample) != SAMPLE_FIELDS for sample in samples) or len(row) != ROW_FIELDS:
            raise ValueError("not a meter row")
        self.waiting[key] = row
        self._told.setdefault(key, now - METER_INTERVAL_S)

    def due(self, now: float) -> list[bytes]:
        ready = [key for key in self.waiting if now - self._told[key] >= METER_INTERVAL_S]
        messages = [_meter_message(self.waiting.pop(key)) for key in ready]
        for key in ready:
            self._told[key] = now
        for key in [key for key, told in self._told.items() if now - told > 60 and key not in self.waiting]:
            del self._told[key]
        return messages

    def next_due(self) -> float:
        return min(self._told[key] for key in self.waiting) + METER_INTERVAL_S

    def clear(self) -> None:
        self.waiting.clear()
        self._told.clear()


def _meter_message(row: list[Any]) -> bytes:
    charge_point, evse, connector, session, transaction, _said, believed, received, samples = row
    values = [
        {"measurand": sample[0], "phase": sample[1], "location": sample[2], "value": sample[7], "unit": sample[8]}
        for sample in samples
    ]
    data = {
        "session": session,
        "evse": evse,
        "connector": connector,
        "transaction": transaction,
        "believed": believed,
        "values": values,
    }
    return _message("meter", charge_point, received, data)


def _message(kind: str, charge_point: str, at: int, data: dict[str, Any]) -> bytes:
    return orjson.dumps({"type": kind, "charge_point": charge_point, "at": at, "data": data})
