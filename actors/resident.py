"""What every long-lived Ray actor of ours is: born without failing, started again and again until it runs.

Ray restarts what died, not what failed: an exception in `__init__` makes an actor dead for good, and a server that a
method started does not come back. So a resident's `__init__` only schedules `run`, and `run` is retried for ever.
"""

from __future__ import annotations

import asyncio
import gc
import os
from typing import Any

import structlog

from actors.config import ClusterConfig, configure_logging
from actors.embedded.processes import record_process
from engine.ids import new_id

log = structlog.get_logger("resident")
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
SETTLED_S = 5.0
"""How long after it is ready a process has made what it will keep."""

RESIDENT_OPTIONS: dict[str, Any] = {
    "num_cpus": 0,
    "max_restarts": -1,
    "max_task_retries": 0,
    "max_concurrency": 10_000,
    "lifetime": "detached",
}


def _file_name(name: str) -> str:
    """A charge point's id as part of a file's name."""
    return "".join(c if c.isalnum() or c in "-_." else f"={ord(c):x}" for c in name)


def set_apart() -> None:
    """Take all objects that there are out of the garbage collector's sight.

    Modules, routes, models and compiled statements are half a million objects that live as long as the process. To look
    through them takes a third of a second, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()


class Resident:
    """Base of host, supervisor, projections, stores and façade. Subclasses write `run` and, if need be, `leave`."""

    async def __init__(self, name: str, config: ClusterConfig) -> None:  # type: ignore[misc]
        self.name = name
        self.config = config
        self.incarnation = new_id()
        self._ready = False
        self.trouble = "starting"
        self.attempts = 0
        self.stopping = asyncio.Event()
        # Python's 700 is for small programs: ours make as many objects for one request.
        gc.set_threshold(10_000, 10, 10)
        configure_logging(config, name)
        record_process(config.run_dir, _file_name(name))
        self._life = asyncio.create_task(self._live())

    @property
    def ready(self) -> bool:
        """Whether the work is being done. Once it is, what was made for it is kept out of the collector's sight."""
        return self._ready

    @ready.setter
    def ready(self, ready: bool) -> None:
        if ready and not self._ready:
            asyncio.get_running_loop().call_later(SETTLED_S, set_apart)
        self._ready = ready

    async def run(self) -> None:
        """Do the work until `stopping` is set. Set `ready` when it is being done."""
        raise NotImplementedError

    async def leave(self) -> None:
        """Give back what `run` may have left open, before it is tried again or the actor ends."""

    async def ping(self) -> dict[str, Any]:
        """Tell that the event loop turns, and how the work is."""
        return {
            "name": self.name,
            "pid": os.getpid(),
            "incarnation": self.incarnation,
            "ready": self.ready,
            "trouble": self.trouble,
            "attempts": self.attempts,
        }

    async def shutdown(self) -> None:
        """Finish the work in order; the caller ends the process afterwards."""
        self.stopping.set()
        await asyncio.wait([self._life], timeout=20.0)

    async def _live(self) -> None:
        pause = FIRST_PAUSE_S
        while not self.stopping.is_set():
            began = asyncio.get_running_loop().time()
            self.attempts += 1
            try:
                await self.run()
            except Exception as error:  # whatever it was, trying again is all that helps
                self.trouble = f"{type(error).__name__}: {error}"
                log.error("resident_failed", name=self.name, error=self.trouble, exc_info=True)
            self.ready = False
            try:
                await self.leave()
            except Exception:  # leaving is best effort; the next attempt starts from nothing
                log.warning("leaving_failed", name=self.name, exc_info=True)
            if asyncio.get_running_loop().time() - began > 30.0:
                pause = FIRST_PAUSE_S
            if not self.stopping.is_set():
                await asyncio.wait([asyncio.ensure_future(self.stopping.wait())], timeout=pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
