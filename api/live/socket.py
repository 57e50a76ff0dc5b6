"""Live changes over a WebSocket: the same events as the server-sent ones, for those who have a socket anyway.

The login comes as the `Authorization` of the handshake, as a subprotocol `bearer.<token>` beside `raycharge.events`
(browsers can send no header), or as the first message, {"token": "…"}. A browser's page has to be one of ours: its
`Origin` is the address that it asks. Each message is a JSON array of events, each as in the server-sent `data` with
its `id`; the first is [{"type": "hello"}], and when nothing happens a {"type": "heartbeat"} comes. With `last_event_id`
in the address the stream goes on after that event, or begins with a gap.

Close codes: 1008 no login or permission (any more), 1012 the façade ends or the reader was too slow, 1013 too many
follow; come back after the last two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import orjson
import structlog
from starlette.datastructures import QueryParams
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.access.principal import Principal
from api.live.followers import Follower, batches
from api.live.sight import Sight
from api.live.wanted import Wanted
from api.ports.facade import LiveEvent
from api.web.context import Context
from engine.errors import Forbidden, RaychargeError, Unauthenticated, Unavailable

log = structlog.get_logger("api.live")

SUBPROTOCOL, BEARER = "raycharge.events", "bearer."
OPERATION = "followEvents"
MAX_WAITING = 200
"""Sockets that may wait for their login at a time; the next is refused."""

_LOGIN_S = 10.0
_FAREWELL_S = 1.0
_MOST_NAMED = 200
_NO_LOGIN, _ENDS, _TOO_MANY = 1008, 1012, 1013


class EventSocket:
    """One reader's socket; `run` returns when it is over. `pace_s` as for `batches`."""

    waiting = 0

    def __init__(self, socket: WebSocket, context: Context, pace_s: float) -> None:
        self._socket, self._context, self._pace_s = socket, context, pace_s

    async def run(self) -> None:
        """Let the reader in, and tell it what happens until it leaves or may not see it any more."""
        if not self._is_ours():
            await self._socket.close(_NO_LOGIN, "This socket is for pages of this site.")
            return
        try:
            wanted = _wanted(self._socket.query_params)
            token = await self._token()
            principal = await self._context.logins.check(f"Bearer {token}")
            scope = principal.need(OPERATION)
        except WebSocketDisconnect:
            return
        except (Unauthenticated, Forbidden, Unavailable, _Refused) as error:
            code = _TOO_MANY if isinstance(error, Unavailable) else _NO_LOGIN
            await self._socket.close(code, str(error)[:120])
            return
        context = self._context
        again = partial(context.logins.check, f"Bearer {token}")
        sight = Sight(context.ports.business.places, scope, again, OPERATION, context.recheck_s)
        await self._follow(principal, sight, wanted)

    async def _follow(self, principal: Principal, sight: Sight, wanted: Wanted) -> None:
        fanout, last_id = self._context.fanout, self._socket.query_params.get("last_event_id")
        first_id = "" if last_id else fanout.last_id
        try:
            follower = fanout.follow(wanted.of(sight, self._context.ports.business.places), last_id)
        except Unavailable as error:
            await self._socket.close(_TOO_MANY, str(error)[:120])
            return
        log.info("event_socket", user=principal.id)
        tasks = [
            asyncio.create_task(self._pump(follower, first_id)),
            asyncio.create_task(self._gone()),
            asyncio.create_task(sight.wait_for_end()),
            asyncio.create_task(_stuck(follower)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            gone, lost = tasks[1].done(), tasks[2].done()
        finally:
            fanout.leave(follower)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not gone:
            code, why = (_NO_LOGIN, "The login or the permission is gone.") if lost else (_ENDS, "Come back.")
            await _within(_FAREWELL_S, self._socket.close(code, why))

    async def _pump(self, follower: Follower, first_id: str) -> None:
        await self._say([{"type": "hello"} | ({"id": first_id} if first_id else {})])
        heartbeat_s, fanout = self._context.heartbeat_s, self._context.fanout
        async for events in batches(follower, heartbeat_s=heartbeat_s, pace_s=self._pace_s):
            if events:
                await self._socket.send_text((b"[" + b",".join(map(_told, events)) + b"]").decode())
            else:
                await self._say([{"id": fanout.last_id, "type": "heartbeat"}])

    async def _say(self, events: list[Mapping[str, Any]]) -> None:
        await self._socket.send_text(orjson.dumps(events).decode())

    async def _gone(self) -> None:
        """Return when the reader has left; what it says meanwhile is nothing to us."""
        while (await self._socket.receive())["type"] != "websocket.disconnect":
            pass

    def _is_ours(self) -> bool:
        """Whether no page has asked for this socket, or one of ours."""
        origin = self._socket.headers.get("origin", "")
        here = {
            self._socket.headers.get("host", "").lower(),
            urlsplit(self._context.settings.facade_url).netloc.lower(),
        }
        return not origin or urlsplit(origin).netloc.lower() in here

    async def _token(self) -> str:
        """Take the socket, and find the login that comes with it."""
        offered = self._socket.scope.get("subprotocols", [])
        scheme, _, header = self._socket.headers.get("authorization", "").partition(" ")
        token = header if scheme.lower() == "bearer" else ""
        token = token or next((each.removeprefix(BEARER) for each in offered if each.startswith(BEARER)), "")
        if not token and EventSocket.waiting >= MAX_WAITING:
            raise Unavailable("Too many wait for their login.")
        await self._socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        return token or await self._first_message()

    async def _first_message(self) -> str:
        EventSocket.waiting += 1
        try:
            async with asyncio.timeout(_LOGIN_S):
                said = orjson.loads(await self._socket.receive_text())
            token = said["token"]
        except (TimeoutError, ValueError, KeyError, TypeError) as error:
            raise _Refused('Say who you are first: {"token": "…"}.') from error
        finally:
            EventSocket.waiting -= 1
        if not isinstance(token, str):
            raise _Refused("`token` is text.")
        return token


class _Refused(RaychargeError):
    """What the reader said cannot be used."""


def _wanted(query: QueryParams) -> Wanted:
    named = {name: query.getlist(name) for name in ("network", "station", "charge_point")}
    if any(len(each) > _MOST_NAMED for each in named.values()):
        raise _Refused(f"Name at most {_MOST_NAMED}.")
    return Wanted.read(named["network"], named["station"], named["charge_point"])


def _told(event: LiveEvent) -> bytes:
    """An event as one JSON object: its data with its id."""
    return b'{"id":"%b",%b' % (event.id.encode(), event.data[1:]) if event.id else event.data


async def _stuck(follower: Follower) -> None:
    """Return when the stream was to end and has not: the reader takes nothing any more."""
    await follower.ended.wait()
    await asyncio.sleep(_FAREWELL_S)


async def _within(seconds: float, closing: Any) -> None:
    try:
        await asyncio.wait_for(closing, seconds)
    except (TimeoutError, RuntimeError, WebSocketDisconnect) as error:
        log.info("event_socket_not_closed", error=repr(error))
