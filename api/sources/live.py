"""The live feed from Redis pub/sub (engine/projections/live_feed.py), with readable times."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import orjson
import structlog

from api.ports import LiveEvent
from engine.clock import to_iso
from engine.ids import new_id
from engine.projections.live_feed import CHANNEL
from engine.stores.pubsub import PubSub

log = structlog.get_logger("api.live")

_TIMES = ("believed", "started", "deadline", "expires")


class FeedEvents:
    """The `Live` port. Ids count up within one façade process; they tell events apart and are good for nothing else."""

    def __init__(self, bus: PubSub) -> None:
        self._bus = bus
        self._prefix = new_id()[:8]
        self._numbers = count(1)

    async def events(self) -> AsyncIterator[LiveEvent]:
        """Every change from now on. Raises StoreUnavailable."""
        async with self._bus.listen(CHANNEL) as messages:
            async for message in messages:
                event = self._read(message)
                if event is not None:
                    yield event

    def _read(self, message: bytes) -> LiveEvent | None:
        try:
            change: dict[str, Any] = orjson.loads(message)
            kind, charge_point = str(change["type"]), str(change["charge_point"])
            change["at"] = to_iso(change["at"])
            data = change["data"]
            for name in _TIMES:
                if isinstance(data.get(name), int):
                    data[name] = to_iso(data[name])
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            log.warning("unreadable live message", error=str(error))
            return None
        return LiveEvent(f"{self._prefix}-{next(self._numbers)}", charge_point, kind, orjson.dumps(change))
