"""Notices what holds up a host's event loop: every charger in the host waits for as long.

A heartbeat of the loop itself measures by how much it comes late; more than 50 ms counts as a blocking call.
"""

from __future__ import annotations

import asyncio
import gc

import structlog

log = structlog.get_logger("loop")
BEAT_S = 0.02
BLOCKED_S = 0.05


class LoopWatch:
    """Counts and measures blockings of the running loop: `blocked` times, `longest_s`, `total_s`."""

    def __init__(self) -> None:
        self.blocked = 0
        self.longest_s = 0.0
        self.total_s = 0.0
        self.beats = 0
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._due = self._loop.time() + BEAT_S
        self._handle = self._loop.call_at(self._due, self._beat)

    def stop(self) -> None:
        """End the watch."""
        if self._handle is not None:
            self._handle.cancel()

    def _beat(self) -> None:
        now = self._loop.time()
        late = now - self._due
        self.beats += 1
        if late > BLOCKED_S:
            self.blocked += 1
            self.total_s += late
            self.longest_s = max(self.longest_s, late)
            log.warning("event_loop_blocked", seconds=round(late, 3))
        self._due = now + BEAT_S
        self._handle = self._loop.call_at(self._due, self._beat)


class Freezer:
    """Moves long-lived actors out of the garbage collector's sight after a wave of activations.

    A full collection over 100,000 actors' state takes 100 to 150 ms, after `gc.freeze()` 0.02 ms.
    """

    def __init__(self, quiet_s: float = 5.0) -> None:
        self._quiet_s = quiet_s
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self.freezes = 0
        # What waits for a commit survives a few young collections anyway; the default of 700 looks at it all the time.
        gc.set_threshold(50_000, 20, 100)

    def activated(self) -> None:
        """Tell of an activation; the freeze comes when none has come for a while."""
        if self._handle is None:
            self._handle = self._loop.call_later(self._quiet_s, self._freeze)

    def _freeze(self) -> None:
        self._handle = None
        gc.collect()
        gc.freeze()
        self.freezes += 1

    def stop(self) -> None:
        """Freeze nothing any more."""
        if self._handle is not None:
            self._handle.cancel()
