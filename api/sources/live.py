"""The live feed from Redis pub/sub (engine/projections/live_feed.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import structlog

from api.ports.facade import GAP, LiveEvent
from engine.projections.live_feed import CHANNEL, METERS_WANTED
from engine.stores.pubsub import PubSub

log = structlog.get_logger("api.live")


class FeedEvents:
    """The `Live` port. Ids are the feed's own; where one is missing, a gap is told."""

    def __init__(self, bus: PubSub) -> None:
        self._bus = bus

    async def events(self) -> AsyncIterator[LiveEvent]:
        """Every change from now on. Raises StoreUnavailable."""
        async with self._bus.listen(CHANNEL) as messages:
            yield GAP
            expected = ""
            async for message in messages:
                for line in message.split(b"\n"):
                    event = _read(line)
                    if event is None:
                        continue
                    if expected and event.id != expected and event.kind != GAP.kind:
                        log.warning("live_feed_has_a_gap", expected=expected, id=event.id)
                        yield GAP
                    expected = _after(event.id)
                    yield event

    async def want_meters(self) -> None:
        """Be seen to listen where nothing is said. Raises StoreUnavailable."""
        async with self._bus.listen(METERS_WANTED) as messages:
            async for _ in messages:
                continue


def _after(number: str) -> str:
    incarnation, _, last = number.rpartition("-")
    return f"{incarnation}-{int(last) + 1}"


def _read(line: bytes) -> LiveEvent | None:
    try:
        change: dict[str, Any] = orjson.loads(line)
        event = LiveEvent(change["id"], change["charge_point"], change["type"], b"", change["at"], change["data"])
        _after(event.id)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("unreadable live message", error=str(error))
        return None
    return event
