"""The supervisor: reconciles which Ray actors are wanted with which are there.

One watch per child, each isolated from the others' trouble. Ray itself restarts a process that died; the supervisor
makes anew what Ray has given up, and kills a child whose event loop does not answer for 10 s (the kernel would go on
giving a stuck host sockets).
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from typing import Any

import psutil
import ray
import structlog
from ray.exceptions import ActorDiedError, ActorUnavailableError, GetTimeoutError, RayActorError, RayError

from actors.children import Child, dedicated_child, ray_class, wanted_children
from actors.config import ClusterConfig, dedicated_host
from actors.resident import RESIDENT_OPTIONS, Resident
from engine.clock import SystemClock
from engine.errors import Unavailable
from engine.stores.changes import PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.pubsub import RedisPubSub
from engine.stores.registry import Registry
from engine.stores.sql.engine import connect

log = structlog.get_logger("supervisor")
PING_EVERY_S = 1.0
PING_PATIENCE_S = 2.0
STUCK_AFTER_S = 10.0
START_PATIENCE_S = 60.0
"""How long a process may take until its first answer; twice that after each one that was killed for it, at most
`LONGEST_PATIENCE_S`. On a busy machine a kill would only have it begin anew, and take from the others' time."""
LONGEST_PATIENCE_S = 480.0
DEDICATED_EVERY_S = 5.0


@dataclass(slots=True)
class Watched:
    """What is known of a child. Times are loop seconds.

    `answered` is when it answered last, or when its silence began to count: at its making or restart. `starting` is
    until a process has answered for the first time, `unheard` counts those that were killed before.
    """

    child: Child
    handle: Any = None
    answered: float = 0.0
    starting: bool = True
    unheard: int = 0
    made: int = 0
    killed: int = 0
    incarnations: list[str] = field(default_factory=list)
    since: int = 0
    """When the present incarnation was first seen, microseconds since the epoch."""
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def patience_s(self) -> float:
        """How long it may be silent now."""
        return min(START_PATIENCE_S * 2**self.unheard, LONGEST_PATIENCE_S) if self.starting else STUCK_AFTER_S

    def starts(self, now: float) -> None:
        """Another process is coming up."""
        self.starting, self.answered = True, now


class Supervisor(Resident):
    """The Ray actor named `supervisor`."""

    async def __init__(self, name: str, config: ClusterConfig) -> None:  # type: ignore[misc]
        self._watched: dict[str, Watched] = {}
        self._watches: list[asyncio.Task[None]] = []
        await super().__init__(name, config)

    async def run(self) -> None:
        for child in wanted_children(self.config):
            self._watched.setdefault(child.name, Watched(child))
        self._watches = [asyncio.create_task(self._watch(watched)) for watched in self._watched.values()]
        self._watches.append(asyncio.create_task(self._follow_registry()))
        self.ready, self.trouble = True, ""
        try:
            await self.stopping.wait()
        finally:
            for watch in self._watches:
                watch.cancel()
            await asyncio.gather(*self._watches, return_exceptions=True)

    async def _follow_registry(self) -> None:
        """Look after a host of its own for every charge point of `isolation: dedicated`."""
        database = connect(self.config.settings.sql_url, pool_size=1)
        bus = RedisPubSub.from_url(self.config.redis_url)
        registry = Registry(database, PubSubChangeFeed(bus), InstallationKey.load(self.config.data_dir))
        try:
            while True:
                try:
                    for charge_point in await registry.dedicated_ids():
                        key = dedicated_host(charge_point)
                        if key not in self._watched:
                            self._watched[key] = Watched(dedicated_child(charge_point))
                            self._watches.append(asyncio.create_task(self._watch(self._watched[key])))
                except Unavailable as error:
                    log.warning("registry_away", error=str(error))
                await asyncio.sleep(DEDICATED_EVERY_S)
        finally:
            await bus.aclose()
            await database.aclose()

    async def children(self) -> list[dict[str, Any]]:
        """How every child is: its last answer, how often it was made and killed, and since when it is silent."""
        now = asyncio.get_running_loop().time()
        return [
            {
                "name": w.child.name,
                "kind": w.child.kind,
                "ready": bool(w.last.get("ready")) and not w.starting and now - w.answered < STUCK_AFTER_S,
                "trouble": w.last.get("trouble", "starting"),
                "pid": w.last.get("pid"),
                "incarnation": w.last.get("incarnation"),
                "restarts": max(0, len(w.incarnations) - 1),
                "since": w.since,
                "made": w.made,
                "killed": w.killed,
                "silent_s": round(now - w.answered, 1) if w.answered else None,
            }
            for w in self._watched.values()
        ]

    async def stop_children(self, drain_per_s: float) -> None:
        """End all children in order: sockets and hosts first, then façade, consumers, and the stores' gateway last."""
        self.stopping.set()
        await asyncio.wait([self._life], timeout=5.0)
        for stage in sorted({w.child.stop_stage for w in self._watched.values()}):
            stopped = [self._stop(w) for w in self._watched.values() if w.child.stop_stage == stage]
            await asyncio.gather(*stopped)

    async def _stop(self, watched: Watched) -> None:
        handle = watched.handle
        if handle is None:
            return
        try:
            await asyncio.wait_for(handle.shutdown.remote(), timeout=25.0)
        except (RayError, TimeoutError) as error:
            log.warning("child_did_not_end", child=watched.child.name, error=str(error))
        ray.kill(handle, no_restart=True)

    # one child -------------------------------------------------------------------------------------------------------

    async def _watch(self, watched: Watched) -> None:
        loop = asyncio.get_running_loop()
        watched.answered = loop.time()
        while True:
            try:
                await self._look_after(watched, loop.time())
            except Exception:  # one child's trouble must not end the watch over it
                log.error("watch_failed", child=watched.child.name, exc_info=True)
            await asyncio.sleep(PING_EVERY_S)

    async def _look_after(self, watched: Watched, now: float) -> None:
        if watched.handle is None:
            watched.handle = self._make(watched)
        try:
            watched.last = await asyncio.wait_for(watched.handle.ping.remote(), timeout=PING_PATIENCE_S)
        except ActorDiedError:
            log.error("child_dead", child=watched.child.name)
            watched.handle = None
            return
        except (RayActorError, GetTimeoutError, TimeoutError) as error:
            if not watched.starting and isinstance(error, ActorUnavailableError) and "restarting" in str(error):
                # It died, and Ray is at it. (A stopped process may be "unavailable", too: that one has to be killed.)
                watched.starts(now)
            await self._silent(watched, now, error)
            return
        watched.answered = asyncio.get_running_loop().time()
        watched.starting, watched.unheard = False, 0
        incarnation = watched.last["incarnation"]
        if not watched.incarnations or watched.incarnations[-1] != incarnation:
            watched.incarnations.append(incarnation)
            watched.since = SystemClock().now()
            log.info("child_alive", child=watched.child.name, pid=watched.last["pid"], incarnation=incarnation)

    def _make(self, watched: Watched) -> Any:
        child = watched.child
        watched.made += 1
        options = RESIDENT_OPTIONS | {"name": child.name, "namespace": child.namespace, "get_if_exists": True}
        watched.starts(asyncio.get_running_loop().time())
        return ray_class(child.kind).options(**options).remote(child.name, self.config, *child.arguments)

    async def _silent(self, watched: Watched, now: float, error: BaseException) -> None:
        if now - watched.answered < watched.patience_s or watched.handle is None:
            return
        log.error("child_stuck", child=watched.child.name, silent_s=round(now - watched.answered, 1), error=str(error))
        # What has not answered yet is not the process that answered last.
        pid = None if watched.starting else watched.last.get("pid")
        watched.killed += 1
        watched.unheard += watched.starting
        watched.starts(now)
        if not _kill_process(pid, watched.child.name):
            ray.kill(watched.handle, no_restart=False)


def _kill_process(pid: int | None, name: str) -> bool:
    """SIGKILL a Ray worker of this node by pid. A stopped or spinning process does not hear Ray's own kill."""
    if pid is None or pid == os.getpid():
        return False
    try:
        process = psutil.Process(pid)
        if not process.cmdline() or not process.cmdline()[0].startswith("ray::"):
            return False
        process.send_signal(signal.SIGKILL)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    log.error("child_killed", child=name, child_pid=pid)
    return True
