"""The live feed: what happens right now, as JSON on the Redis channel `rc:live`, for whoever listens.

A message has one or more lines, and each line is one change:

    {"id": "5f1c9a02-17", "type": "status", "charge_point": "CP-1", "at": 1767225600000000, "data": {…}}

`id` is the feed's incarnation (another one after every `gap` that it tells) and a number that counts up by one: who
finds a number missing has missed a change. Redis keeps the order, so that it is the same for all. `at` is when we
received it, in microseconds. `type` is the event's kind and `data` its other fields as in
`engine/charging/events.py` (link, boot, status, session.started, session.identified, session.changed, session.stopped,
session.settled without tariff and course, command, actor, job, reservation, report, security_event), or one of three
more:

    meter   the newest values of a session (or of a connector outside of one), at most once a second:
            {"session", "evse", "connector", "transaction", "believed", "register_wh", "power_w",
             "values": [{"measurand", "phase", "location", "value", "unit"}, …]}, values as exact decimal text or null;
            only while somebody listens to `rc:live-meters`, where nothing is ever said
    alert   an alert has opened or is another one now: {"alert", "rule", "severity", "state", "title", "network", …};
            "charge_point" is "/" where it is about none, which only those see who see everything
    gap     messages were left out (this feed started, or went on after trouble): whoever keeps state reads it again;
            "charge_point" is "" and "data" is {}

Who watches one charge point's frames listens to another channel: frame_feed.py; hosts, to openings.py's.

The feed starts at the journal's head and keeps no position: who was away reads the present state from the façade, and
an old change told as if it were new would be worse than none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import orjson
import structlog

from engine.charging.events import SessionSettled
from engine.charging.messages import Sample
from engine.charging.session.registers import as_text, register_and_power
from engine.clock import Clock, SystemClock
from engine.errors import StoreUnavailable
from engine.ids import new_id
from engine.journal.port import Entry, Journal
from engine.journal.records import EVENTS, MESSAGES, METERS, STATUS
from engine.journal.upcast import PRESENT
from engine.projections import frame_feed, openings
from engine.stores.changes import LIVE_CHANNEL
from engine.stores.pubsub import PubSub

NAME = "live"
CHANNEL = "rc:live"
METERS_WANTED = "rc:live-meters"
"""Who listens to this channel wants meter values on the other one."""

METER_INTERVAL_S = 1.0
ROW_FIELDS, SAMPLE_FIELDS = 9, 9
"""The lengths of a meter row and of a sample in it (engine/journal/records.py)."""

AUDIENCE_S = 1.0
"""How old an answer to "does anybody want this?" may be: the longest that a new listener waits for meter values."""

HEAR_AGAIN_S = 0.5

_MESSAGE_BYTES = 65_536
"""Lines are gathered to messages of about this size."""

_TOO_LARGE = ("tariff", "course")
"""Of a settlement: who wants its lines asks for the session's price."""

_KINDS = frozenset(
    {
        "link",
        "boot",
        "status",
        "session.started",
        "session.identified",
        "session.changed",
        "session.stopped",
        "session.settled",
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
        self._openings: list[bytes] = []
        self._audience = False
        self._watched: set[str] = set()
        self._asked = float("-inf")
        self._flusher: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._incarnation, self._number = b"", 0
        # Numbers are given in the order in which they leave.
        self._publishing = asyncio.Lock()
        self.published = self.unreadable = 0

    async def open(self, partitions: int) -> dict[int, int]:
        """Begin at the head, and say that there is a gap."""
        heads = await self._journal.heads()
        self._incarnation, self._number = new_id()[:8].encode(), 0
        if self._hearing is None:
            self._hearing = asyncio.create_task(self._hear())
        await self._publish([_message("gap", "", self._clock.now(), {})])
        await self._bus.publish(openings.CHANNEL, [openings.GAP])
        return {partition: heads.get(partition, 0) for partition in range(partitions)}

    async def apply(self, entries: Sequence[Entry]) -> None:
        """Publish the entries' changes. Raises StoreUnavailable when Redis does not answer.

        Meter values are only taken apart while somebody wants them. The few other changes go out in any case.
        """
        audience = await self._anybody()
        if not audience:
            self._meters.clear()
        self._openings.clear()
        messages = [message for entry in entries for message in self._messages(entry, meters=audience)]
        messages += self._meters.due(asyncio.get_running_loop().time())
        await self._publish(messages)
        await self._bus.publish(openings.CHANNEL, self._openings)
        if self._watched:
            await self._publish_frames(entries)
        if self._meters.waiting and (self._flusher is None or self._flusher.done()):
            self._flusher = asyncio.create_task(self._flush())

    async def aclose(self) -> None:
        """Stop publishing."""
        for task in (self._flusher, self._hearing):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await self._bus.aclose()

    async def _hear(self) -> None:
        """Pass on what others than the journal tell, for ever."""
        while True:
            try:
                async with self._bus.listen(LIVE_CHANNEL) as told:
                    async for message in told:
                        await self._publish([message])
            except StoreUnavailable as error:
                # What is missed meanwhile is within the gap that the runner's next beginning tells of.
                log.warning("live.not_heard", error=str(error))
                await asyncio.sleep(HEAR_AGAIN_S)

    async def _anybody(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._asked >= AUDIENCE_S:
            self._audience = await self._bus.listeners(METERS_WANTED) > 0
            self._watched = await self._bus.listened(frame_feed.PREFIX)
            self._asked = now
        return self._audience

    def _messages(self, entry: Entry, *, meters: bool) -> Iterator[bytes]:
        now = asyncio.get_running_loop().time()
        for record in self._records(entry, EVENTS) + self._records(entry, STATUS):
            with self._counted():
                event = PRESENT.lift_event(record)
                opening = openings.told(event)
                if opening is not None:
                    self._openings.append(opening)
                kind = event.pop("kind")
                if kind in _KINDS:
                    del event["version"]
                    for large in _TOO_LARGE if kind == SessionSettled.kind else ():
                        del event[large]
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

    async def _publish(self, changes: list[bytes]) -> None:
        if not changes:
            return
        async with self._publishing:
            lines = []
            for change in changes:
                self._number += 1
                lines.append(b'{"id":"%b-%d",%b' % (self._incarnation, self._number, change[1:]))
            await self._bus.publish(CHANNEL, list(_joined(lines)))
        self.published += len(changes)

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


def _joined(lines: list[bytes]) -> Iterator[bytes]:
    """The lines as messages: one message of a thousand lines costs little more than one of one."""
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        if waiting and size + len(line) > _MESSAGE_BYTES:
            yield b"\n".join(waiting)
            waiting, size = [], 0
        waiting.append(line)
        size += len(line) + 1
    yield b"\n".join(waiting)


def _read(samples: list[list[Any]]) -> tuple[str | None, str | None]:
    """The import register (Wh) and the power (W) in the samples of a row, as text."""
    read = tuple(Sample._make((*each[:7], None if each[7] is None else Decimal(each[7]), each[8])) for each in samples)
    register, power = register_and_power(read)
    return as_text(register), as_text(power)


def _meter_message(row: list[Any]) -> bytes:
    charge_point, evse, connector, session, transaction, _said, believed, received, samples = row
    values = [
        {"measurand": sample[0], "phase": sample[1], "location": sample[2], "value": sample[7], "unit": sample[8]}
        for sample in samples
    ]
    register, power = _read(samples)
    data = {
        "session": session,
        "evse": evse,
        "connector": connector,
        "transaction": transaction,
        "believed": believed,
        "register_wh": register,
        "power_w": power,
        "values": values,
    }
    return _message("meter", charge_point, received, data)


def _message(kind: str, charge_point: str, at: int, data: dict[str, Any]) -> bytes:
    return orjson.dumps({"type": kind, "charge_point": charge_point, "at": at, "data": data})
