"""Fans one charge point's frames out to those who watch them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from api.live.fanout import BACK_OFF_S
from api.live.followers import Follower, Followers, Wants
from api.ports.facade import GAP, Live
from engine.errors import Unavailable

log = structlog.get_logger("api.live")


class FrameFanout:
    """Reads while it is there, and joins the feed anew, with backing off, whenever it breaks.

    The feed notices a new listener only after a while: `settle_s` after joining it, the watchers are told that there
    may be a gap.
    """

    def __init__(self, live: Live, *, max_followers: int, settle_s: float) -> None:
        self._live, self._settle_s = live, settle_s
        self.readers = Followers(max_followers=max_followers)
        self._task: asyncio.Task[None] | None = None

    @property
    def followers(self) -> int:
        return len(self.readers)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="api-frames")

    async def stop(self) -> None:
        """End every watcher's stream, then the reading."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def close(self) -> None:
        """End every watcher's stream and take no new ones."""
        self.readers.close()

    def follow(self, wants: Wants) -> Follower:
        """Join. Raises Unavailable when too many watch already, or at shutdown."""
        return self.readers.join(wants)

    def leave(self, follower: Follower) -> None:
        self.readers.leave(follower)

    async def _run(self) -> None:
        pause = BACK_OFF_S[0]
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            settling = asyncio.create_task(self._tell_gap())
            try:
                async for event in self._live.events():
                    if event.kind != GAP.kind:
                        self.readers.offer(event)
            except Unavailable as error:
                log.warning("frames broke", error=str(error))
            except Exception:
                log.exception("frames failed")
            finally:
                settling.cancel()
            # What was published meanwhile is lost to the watchers: let them come back.
            self.readers.end_all()
            if loop.time() - began > BACK_OFF_S[1]:
                pause = BACK_OFF_S[0]
            await asyncio.sleep(pause)
            pause = min(pause * 2, BACK_OFF_S[1])

    async def _tell_gap(self) -> None:
        await asyncio.sleep(self._settle_s)
        self.readers.offer(GAP)
