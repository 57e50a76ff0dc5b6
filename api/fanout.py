"""Fans the live feed out to the browsers that follow it, each behind a queue of bounded length.

Who does not keep up is dropped: the feed's memory does not grow with the slowest reader. The feed is joined only while
somebody follows, because its projection takes no entry apart while nobody listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import structlog

from api.ports import Live, LiveEvent
from engine.errors import Unavailable

log = structlog.get_logger("api.live")

QUEUE_LENGTH = 512
MAX_FOLLOWERS = 1000
_BACK_OFF_S = (0.2, 5.0)
_GAP = LiveEvent("0-0", "", "gap", b'{"type":"gap","charge_point":"","data":{}}')


class Follower:
    """One reader's queue. `ended` is set when the reader was dropped or the façade closes."""

    def __init__(self, charge_points: frozenset[str], length: int) -> None:
        self.charge_points = charge_points
        self.queue: asyncio.Queue[LiveEvent | None] = asyncio.Queue(length)
        self.ended = asyncio.Event()

    def end(self) -> None:
        """Nothing more comes, and what waits is thrown away. None in the queue ends `frames`."""
        self.ended.set()
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)

    def offer(self, event: LiveEvent) -> None:
        # What is about no charge point (a gap in the feed) is for everyone.
        if event.charge_point and self.charge_points and event.charge_point not in self.charge_points:
            return
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.end()


class Fanout:
    """Reads the feed once for all followers; joins it anew, with backing off, whenever it breaks.

    The feed notices a new listener only after a while: `settle_s` after joining it, the followers are told that there
    may be a gap. It is left when nobody has followed for `linger_s`.
    """

    def __init__(
        self,
        live: Live,
        *,
        queue_length: int = QUEUE_LENGTH,
        max_followers: int = MAX_FOLLOWERS,
        settle_s: float = 1.5,
        linger_s: float = 10.0,
    ) -> None:
        self._live, self._length, self._max = live, queue_length, max_followers
        self.settle_s, self.linger_s = settle_s, linger_s
        self._followers: set[Follower] = set()
        self._anybody = asyncio.Event()
        self._nobody = asyncio.Event()
        self._nobody.set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self.dropped = 0
        self.breaks = 0

    @property
    def followers(self) -> int:
        return len(self._followers)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="api-live-fanout")

    async def stop(self) -> None:
        """End every follower's stream, then the reading."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def close(self) -> None:
        """End every follower's stream and take no new ones."""
        self._closed = True
        self.end_all()

    def end_all(self) -> None:
        for follower in self._followers:
            follower.end()

    def follow(self, charge_points: frozenset[str]) -> Follower:
        """Join. Raises Unavailable when too many follow already, or at shutdown."""
        if self._closed:
            raise Unavailable("This façade is shutting down.")
        if len(self._followers) >= self._max:
            raise Unavailable("Too many follow the live events of this façade.")
        follower = Follower(charge_points, self._length)
        self._followers.add(follower)
        self._anybody.set()
        self._nobody.clear()
        return follower

    def leave(self, follower: Follower) -> None:
        self._followers.discard(follower)
        if not self._followers:
            self._anybody.clear()
            self._nobody.set()

    async def _run(self) -> None:
        pause = _BACK_OFF_S[0]
        while True:
            await self._anybody.wait()
            began = asyncio.get_running_loop().time()
            if await self._read_while_followed():
                continue
            # What was published meanwhile is lost to the followers: let them come back and read the state anew.
            self.breaks += 1
            self.end_all()
            if asyncio.get_running_loop().time() - began > _BACK_OFF_S[1]:
                pause = _BACK_OFF_S[0]
            await asyncio.sleep(pause)
            pause = min(pause * 2, _BACK_OFF_S[1])

    async def _read_while_followed(self) -> bool:
        """Read the feed; True when it was left because nobody followed any more, False when it broke."""
        idle = asyncio.create_task(self._until_idle())
        tasks = {idle, asyncio.create_task(self._read()), asyncio.create_task(self._tell_gap())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return idle.done()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for event in self._live.events():
                self._offer(event)
        except Unavailable as error:
            log.warning("live feed broke", error=str(error))
        except Exception:
            log.exception("live feed failed")

    async def _tell_gap(self) -> None:
        await asyncio.sleep(self.settle_s)
        self._offer(_GAP)
        await asyncio.Event().wait()

    async def _until_idle(self) -> None:
        while True:
            await self._nobody.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._anybody.wait(), self.linger_s)
                continue
            return

    def _offer(self, event: LiveEvent) -> None:
        for follower in self._followers:
            if not follower.ended.is_set():
                follower.offer(event)
                self.dropped += follower.ended.is_set()


async def frames(follower: Follower, *, heartbeat_s: float) -> AsyncIterator[bytes]:
    """Write a follower's events as server-sent events, with a comment when nothing happened for `heartbeat_s`,
    until the follower is ended."""
    while True:
        try:
            event = await asyncio.wait_for(follower.queue.get(), heartbeat_s)
        except TimeoutError:
            yield b": still here\n\n"
            continue
        if event is None:
            return
        yield frame(event)


def frame(event: LiveEvent) -> bytes:
    """One event in the text/event-stream format. JSON has no bare line ends, so one data line is enough."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event.id.encode(), event.kind.encode(), event.data)
