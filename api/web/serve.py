"""Serves the façade inside an event loop that is already running, as a Ray actor's is.

No signal handlers: whoever runs the loop decides when it ends. Live streams are ended at once on shutdown, other
requests get `grace_s` to finish.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import uvicorn
from starlette.datastructures import State
from starlette.types import Receive, Scope, Send

from api.web.context import Context
from engine.errors import ConfigurationError

STALLED_MS = 30_000
"""A reader who takes nothing for this long is cut off by the kernel, together with what was still to be sent."""


_SEND_BUFFER = 262_144
"""What the kernel may hold for one reader who does not take it; left alone it lets that grow to megabytes."""


class Served(Protocol):
    """A façade as an ASGI application. `state.context` is its context."""

    state: State

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class _Quiet(uvicorn.Server):
    """uvicorn's server without its hands on the process's signals."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on this address. Raises ConfigurationError, with what to do, when it cannot be had."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        raise ConfigurationError(f"The façade cannot listen on {host}: {error.strerror}.") from error
    try:
        # Only lets us in while closed connections linger; unlike SO_REUSEPORT it does not share a port in use.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Port {port} on {host} is taken by another program. Stop it, or set RAYCHARGE_API_PORT."
            ) from error
        raise ConfigurationError(f"The façade cannot listen on {host} port {port}: {error.strerror}.") from error
    listener.setblocking(False)
    return listener


class Serving:
    """A façade that listens. `stop` ends it; `wait` returns, or raises, when it has ended."""

    def __init__(self, app: Served, listener: socket.socket, grace_s: float) -> None:
        config = uvicorn.Config(
            app,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            # `client_address` decides whose word about addresses counts.
            proxy_headers=False,
            timeout_graceful_shutdown=max(1, round(grace_s)),
            timeout_keep_alive=20,
        )
        self._app, self._listener, self._server = app, listener, _Quiet(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="api-serve")

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    async def started(self) -> None:
        """Return when requests are answered. Raises what kept it from starting."""
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise ConfigurationError("The façade ended while it started; the log tells why.")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Take no more requests, end live streams, let the others finish within the grace, and close the port."""
        context: Context = self._app.state.context
        context.fanout.close()
        context.watches.close()
        self._server.should_exit = True
        await self.wait()

    async def wait(self) -> None:
        try:
            await asyncio.shield(self._task)
        finally:
            if self._task.done():
                self._listener.close()


async def start(app: Served, host: str, port: int, *, grace_s: float = 3.0) -> Serving:
    """Listen and return when requests are answered. Port 0 takes a free one (`Serving.port`)."""
    serving = Serving(app, listen(host, port), grace_s)
    try:
        await serving.started()
    except asyncio.CancelledError:
        # It may answer already: whoever gives up waiting must not leave it behind.
        await serving.stop()
        raise
    return serving


async def serve(app: Served, host: str, port: int, *, grace_s: float = 3.0) -> None:
    """Serve until cancelled, then shut down within the grace."""
    serving = await start(app, host, port, grace_s=grace_s)
    try:
        await serving.wait()
    finally:
        await serving.stop()
