"""Brings a whole installation up on this machine and down again: what `raycharge up` runs.

Order up: locks, what the last run left, Valkey, SQL migrations, Ray, the supervisor (which makes everything else).
Order down: sockets, hosts, façade, consumers, chDB, Ray, Valkey. The launcher looks after Valkey and the supervisor;
the supervisor after all the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import psutil
import ray
import structlog
from ray.exceptions import ActorDiedError, RayActorError, RayError

from actors.children import ray_class, wanted_children
from actors.config import NAMESPACE, SUPERVISOR, ClusterConfig, configure_logging
from actors.foundation import Foundation, lay_foundation
from actors.resident import RESIDENT_OPTIONS
from engine.errors import ConfigurationError
from engine.settings import Settings

log = structlog.get_logger("launcher")
READY_WITHIN_S = 300.0
WATCH_EVERY_S = 1.0
SUPERVISOR_STUCK_S = 15.0
RAY_FAREWELL_S = 5.0
RAY_ENVIRONMENT = {
    # Ray's memory monitor would kill hosts when chDB's caches fill the machine; chDB has a limit of its own.
    "RAY_memory_monitor_refresh_ms": "0",
    # A busy machine takes longer than Ray's thirty seconds, and then is told that Ray is broken.
    "RAY_raylet_start_wait_time_s": "180",
    # Ray takes its workers for batches that anything else may push aside (15): chargers and people wait for ours.
    "RAY_worker_niceness": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of starting, for people. `done` is False while it is under way."""

    text: str
    done: bool = False


Tell = Callable[[Progress], None]


class Cluster:
    """A running installation. `start`, then `watch` until stopped, then `stop`; also the tests' way to run one."""

    def __init__(self, settings: Settings, tell: Tell) -> None:
        self.settings = settings.model_copy(update={"data_dir": settings.data_dir.absolute()})
        self.stopping = asyncio.Event()
        self._tell = tell
        self._foundation: Foundation | None = None
        self._config: ClusterConfig | None = None
        self._supervisor: Any = None
        self._answered = 0.0
        self._watching: asyncio.Task[None] | None = None

    @property
    def config(self) -> ClusterConfig:
        """The resolved addresses. Raises ConfigurationError before `start` has come so far."""
        if self._config is None:
            raise ConfigurationError("The installation has not been started.")
        return self._config

    @property
    def first_login(self) -> tuple[str, str] | None:
        """E-mail and password of the first admin, if this start made it."""
        return self._foundation.first_login if self._foundation is not None else None

    async def start(self) -> None:
        """Bring everything up and wait until it is ready. Raises ConfigurationError with what to do."""
        self._foundation = await lay_foundation(self.settings, self._say)
        self._config = self._foundation.config
        configure_logging(self._config, "launcher")
        self._say("Starting Ray")
        await asyncio.to_thread(self._start_ray)
        self._foundation.record_descendants()
        self._make_supervisor()
        self._watching = asyncio.create_task(self._watch())
        await self._until_ready()
        self._foundation.record_descendants()

    async def stop(self) -> None:
        """End all children in order. Idempotent; also after a start that failed half-way."""
        self.stopping.set()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._supervisor is not None:
            self._say("Closing sockets, hosts and consumers")
            with contextlib.suppress(RayError, TimeoutError):
                await asyncio.wait_for(_result(self._supervisor.stop_children.remote(500.0)), timeout=60.0)
            self._supervisor = None
        if ray.is_initialized():
            await asyncio.to_thread(_end_ray)
        if self._foundation is not None:
            self._say("Closing stores")
            await self._foundation.close()
            self._foundation = None
            self._tell(Progress("Stopped", done=True))

    def _say(self, text: str) -> None:
        log.info("progress", text=text)
        self._tell(Progress(text))

    # Ray -------------------------------------------------------------------------------------------------------------

    def _start_ray(self) -> None:
        os.environ.update(RAY_ENVIRONMENT)
        if self.settings.ray_address != "local":
            ray.init(address=self.settings.ray_address, namespace=NAMESPACE, log_to_driver=False)
        else:
            ray.init(
                address="local",
                namespace=NAMESPACE,
                num_cpus=max(4, os.cpu_count() or 1),
                object_store_memory=150_000_000,
                include_dashboard=True,
                dashboard_host="127.0.0.1",
                dashboard_port=0,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _node_ip_address="127.0.0.1",
            )
        # For people: env $(cat data/run/ray.env) ray list actors
        address, mode = ray.get_runtime_context().gcs_address, os.environ.get("RAY_AUTH_MODE", "disabled")
        (self.config.run_dir / "ray.env").write_text(f"RAY_ADDRESS={address}\nRAY_AUTH_MODE={mode}\n")

    def _make_supervisor(self) -> None:
        options = RESIDENT_OPTIONS | {"name": SUPERVISOR, "namespace": NAMESPACE, "get_if_exists": True}
        self._supervisor = ray_class("supervisor").options(**options).remote(SUPERVISOR, self._config)
        self._answered = asyncio.get_running_loop().time() + 30.0

    async def children(self) -> list[dict[str, Any]]:
        """How every child is, as the supervisor tells; empty while it does not answer."""
        try:
            told: list[dict[str, Any]] = await asyncio.wait_for(
                _result(self._supervisor.children.remote()), timeout=3.0
            )
        except (RayError, TimeoutError):
            return []
        return told

    async def _until_ready(self) -> None:
        wanted = {child.name for child in wanted_children(self._config)} if self._config is not None else set()
        shown: set[str] = set()
        deadline = asyncio.get_running_loop().time() + READY_WITHIN_S
        troubles: dict[str, str] = {}
        while asyncio.get_running_loop().time() < deadline and not self.stopping.is_set():
            told = await self.children()
            ready = {child["name"] for child in told if child["ready"]}
            troubles = {child["name"]: child["trouble"] for child in told if not child["ready"]}
            for name in sorted(ready - shown):
                self._say(f"{name} is ready")
            shown |= ready
            if wanted <= ready:
                return
            await asyncio.sleep(0.3)
        if not self.stopping.is_set():
            late = "; ".join(f"{name}: {why}" for name, why in sorted(troubles.items())) or "the supervisor is silent"
            raise ConfigurationError(
                f"Not ready after {READY_WITHIN_S:.0f} s ({late}). Look into {self.settings.data_dir}/log."
            )

    # looking after what nobody else looks after ----------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            try:
                await self._supervisor_alive()
            except Exception:  # the watch itself must go on
                log.error("watch_failed", exc_info=True)

    async def _supervisor_alive(self) -> None:
        now = asyncio.get_running_loop().time()
        try:
            await asyncio.wait_for(_result(self._supervisor.ping.remote()), timeout=3.0)
            self._answered = now
        except ActorDiedError:
            log.error("supervisor_dead")
            self._make_supervisor()
        except (RayActorError, TimeoutError):
            if now - self._answered > SUPERVISOR_STUCK_S:
                log.error("supervisor_stuck", silent_s=round(now - self._answered, 1))
                ray.kill(self._supervisor, no_restart=False)
                self._answered = now + 15.0


def _end_ray() -> None:
    """Shut Ray down and see its processes off: the dashboard's own children outlive it by moments."""
    theirs = [process for process in psutil.Process().children(recursive=True) if _is_of_ray(process)]
    ray.shutdown()
    for process in psutil.wait_procs(theirs, timeout=RAY_FAREWELL_S)[1]:
        log.warning("ray_process_killed", pid=process.pid)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _is_of_ray(process: psutil.Process) -> bool:
    try:
        said = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return any(word in said for word in ("ray::", "ray-dashboard", "site-packages/ray/"))


async def _result(reference: Any) -> Any:
    return await reference


Beside = Callable[["Cluster"], Coroutine[Any, Any, None]]


async def up(settings: Settings, tell: Tell, ready: Callable[[Cluster], None], beside: Beside | None = None) -> None:
    """Run an installation until SIGINT or SIGTERM, then end it in order.

    `ready` is called once everything answers; `beside` runs from then on until the end (a demonstration, say).
    """
    cluster = Cluster(settings, tell)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, cluster.stopping.set)
    stopping = asyncio.create_task(cluster.stopping.wait())
    work: asyncio.Task[None] = asyncio.create_task(cluster.start())
    try:
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            return
        work.result()
        ready(cluster)
        if beside is not None:
            work = asyncio.create_task(beside(cluster))
        await stopping
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await cluster.stop()
