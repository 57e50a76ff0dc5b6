"""Who watches which charge point's frames: a fan-out for each that is watched, gone with its last watcher."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from api.live.followers import Follower, Wants
from api.live.frame_fanout import FrameFanout
from api.ports.facade import Live
from engine.errors import Unavailable

MAX_WATCHED = 100
MAX_WATCHERS = 50
"""Charge points that are watched at a time, and watchers of one of them: each watched one is a connection to Redis."""


class Watches:
    """`frames(charge_point)` is the live feed of its frames."""

    def __init__(self, frames: Callable[[str], Live], *, settle_s: float = 1.5) -> None:
        self._frames, self._settle_s = frames, settle_s
        self._watched: dict[str, Watch] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._watched)

    def follow(self, charge_point: str, wants: Wants = lambda _: True) -> tuple[Watch, Follower]:
        """Join, as long as `wants` says yes. Raises Unavailable when too many watch already, or at shutdown."""
        if self._closed:
            raise Unavailable("This façade is shutting down.")
        watch = self._watched.get(charge_point)
        if watch is None:
            if len(self._watched) >= MAX_WATCHED:
                raise Unavailable("Too many charge points are watched at the moment.")
            fanout = FrameFanout(self._frames(charge_point), max_followers=MAX_WATCHERS, settle_s=self._settle_s)
            watch = self._watched[charge_point] = Watch(self, charge_point, fanout)
            fanout.start()
        return watch, watch.fanout.follow(wants)

    def end(self, watch: Watch) -> None:
        """Nobody watches it any more."""
        if self._watched.get(watch.charge_point) is watch:
            del self._watched[watch.charge_point]
        ending = asyncio.create_task(watch.fanout.stop())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    def close(self) -> None:
        """End every watcher's stream and take no new ones."""
        self._closed = True
        for watch in self._watched.values():
            watch.fanout.close()

    async def stop(self) -> None:
        """End everything, and wait until it has ended."""
        self.close()
        await asyncio.gather(*self._endings, *(watch.fanout.stop() for watch in self._watched.values()))


class Watch:
    """One charge point that is watched; to a stream it is what a fan-out is."""

    def __init__(self, watches: Watches, charge_point: str, fanout: FrameFanout) -> None:
        self._watches, self.charge_point, self.fanout = watches, charge_point, fanout

    def leave(self, follower: Follower) -> None:
        self.fanout.leave(follower)
        if not self.fanout.followers:
            self._watches.end(self)
