"""The host: the Ray actor in which thousands of charge points live, around their sockets and one runtime.

`Host` has a gateway and any number of actors, `DedicatedHost` just one actor and no gateway: its frames come over
relays from the hosts that have the socket. Same runtime, same actors.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import ray
import structlog
from ray.exceptions import RayError

from actors.children import dedicated_child, ray_class
from actors.config import (
    DEDICATED_NAMESPACE,
    NAMESPACE,
    ClusterConfig,
    dedicated_charge_point,
    dedicated_host,
    host_name,
)
from actors.doorkeeper import Doorkeeper
from actors.gateway.limits import ConnectionLimits
from actors.gateway.listener import Admitted, Listener
from actors.gateway.socket import Socket
from actors.gateway.tls_material import TlsFiles
from actors.host_metrics import Metric, host_metrics
from actors.loop_watch import LoopWatch
from actors.relay import LOST, LOST_REASON, RelayedOwner, RemoteSocket
from actors.resident import RESIDENT_OPTIONS, Resident
from actors.runtime import Runtime
from actors.stores import Stores, open_stores
from engine.errors import JournalUnavailable
from engine.ids import new_id
from engine.ocpp.version import VERSIONS

log = structlog.get_logger("host")
LEASE_EVERY_S = 2.0
LEASE_TTL_S = 10.0
READY_PATIENCE_S = 20.0


class BaseHost(Resident):
    """What both kinds of host share: the runtime and what others may ask of its actors."""

    directory_name: str

    async def __init__(self, name: str, config: ClusterConfig) -> None:  # type: ignore[misc]
        self.directory_name = name
        self.runtime: Runtime | None = None
        self.stores: Stores | None = None
        self.watch: LoopWatch | None = None
        self._lost = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []
        self._loose: set[asyncio.Task[Any]] = set()
        await super().__init__(name, config)

    async def _open(self) -> Runtime:
        """Open stores and make the runtime. Each attempt is a new incarnation: commit numbers start anew."""
        self.incarnation = new_id()
        self._lost = asyncio.Event()
        self.stores = await open_stores(self.config)
        self.runtime = Runtime(
            self.directory_name,
            self.incarnation,
            self.config.settings,
            self.stores.journal,
            self.stores.tokens,
            admissions=self.stores.admissions,
            tariffs=self.stores.business.tariff_book,
            on_taken_over=self._taken_over,
            on_lost=lambda error: self._lost.set(),
        )
        await self.runtime.start()
        await self.stores.journal.renew_lease(self.directory_name, self.incarnation, LEASE_TTL_S)
        self.watch = LoopWatch()
        self.watch.start()
        self._spawn(self._keep_lease(self.runtime))
        self._spawn(self.stores.follow_changes())
        return self.runtime

    def _spawn(self, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _until_told(self) -> None:
        """Stay until asked to stop. Raises when this incarnation can commit no more, so that `run` starts anew."""
        stop = asyncio.ensure_future(self.stopping.wait())
        lost = asyncio.ensure_future(self._lost.wait())
        done, _ = await asyncio.wait({stop, lost, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (stop, lost):
            waiting.cancel()
        if lost in done:
            raise JournalUnavailable("this incarnation's commits are refused")
        for task in done & set(self._tasks):
            task.result()

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self.watch is not None:
            self.watch.stop()
            self.watch = None
        if self.runtime is not None:
            await self.runtime.stop()
            for actor in list(self.runtime.actors.values()):
                actor.end(LOST_REASON)
            self.runtime = None
        if self.stores is not None:
            await self.stores.aclose()
            self.stores = None

    async def _keep_lease(self, runtime: Runtime) -> None:
        assert self.stores is not None
        while True:
            await asyncio.sleep(LEASE_EVERY_S)
            try:
                await self.stores.journal.renew_lease(self.directory_name, self.incarnation, LEASE_TTL_S)
            except JournalUnavailable:
                # The lease does not run out while the journal is away: nobody could take it either.
                runtime.committer.heard(False)
            else:
                runtime.committer.heard(True)

    def _taken_over(self, host: str, charge_point: str, epoch: int) -> None:
        self._spawn_loose(self._tell_former(host, charge_point, epoch))

    def _spawn_loose(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)

    async def _tell_former(self, host: str, charge_point: str, epoch: int) -> None:
        try:
            await host_handle(host).release.remote(charge_point, epoch)
        except (RayError, ValueError) as error:
            # It will find out by itself: its next commit is refused.
            log.info("former_holder_not_told", host=host, charge_point=charge_point, error=str(error)[:200])

    # what others ask -------------------------------------------------------------------------------------------------

    def _running(self) -> Runtime:
        if self.runtime is None or not self.ready:
            raise JournalUnavailable(f"{self.name} is not ready: {self.trouble or 'starting'}")
        return self.runtime

    async def release(self, charge_point: str, epoch: int) -> None:
        """Another host has claimed the charge point with this epoch."""
        if self.runtime is not None:
            self.runtime.release(charge_point, epoch)

    async def command(self, charge_point: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out a command; see `Runtime.command`. Returns `Ended` as a mapping."""
        return asdict(await self._running().command(charge_point, **request))

    async def operate(self, charge_point: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out an operation; see `Runtime.operate`. Returns `Ended` as a mapping."""
        return asdict(await self._running().operate(charge_point, **request))

    async def actors(self, limit: int = 1000, after: str = "") -> dict[str, Any]:
        """The logical actors in this host, in order of id."""
        runtime = self.runtime
        return {
            **(await self.ping()),
            "node": ray.get_runtime_context().get_node_id(),
            "count": len(runtime.actors) if runtime is not None else 0,
            "actors": runtime.describe(limit, after) if runtime is not None else [],
        }

    async def metrics(self) -> list[Metric]:
        """The numbers of this host."""
        return host_metrics(self)


class Host(BaseHost):
    """A host with a gateway."""

    async def __init__(self, name: str, config: ClusterConfig) -> None:  # type: ignore[misc]
        self.listener: Listener | None = None
        self.tls_files: TlsFiles | None = None
        self._relays: dict[str, RelayedOwner] = {}
        await super().__init__(name, config)

    async def run(self) -> None:
        runtime = await self._open()
        assert self.stores is not None
        settings = self.config.settings
        self.tls_files = files = TlsFiles.of(settings)
        self.listener = Listener(
            Doorkeeper.of(self.stores, settings, files, self._connected),
            ConnectionLimits.of(settings),
            supported=tuple(VERSIONS),
            default=settings.default_subprotocol,
            handshakes_per_s=settings.handshakes_per_s,
        )
        await self.listener.start(settings.bind, settings.ocpp_port)
        self._listen_tls(self.listener, files)
        self.ready, self.trouble = True, ""
        log.info("host_ready", incarnation=self.incarnation)
        adopted = await runtime.adopt(await runtime.journal.held_by(self.name))
        if self.name == host_name(0):
            adopted += await self._adopt_orphans(runtime)
        log.info("adopted", actors=adopted)
        await self._until_told()

    def _listen_tls(self, listener: Listener, files: TlsFiles) -> None:
        """Listen with TLS where there are certificates: at once, or when those that cannot be used are mended.

        A file that somebody broke while we ran must not keep the stations of the plain port waiting after a restart.
        """
        if not files.configured:
            return
        files.reload()
        if files.material is None:
            self._spawn(self._listen_tls_later(listener, files))
        else:
            self._open_tls_ports(listener, files)

    async def _listen_tls_later(self, listener: Listener, files: TlsFiles) -> None:
        await files.usable()
        self._open_tls_ports(listener, files)
        await self.stopping.wait()

    def _open_tls_ports(self, listener: Listener, files: TlsFiles) -> None:
        settings = self.config.settings
        listener.start_tls(settings.bind, settings.ocpp_tls_port, files.modern)
        if settings.ocpp_legacy_tls_port:
            listener.start_tls(settings.bind, settings.ocpp_legacy_tls_port, files.legacy)
        self._spawn(files.keep_current())

    async def _adopt_orphans(self, runtime: Runtime) -> int:
        """Take over from hosts that are not wanted any more (fewer RAYCHARGE_HOSTS than at the last start)."""
        wanted = {host_name(number) for number in range(self.config.settings.hosts)}
        former = {host for host in await runtime.journal.holders() if dedicated_charge_point(host) is None} - wanted
        return sum([await runtime.adopt(await runtime.journal.held_by(host)) for host in sorted(former)])

    async def leave(self) -> None:
        listener, self.listener = self.listener, None
        if listener is not None:
            await listener.stop()
        await super().leave()

    async def shutdown(self) -> None:
        await self.drain(1000.0)
        await super().shutdown()

    async def drain(self, per_s: float) -> None:
        """Close all sockets at this rate with close code 1012, so that stations move to other hosts."""
        if self.listener is not None:
            await self.listener.drain(per_s)

    def _connected(self, socket: Socket, admitted: Admitted, subprotocol: str) -> None:
        if admitted.dedicated:
            key = new_id()
            handle = dedicated_handle(admitted.charge_point, self.config)
            relay = RelayedOwner(key, socket, handle, lambda: self._relays.pop(key, None))
            self._relays[key] = relay
            socket.owner = relay
            self._spawn_loose(self._open_relay(relay, subprotocol))
            return
        runtime = self.runtime
        if runtime is None:
            socket.close(LOST, LOST_REASON)
            return
        held = _Held()
        socket.owner = held
        self._spawn_loose(self._attach(runtime, socket, held, admitted.charge_point, subprotocol))

    async def _attach(self, runtime: Runtime, socket: Socket, held: _Held, charge_point: str, subprotocol: str) -> None:
        """Give the socket to its actor, which is made if need be. Frames that come meanwhile are kept in order."""
        await runtime.still_ours(charge_point)
        if held.closed:
            return
        actor = runtime.actor(charge_point)
        socket.owner = actor
        actor.connect(socket, subprotocol)
        for text in held.frames:
            actor.frame_received(socket, text)

    async def _open_relay(self, relay: RelayedOwner, subprotocol: str) -> None:
        try:
            await relay.attach(self.name, subprotocol)
        except RayError as error:
            log.info("relay_not_opened", error=str(error).splitlines()[0])
            relay.lost()

    async def relay_out(self, key: str, first: int, items: list[Any]) -> bool:
        """Frames from a dedicated actor to a socket of this host."""
        relay = self._relays.get(key)
        return relay is not None and relay.deliver(first, items)

    async def relay_holds(self, key: str) -> bool:
        """Whether this host still has the socket."""
        return key in self._relays


class _Held:
    """The owner of a socket between handshake and actor: keeps frames for the actor."""

    __slots__ = ("closed", "frames")

    def __init__(self) -> None:
        self.closed = False
        self.frames: list[bytes] = []

    def frame_received(self, socket: Socket, text: bytes) -> None:
        self.frames.append(text)

    def socket_closed(self, socket: Socket, code: int, reason: str) -> None:
        self.closed = True


class DedicatedHost(BaseHost):
    """A host with room for one charge point, whose id is this Ray actor's name."""

    async def __init__(self, name: str, config: ClusterConfig) -> None:  # type: ignore[misc]
        self._remote: RemoteSocket | None = None
        self._started = asyncio.Event()
        await super().__init__(name, config)
        self.directory_name = dedicated_host(name)

    async def run(self) -> None:
        self.directory_name = dedicated_host(self.name)
        runtime = await self._open()
        self.ready, self.trouble = True, ""
        self._started.set()
        await runtime.actor(self.name).activated()
        self._spawn(self._watch_relay())
        await self._until_told()

    async def leave(self) -> None:
        self._started.clear()
        self._remote = None
        await super().leave()

    async def relay_open(self, key: str, host: str, subprotocol: str, remote: str) -> None:
        """A socket in another host is this charge point's newest connection."""
        await asyncio.wait_for(self._started.wait(), timeout=READY_PATIENCE_S)
        runtime = self._running()
        socket = RemoteSocket(key, host, host_handle(host), remote, self._gone)
        self._remote = socket
        runtime.actor(self.name).connect(socket, subprotocol)

    async def relay_frames(self, key: str, first: int, items: list[Any]) -> bool:
        """Frames from the socket; False ends the relay (a newer one is in force, or some were lost)."""
        socket = self._remote
        if socket is None or socket.key != key or self.runtime is None:
            return False
        fresh = socket.take(first, items)
        if fresh is None:
            socket.lost()
            return False
        actor = self.runtime.actor(self.name)
        for item in fresh:
            if isinstance(item, bytes):
                actor.frame_received(socket, item)
            else:
                actor.socket_closed(socket, *item)
        return True

    def _gone(self, socket: RemoteSocket) -> None:
        if self.runtime is not None:
            self.runtime.actor(self.name).socket_closed(socket, LOST, "the socket's host is gone")

    async def _watch_relay(self) -> None:
        """Notice a socket's host that died without a word."""
        while True:
            await asyncio.sleep(3.0)
            socket = self._remote
            if socket is not None and not await socket.held():
                socket.lost()
                if self._remote is socket:
                    self._remote = None


def host_handle(host: str) -> Any:
    """The Ray handle of a host by its name in the directory. Raises ValueError if there is none."""
    charge_point = dedicated_charge_point(host)
    if charge_point is not None:
        return ray.get_actor(charge_point, namespace=DEDICATED_NAMESPACE)
    return ray.get_actor(host, namespace=NAMESPACE)


def dedicated_handle(charge_point: str, config: ClusterConfig) -> Any:
    """The Ray handle of a charge point's own host, made if there is none."""
    child = dedicated_child(charge_point)
    options = RESIDENT_OPTIONS | {"name": child.name, "namespace": child.namespace, "get_if_exists": True}
    return ray_class(child.kind).options(**options).remote(child.name, config)
