"""Live changes as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Header, Query, Request, WebSocket
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.access.permissions import EVENT_SOCKET
from api.live.followers import Follower, batches, frame
from api.live.sight import Sight
from api.live.socket import EventSocket
from api.live.wanted import Wanted
from api.ports.facade import GAP
from api.schemas.resources import Problem
from api.web.context import Here

router = APIRouter(tags=["events"])
Names = Annotated[list[str] | None, Query(max_length=200, description="Only these; repeat it.")]

PACE_S = 0.03
"""What comes sooner after the last write waits: a busy fleet costs each reader thirty writes a second at most."""

_FAREWELL_S = 0.5
"""How long an ended stream may take to say so before its connection is cut."""


class Followed(Protocol):
    """What a stream tells that its reader has gone: a `Fanout`, or the `Watch` of one charge point."""

    def leave(self, follower: Follower) -> None: ...


class EventStream(Response):
    """Streams a follower's events until the reader leaves, is dropped for being too slow, loses the permission, or the
    façade closes.

    Starlette's StreamingResponse would wait in `send` for a reader who stopped reading; here being dropped ends that
    wait, and the connection with it.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        fanout: Followed,
        follower: Follower,
        sight: Sight,
        *,
        heartbeat_s: float,
        gap: bool = False,
        first_id: str = "",
        last_id: Callable[[], str] = str,
    ) -> None:
        """`gap`: it begins by saying that something may have been missed. `first_id` is the id before all that comes,
        `last_id` tells the newest."""
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._fanout, self._follower, self._sight = fanout, follower, sight
        self._heartbeat_s, self._gap, self._first_id, self._last_id = heartbeat_s, gap, first_id, last_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tasks = {
            asyncio.create_task(self._pump(send)),
            asyncio.create_task(_gone(receive)),
            asyncio.create_task(self._stuck()),
        }
        watching = asyncio.create_task(self._lose_sight())
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._fanout.leave(self._follower)
            for task in (*tasks, watching):
                task.cancel()
            await asyncio.gather(*tasks, watching, return_exceptions=True)

    async def _lose_sight(self) -> None:
        """End the stream when its reader may not see it any more."""
        try:
            await self._sight.wait_for_end()
        finally:
            self._follower.end()

    async def _pump(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        hello = b"retry: 2000\n" + (frame(GAP) if self._gap else _comment(b"hello", self._first_id))
        await send({"type": "http.response.body", "body": hello, "more_body": True})
        async for events in batches(self._follower, heartbeat_s=self._heartbeat_s, pace_s=PACE_S):
            body = b"".join(map(frame, events)) or _comment(b"still here", self._last_id())
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stuck(self) -> None:
        """Return when the stream was to end and has not: the reader takes nothing any more."""
        await self._follower.ended.wait()
        await asyncio.sleep(_FAREWELL_S)


def _comment(text: bytes, last_id: str) -> bytes:
    """A comment, with the id up to which all was told: an id without data is an event that nobody sees."""
    return b": %b\n" % text + (b"id: %b\n\n" % last_id.encode() if last_id else b"\n")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


socket_router = APIRouter()


@socket_router.websocket(EVENT_SOCKET)
async def follow_events_by_socket(socket: WebSocket) -> None:
    """See api/live/socket.py; the login is checked there."""
    await EventSocket(socket, socket.app.state.context, PACE_S).run()


async def wanted_of(
    network: Names = None,
    station: Names = None,
    charge_point: Names = None,
) -> Wanted:
    """What a request asks for."""
    return Wanted.read(network or (), station or (), charge_point or ())


@router.get(
    "/events",
    operation_id="followEvents",
    summary="Live changes as server-sent events",
    response_class=EventStream,
    status_code=200,
    responses={
        200: {
            "description": "A stream that does not end: link, boot, status, session.started, session.identified, "
            "session.changed, session.stopped, session.settled, meter, command, actor, job, reservation, report and "
            "security_event. `shown` (of a link: for each of the `connectors`) is one of Available, Preparing, "
            "Charging, SuspendedEV, SuspendedEVSE, Finishing, Reserved, Unavailable, Faulted, Offline and "
            "Reconnecting. A comment comes every 15 s when nothing else does. Who comes back with the Last-Event-ID "
            "is told all that was missed, or `gap` where that is too much: then read the state anew. Who reads too "
            "slowly is disconnected, and may come back. The same comes over a WebSocket at `/api/v1/events/ws`: log in "
            "with the subprotocols `raycharge.events` and `bearer.<token>`, or with a first message "
            '{"token": "…"}; resume with `last_event_id` in the address.',
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'id: 5f1c9a02-17\nevent: status\ndata: {"type":"status","charge_point":"CP-1",'
                    '"at":"2026-01-01T00:00:00.000Z","data":{"evse":1,"connector":1,"status":"Charging",'
                    '"shown":"Charging"}}\n\n',
                }
            },
        },
        503: {"model": Problem, "description": "Too many follow already."},
    },
)
async def follow_events(
    request: Request,
    here: Here,
    wanted: Annotated[Wanted, Depends(wanted_of)],
    last_event_id: Annotated[str | None, Header(max_length=100, description="Of the last event that came.")] = None,
) -> EventStream:
    sight = Sight.of(request, here.ports.business.places, here.recheck_s)
    fanout = here.fanout
    first_id = "" if last_event_id else fanout.last_id
    follower = fanout.follow(wanted.of(sight, here.ports.business.places), last_event_id)
    return EventStream(
        fanout,
        follower,
        sight,
        heartbeat_s=here.heartbeat_s,
        first_id=first_id,
        last_id=lambda: fanout.last_id,
    )
