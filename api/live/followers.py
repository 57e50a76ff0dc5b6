"""Who follows a live feed: each behind a queue of bounded length, so that none can hold up the others.

Who does not keep up is dropped: a feed's memory does not grow with the slowest reader.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

from api.ports.facade import LiveEvent
from engine.errors import Unavailable

QUEUE_LENGTH = 2_000
MAX_FOLLOWERS = 1000

Wants = Callable[[str], bool]
"""Whether what concerns this charge point is wanted, and may be told."""


class Follower:
    """One reader's queue. `ended` is set when the reader was dropped or the façade closes."""

    def __init__(self, wants: Wants, length: int, backlog: Sequence[LiveEvent] = ()) -> None:
        self._wants, self._length = wants, length + len(backlog)
        self._waiting: deque[LiveEvent] = deque(each for each in backlog if self._is_for_us(each))
        self._news = asyncio.Event()
        self.ended = asyncio.Event()
        if self._waiting:
            self._news.set()

    def end(self) -> None:
        """Nothing more comes, and what waits is thrown away."""
        self.ended.set()
        self._waiting.clear()
        self._news.set()

    def offer(self, event: LiveEvent) -> None:
        """Queue it, if it is wanted."""
        if self.ended.is_set() or not self._is_for_us(event):
            return
        if len(self._waiting) >= self._length:
            self.end()
            return
        self._waiting.append(event)
        self._news.set()

    async def take(self, patience_s: float) -> list[LiveEvent] | None:
        """All that waits, as soon as something does; nothing after `patience_s` without any, None at the end."""
        if not self._waiting and not self.ended.is_set():
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._news.wait()
        if self.ended.is_set():
            return None
        events = list(self._waiting)
        self._waiting.clear()
        return events

    def _is_for_us(self, event: LiveEvent) -> bool:
        # What is about no charge point (a gap in the feed) is for everyone.
        return not event.charge_point or self._wants(event.charge_point)


class Followers:
    """All who follow one feed."""

    def __init__(self, queue_length: int = QUEUE_LENGTH, max_followers: int = MAX_FOLLOWERS) -> None:
        self._length, self._max = queue_length, max_followers
        self._followers: set[Follower] = set()
        self._closed = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._followers)

    def join(self, wants: Wants, backlog: Sequence[LiveEvent] = ()) -> Follower:
        """Another one. Raises Unavailable when too many follow already, or at shutdown."""
        if self._closed:
            raise Unavailable("This façade is shutting down.")
        if len(self._followers) >= self._max:
            raise Unavailable("Too many follow the live events of this façade.")
        follower = Follower(wants, self._length, backlog)
        self._followers.add(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        """It reads no more."""
        self._followers.discard(follower)

    def offer(self, event: LiveEvent) -> None:
        """Tell all who want it."""
        for follower in self._followers:
            if not follower.ended.is_set():
                follower.offer(event)
                self.dropped += follower.ended.is_set()

    def close(self) -> None:
        """End every follower's stream and take no new ones."""
        self._closed = True
        self.end_all()

    def end_all(self) -> None:
        """End every follower's stream."""
        for follower in self._followers:
            follower.end()


async def batches(follower: Follower, *, heartbeat_s: float, pace_s: float = 0.0) -> AsyncIterator[list[LiveEvent]]:
    """What a follower is to be told, until it is ended; an empty batch when nothing happened for `heartbeat_s`.

    The first event goes out at once; what comes within `pace_s` of the last batch goes out together.
    """
    loop = asyncio.get_running_loop()
    last = loop.time() - pace_s
    while True:
        events = await follower.take(heartbeat_s)
        if events is None:
            return
        rest = last + pace_s - loop.time()
        if events and rest > 0:
            await asyncio.sleep(rest)
            more = await follower.take(0.0)
            if more is None:
                return
            events += more
        last = loop.time()
        yield events


def frame(event: LiveEvent) -> bytes:
    """One event in the text/event-stream format. JSON has no bare line ends, so one data line is enough."""
    number = b"id: %b\n" % event.id.encode() if event.id else b""
    return b"%bevent: %b\ndata: %b\n\n" % (number, event.kind.encode(), event.data)
