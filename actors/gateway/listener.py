"""The OCPP port of one host: accepts sockets, takes them through the handshake and watches that they live.

Several hosts share the port by SO_REUSEPORT; the kernel deals connections out to those that are alive.
"""

from __future__ import annotations

import asyncio
import socket as so
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol, cast

import structlog
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.protocol import State

from actors.gateway.handshake import Claimed, choose_subprotocol, read_claim, split_secret
from actors.gateway.limits import ConnectionLimits, FailureLimit, Pace
from actors.gateway.socket import NO_EXTENSIONS, Socket
from actors.gateway.tls import TlsPort
from engine.errors import InvalidInput, Unavailable

log = structlog.get_logger("gateway")
MAX_WAITING_HANDSHAKES = 4_000
ADMISSION_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Knock:
    """A claim with all that may prove it: the password as bytes, and what TLS knows of the other side.

    `certificate` is DER and was verified up to one of the trusted authorities. `subprotocols` is what it offers.
    """

    charge_point: str
    secret: bytes | None
    secure: bool = False
    certificate: bytes | None = None
    address: str = ""
    subprotocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """An authenticated claim: the id as registered (its case may differ from the URL's)."""

    charge_point: str
    dedicated: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A claim that is not let in. The station is told nothing of it: every refusal looks the same from outside."""

    event_type: str
    detail: str = ""


class Gatekeeper(Protocol):
    """Who decides on claims and takes over the sockets that were let in."""

    async def is_proven(self, knock: Knock) -> bool:
        """Whether this very credential was verified before, in whichever host. Raises as `admit` does."""
        ...

    async def admit(self, knock: Knock) -> Admitted | Refused:
        """Verify a claim. Raises Unavailable when that cannot be found out at the moment."""
        ...

    def connected(self, socket: Socket, admitted: Admitted, subprotocol: str) -> None:
        """Take the socket over; called right after the 101 has been written."""
        ...


class Listener:
    """The sockets of one host. Counters are cumulative and read by the metrics."""

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        limits: ConnectionLimits,
        *,
        supported: tuple[str, ...],
        default: str,
        handshakes_per_s: float,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.limits = limits
        self.sockets: set[Socket] = set()
        self.throttled = 0
        self.refused: dict[int, int] = {}
        self.security_events: dict[str, int] = {}
        self.accepted = 0
        self.dead = 0
        self._gatekeeper = gatekeeper
        self._supported = supported
        self._default = default
        self._pace = Pace(handshakes_per_s)
        self._failures = FailureLimit()
        self._waiting = 0
        self._server: asyncio.Server | None = None
        self._tls_ports: list[TlsPort] = []
        self._tls_pace = Pace(handshakes_per_s)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._emptied: asyncio.Event | None = None
        self.draining = False

    async def start(self, host: str, port: int) -> None:
        """Bind and listen. Raises OSError when the port is taken by somebody who does not share it."""
        sock = self.bound(host, port)
        self._server = await self.loop.create_server(
            lambda: cast(asyncio.BaseProtocol, Socket(self)), sock=sock, backlog=4096
        )
        self._sweeper = asyncio.create_task(self._sweep())

    def start_tls(self, host: str, port: int, context: Callable[[], ssl.SSLContext]) -> None:
        """The same with TLS; `context` gives what the next connection uses. Raises OSError."""
        tls_port = TlsPort(self, context, self._tls_pace)
        tls_port.start(host, port)
        self._tls_ports.append(tls_port)

    def bound(self, host: str, port: int) -> so.socket:
        """A bound socket that other hosts may share. Raises OSError."""
        sock = so.socket(so.AF_INET6 if ":" in host else so.AF_INET, so.SOCK_STREAM)
        try:
            sock.setsockopt(so.SOL_SOCKET, so.SO_REUSEADDR, 1)
            sock.setsockopt(so.SOL_SOCKET, so.SO_REUSEPORT, 1)
            sock.bind((host, port))
        except OSError:
            sock.close()
            raise
        return sock

    async def stop(self) -> None:
        """Stop listening and cut what is still open."""
        self.draining = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._close_ports()
        for socket in list(self.sockets):
            socket.abort()

    async def drain(self, per_s: float) -> None:
        """Stop listening and close all sockets at this rate with 1012 (service restart), so that stations move over."""
        self.draining = True
        self._close_ports()
        pace = Pace(per_s)
        for socket in list(self.sockets):
            await asyncio.sleep(pace.delay(self.loop.time()))
            socket.close(1012, "service restart")
        if self.sockets:
            self._emptied = asyncio.Event()
            await asyncio.wait([asyncio.ensure_future(self._emptied.wait())], timeout=6.0)

    def _close_ports(self) -> None:
        if self._server is not None:
            self._server.close()
        for tls_port in self._tls_ports:
            tls_port.close()

    # what sockets tell -----------------------------------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Whether there are more connections than may be, TLS handshakes included."""
        handshaking = sum(tls_port.handshaking for tls_port in self._tls_ports)
        return len(self.sockets) + handshaking > self.limits.max_connections

    def noted(self, event_type: str) -> None:
        """Count a security event of ours."""
        self.security_events[event_type] = self.security_events.get(event_type, 0) + 1

    def opened(self, socket: Socket) -> None:
        self.sockets.add(socket)
        if self.is_full:
            # Near the limit of open files an accept would fail for everybody; the newest comers are told to wait.
            self._count(HTTPStatus.SERVICE_UNAVAILABLE)
            socket.abort()

    def closed(self, socket: Socket) -> None:
        self.sockets.discard(socket)
        if not self.sockets and self._emptied is not None:
            self._emptied.set()

    def requested(self, socket: Socket, request: Request) -> None:
        task = asyncio.create_task(self._handshake(socket, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # the handshake ---------------------------------------------------------------------------------------------------

    async def _handshake(self, socket: Socket, request: Request) -> None:
        try:
            claim = read_claim(request)
        except InvalidInput as error:
            self._refuse(socket, HTTPStatus.NOT_FOUND, f"{error.message} {error.remedy}")
            return
        try:
            admitted = await self._admit(socket, claim)
        except Unavailable:
            self._refuse(socket, HTTPStatus.SERVICE_UNAVAILABLE, "Try again.", retry_after=10)
            return
        except Exception:
            # Our own trouble is neither a 401 nor silence: the station comes again.
            log.error("handshake_failed", charge_point=claim.charge_point, exc_info=True)
            self._refuse(socket, HTTPStatus.SERVICE_UNAVAILABLE, "Try again.", retry_after=10)
            return
        if admitted is not None:
            self._accept(socket, request, claim, admitted)

    async def _admit(self, socket: Socket, claim: Claimed) -> Admitted | None:
        """Wait for a place, check the credential and refuse what must be refused (then None)."""
        now = self.loop.time()
        delay = self._pace.delay(now)
        if self._waiting >= MAX_WAITING_HANDSHAKES or delay > ADMISSION_PATIENCE_S or self.draining:
            self._refuse(socket, HTTPStatus.SERVICE_UNAVAILABLE, "Too many handshakes.", retry_after=15)
            return None
        if delay > 0.0:
            self._waiting += 1
            try:
                await asyncio.sleep(delay)
            finally:
                self._waiting -= 1
        knock = Knock(
            claim.charge_point,
            split_secret(claim),
            socket.secure,
            socket.certificate,
            socket.address,
            claim.subprotocols,
        )
        wait = self._failures.retry_after(socket.address, now)
        if wait > 0.0 and not await self._gatekeeper.is_proven(knock):
            self._refuse(socket, HTTPStatus.TOO_MANY_REQUESTS, "Too many failures.", retry_after=int(wait) + 1)
            return None
        admitted = await self._gatekeeper.admit(knock)
        if isinstance(admitted, Admitted):
            return admitted
        self._failures.failed(socket.address, self.loop.time())
        self.noted(admitted.event_type)
        log.warning(
            "security_event",
            event_type=admitted.event_type,
            charge_point=claim.charge_point,
            address=socket.address,
            detail=admitted.detail,
        )
        self._refuse(socket, HTTPStatus.UNAUTHORIZED, "Unknown charge point or wrong credentials.")
        return None

    def _accept(self, socket: Socket, request: Request, claim: Claimed, admitted: Admitted) -> None:
        header, version = choose_subprotocol(claim.subprotocols, self._supported, self._default)
        protocol = socket.protocol
        if protocol.state is not State.CONNECTING or socket not in self.sockets:
            return
        response = protocol.accept(request)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS and header:
            response.headers["Sec-WebSocket-Protocol"] = header
        socket.respond(response)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._count(response.status_code)
            return
        if not version:
            socket.close(1002, f"none of the offered subprotocols is supported: {', '.join(self._supported)}")
            return
        if not protocol.extensions:
            protocol.extensions = NO_EXTENSIONS
        socket.charge_point = admitted.charge_point
        self.accepted += 1
        self._gatekeeper.connected(socket, admitted, version)

    def _refuse(self, socket: Socket, status: HTTPStatus, text: str, *, retry_after: int = 0) -> None:
        self._count(status)
        if socket.protocol.state is not State.CONNECTING or socket not in self.sockets:
            return
        body = (text + "\n").encode()
        headers = Headers({"Connection": "close", "Content-Length": str(len(body)), "Content-Type": "text/plain"})
        if status is HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Basic realm="OCPP"'
        if retry_after:
            headers["Retry-After"] = str(retry_after)
        socket.respond(Response(status.value, status.phrase, headers, body))

    def _count(self, status: int) -> None:
        self.refused[int(status)] = self.refused.get(int(status), 0) + 1

    # liveness --------------------------------------------------------------------------------------------------------

    async def _sweep(self) -> None:
        """Ping the silent, cut the dead. Any traffic counts as life: some stations never answer pings."""
        interval = self.limits.ping_interval_s
        while True:
            await asyncio.sleep(interval / 4)
            now = self.loop.time()
            for socket in list(self.sockets):
                silent = now - socket.heard
                if socket.owner is None:
                    if silent > self.limits.handshake_timeout_s:
                        socket.abort()
                elif silent > 1.75 * interval:
                    self.dead += 1
                    log.info("silent_connection_cut", charge_point=socket.charge_point, silent_s=round(silent, 1))
                    socket.abort()
                elif silent > 0.75 * interval and not socket.pinged:
                    socket.ping()
                elif silent < 0.75 * interval:
                    socket.pinged = False
