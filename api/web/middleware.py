"""What stands around every request: correlation id, access log, security headers, body limits, and the login gate.

Plain ASGI, so that streams pass through untouched. `Frame` is the outermost; `Gate` comes next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import orjson
import structlog
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.logins import Logins
from api.access.permissions import EVENT_SOCKET, is_open, is_streamed, shown
from api.access.principal import actor_of
from api.web.client_address import Network, client_address
from api.web.problems import problem_of, problem_of_crash, problem_of_http
from engine.access.acting import Actor, acting_as
from engine.errors import RaychargeError
from engine.ids import new_id

log = structlog.get_logger("api.access.logins")

MAX_BODY = 262_144
"""Largest request body in bytes."""

_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
}
"""On every answer that does not set one of them itself (pages set their own policy)."""


class Frame:
    """Gives each request a correlation id, answers its crash, writes the access log and times it."""

    def __init__(self, app: ASGIApp, duration: Histogram, proxies: Sequence[Network] = ()) -> None:
        self._app, self._duration, self._proxies = app, duration, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation = new_id()
        state = scope.setdefault("state", {})
        state["correlation"], state["address"] = correlation, client_address(scope, self._proxies)
        started, status = time.perf_counter(), 0

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = correlation
            await send(message)

        try:
            await self._app(scope, receive, framed)
        except Exception:
            log.exception("crash", correlation=correlation, method=scope["method"], path=shown(scope["path"]))
            if status:
                raise
            await problem_of_crash(correlation, scope["path"])(scope, receive, framed)
        finally:
            self._account(scope, status, time.perf_counter() - started, correlation)

    def _account(self, scope: Scope, status: int, seconds: float, correlation: str) -> None:
        route = getattr(scope.get("route"), "operation_id", None) or "none"
        self._duration.labels(operation=route, status=str(status)).observe(seconds)
        principal = scope["state"].get("principal")
        log.info(
            "request",
            correlation=correlation,
            method=scope["method"],
            path=shown(scope["path"]),
            status=status,
            duration_ms=round(seconds * 1000, 2),
            client=scope["state"]["address"],
            user=principal.id if principal else "",
        )


class Gate:
    """Lets nobody past without a valid login, except to the open addresses. Unknown addresses are no exception.

    The socket of the events checks the login itself (api/live/socket.py).

    Whoever gets past is who acts in the request's task, and what a stream asks anew while it lasts is under `again`.
    """

    def __init__(self, app: ASGIApp, logins: Callable[[], Logins]) -> None:
        self._app, self._logins = app, logins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] != EVENT_SOCKET:
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state, actor = scope["state"], Actor("anonymous", "")
        if not is_open(scope["path"]):
            again = partial(self._logins().check, Headers(scope=scope).get("authorization", ""))
            try:
                principal = await again()
            except RaychargeError as error:
                await problem_of(error, scope["path"])(scope, receive, send)
                return
            state["principal"], state["again"] = principal, again
            actor = actor_of(principal)
        with acting_as(replace(actor, address=state["address"], correlation=state["correlation"])):
            await self._app(scope, receive, send)


class JsonBody:
    """Takes the body in, up to the limit, and hands it on only if it is strict JSON. Files pass as they come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY or is_streamed(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        body = await self._read(scope, receive)
        fault = self._fault(scope, body)
        if body is None or fault:
            status, detail = fault or (413, f"A request body has at most {MAX_BODY} bytes.")
            # The rest of an over-long body is not read: the connection ends with the answer.
            await problem_of_http(status, detail, scope["path"], {"Connection": "close"})(scope, receive, send)
            return
        handed = False

        async def replay() -> Message:
            nonlocal handed
            if handed:
                return await receive()
            handed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body, or None if it is too long."""
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            return None
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message.get("body", b"")
            if len(body) > MAX_BODY:
                return None
            more = message.get("more_body", False)
        return bytes(body)

    def _fault(self, scope: Scope, body: bytes | None) -> tuple[int, str] | None:
        if not body:
            return None
        kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return 415, "Send the body as JSON, with Content-Type: application/json."
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return 400, f"The body is no JSON: {error}."
        return None
