"""The deadlines of all actors of one host, on one event loop timer.

Deadlines are absolute wall times in microseconds, because they survive restarts. A cancelled or replaced one stays in
the heap until its time and is then passed over: that is cheaper than a handle per actor.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Protocol

from engine.clock import SECOND, Clock

MAX_SLEEP_S = 60.0


class Timed(Protocol):
    """Who has deadlines: `deadlines` maps a timer's name to the time that is in force."""

    deadlines: dict[str, int] | None

    def timer_fired(self, name: str) -> None: ...


class Timers:
    """Set, cancel and fire."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._heap: list[tuple[int, int, Timed, str]] = []
        self._order = itertools.count()
        self._handle: asyncio.TimerHandle | None = None
        self._next = 0

    def __len__(self) -> int:
        return len(self._heap)

    def set(self, who: Timed, name: str, at: int) -> None:
        """Fire `name` at `at` (microseconds); a deadline of the same name is replaced."""
        if who.deadlines is None:
            who.deadlines = {}
        who.deadlines[name] = at
        heapq.heappush(self._heap, (at, next(self._order), who, name))
        if self._handle is None or at < self._next:
            self._arm()

    def cancel(self, who: Timed, name: str) -> None:
        """Forget a deadline; one that is not set is no error."""
        if who.deadlines is not None:
            who.deadlines.pop(name, None)

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._heap:
            self._next = self._heap[0][0]
            # The wall clock may be set back or forward: look again at least once a minute.
            delay = min(max((self._next - self._clock.now()) / SECOND, 0.0), MAX_SLEEP_S)
            self._handle = self._loop.call_later(delay, self._fire)

    def _fire(self) -> None:
        self._handle = None
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            at, _, who, name = heapq.heappop(self._heap)
            if who.deadlines is not None and who.deadlines.get(name) == at:
                del who.deadlines[name]
                who.timer_fired(name)
        self._arm()

    def stop(self) -> None:
        """Fire nothing any more."""
        if self._handle is not None:
            self._handle.cancel()
        self._heap.clear()
