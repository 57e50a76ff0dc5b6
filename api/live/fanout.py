"""Takes the live feed in, all the time: keeps the image, the ring of the last events, and tells who follows.

Subscribers are told what the feed says with readable times, and what the image adds to it: the shown states, and what a
running session has come to. The feed is joined anew, with backing off, whenever it breaks; after each gap the image is
read again and who follows is told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import structlog

from api.live.applying import apply
from api.live.filling import Filling
from api.live.followers import Follower, Followers, Wants
from api.live.image import FleetImage
from api.live.ring import Ring
from api.ports.facade import GAP, Live, LiveEvent
from engine.clock import to_iso
from engine.errors import Unavailable

log = structlog.get_logger("api.live")

BACK_OFF_S = (0.2, 5.0)
_TIMES = ("believed", "started", "deadline", "expires")


class Fanout:
    """The fleet's changes. Meter values are only asked for while somebody follows, and `linger_s` longer."""

    def __init__(
        self,
        live: Live,
        image: FleetImage,
        filling: Filling,
        *,
        followers: Followers | None = None,
        ring: Ring | None = None,
        linger_s: float = 10.0,
    ) -> None:
        self._live, self._image, self._filling = live, image, filling
        self._ring = ring or Ring()
        self.readers = followers or Followers()
        self.linger_s = linger_s
        self._anybody = asyncio.Event()
        self._nobody = asyncio.Event()
        self._nobody.set()
        image.on_audience = self._count
        self._tasks: list[asyncio.Task[None]] = []
        self.breaks = 0

    @property
    def followers(self) -> int:
        return len(self.readers)

    @property
    def dropped(self) -> int:
        return self.readers.dropped

    @property
    def last_id(self) -> str:
        """The id of the newest event; "" while none is known."""
        return self._ring.last_id

    def start(self) -> None:
        self._filling.again()
        for work in (self._run(), self._filling.run(), self._ask_for_meters()):
            self._tasks.append(asyncio.create_task(_logged(work), name="api-live"))

    async def stop(self) -> None:
        """End every follower's stream, then the reading."""
        self.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def close(self) -> None:
        """End every follower's stream and take no new ones."""
        self.readers.close()

    def follow(self, wants: Wants = lambda _: True, last_id: str | None = None) -> Follower:
        """Join. Who names the last event that it had gets all since then first, or a gap where they are not all known.

        Raises Unavailable when too many follow already, or at shutdown.
        """
        backlog = () if last_id is None else self._ring.since(last_id)
        follower = self.readers.join(wants, [GAP] if backlog is None else backlog)
        self._count()
        return follower

    def leave(self, follower: Follower) -> None:
        self.readers.leave(follower)
        self._count()

    def _count(self) -> None:
        following = bool(len(self.readers) or self._image.followers)
        (self._anybody.set if following else self._anybody.clear)()
        (self._nobody.clear if following else self._nobody.set)()

    async def _run(self) -> None:
        pause = BACK_OFF_S[0]
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                async for event in self._live.events():
                    self._take(event)
            except Unavailable as error:
                log.warning("live feed broke", error=str(error))
            except Exception:
                log.exception("live feed failed")
            self.breaks += 1
            if loop.time() - began > BACK_OFF_S[1]:
                pause = BACK_OFF_S[0]
            await asyncio.sleep(pause)
            pause = min(pause * 2, BACK_OFF_S[1])

    def _take(self, event: LiveEvent) -> None:
        if event.kind == GAP.kind:
            self._ring.clear()
            self._filling.again()
            event = replace(GAP, id=event.id)
        elif not event.data:
            self._filling.told(event.charge_point)
            event = replace(event, data=self._written(event))
        self._ring.put(event)
        self.readers.offer(event)

    def _written(self, event: LiveEvent) -> bytes:
        added: Mapping[str, Any] = {}
        try:
            added = apply(self._image, event.kind, event.charge_point, event.at, event.said)
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            log.warning(
                "live_event_not_understood", kind=event.kind, charge_point=event.charge_point, error=repr(error)
            )
        data = {**event.said, **added}
        for name in _TIMES:
            if isinstance(data.get(name), int):
                data[name] = to_iso(data[name])
        told = {"type": event.kind, "charge_point": event.charge_point, "at": to_iso(event.at), "data": data}
        return orjson.dumps(told)

    async def _ask_for_meters(self) -> None:
        while True:
            await self._anybody.wait()
            asking = asyncio.create_task(self._live.want_meters())
            idle = asyncio.create_task(self._until_idle())
            try:
                await asyncio.wait({asking, idle}, return_when=asyncio.FIRST_COMPLETED)
                if asking.done():
                    log.info("meter_values_not_asked_for", error=str(asking.exception()))
                    await asyncio.sleep(BACK_OFF_S[1])
            finally:
                asking.cancel()
                idle.cancel()
                await asyncio.gather(asking, idle, return_exceptions=True)

    async def _until_idle(self) -> None:
        while True:
            await self._nobody.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._anybody.wait(), self.linger_s)
                continue
            return


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("live_work_ended")
        raise
