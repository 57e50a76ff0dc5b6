"""Live changes as server-sent events."""

from __future__ import annotations

import asyncio
from typing import Annotated, Protocol

from fastapi import APIRouter, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.context import Here
from api.fanout import Follower, frames
from api.schemas import Problem

router = APIRouter(tags=["events"])

_FAREWELL_S = 0.5
"""How long an ended stream may take to say so before its connection is cut."""


class Followed(Protocol):
    """What a stream tells that its reader has gone: a `Fanout`, or the `Watch` of one charge point."""

    def leave(self, follower: Follower) -> None: ...


class EventStream(Response):
    """Streams a follower's events until the reader leaves, is dropped for being too slow, or the façade closes.

    Starlette's StreamingResponse would wait in `send` for a reader who stopped reading; here being dropped ends that
    wait, and the connection with it.
    """

    media_type = "text/event-stream"

    def __init__(self, fanout: Followed, follower: Follower, *, heartbeat_s: float, resumed: bool) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._fanout, self._follower = fanout, follower
        self._heartbeat_s, self._resumed = heartbeat_s, resumed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tasks = {
            asyncio.create_task(self._pump(send)),
            asyncio.create_task(_gone(receive)),
            asyncio.create_task(self._stuck()),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._fanout.leave(self._follower)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        # Nothing is replayed: who comes back has to read the state anew.
        hello = (
            b'retry: 2000\nevent: gap\ndata: {"type":"gap","charge_point":"","data":{}}\n\n'
            if self._resumed
            else b"retry: 2000\n: hello\n\n"
        )
        await send({"type": "http.response.body", "body": hello, "more_body": True})
        async for frame in frames(self._follower, heartbeat_s=self._heartbeat_s):
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stuck(self) -> None:
        """Return when the stream was to end and has not: the reader takes nothing any more."""
        await self._follower.ended.wait()
        await asyncio.sleep(_FAREWELL_S)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@router.get(
    "/events",
    operation_id="followEvents",
    summary="Live changes as server-sent events",
    response_class=EventStream,
    status_code=200,
    responses={
        200: {
            "description": "A stream that does not end: link, boot, status, session.started, session.changed, "
            "session.stopped, meter, command, actor. A comment comes every 15 s when nothing else does. `gap` means "
            "that events were left out, and is the first for those who come back (Last-Event-ID): read the state "
            "anew, nothing is replayed. Who reads too slowly is disconnected.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'id: 5f1c9a02-17\nevent: status\ndata: {"type":"status","charge_point":"CP-1",'
                    '"at":"2026-01-01T00:00:00.000Z","data":{"evse":1,"status":"Charging"}}\n\n',
                }
            },
        },
        503: {"model": Problem, "description": "Too many follow already."},
    },
)
async def follow_events(
    request: Request,
    here: Here,
    charge_point: Annotated[list[str] | None, Query(max_length=200, description="Only these; repeat it.")] = None,
) -> EventStream:
    return EventStream(
        here.fanout,
        here.fanout.follow(frozenset(charge_point or ())),
        heartbeat_s=here.heartbeat_s,
        resumed="last-event-id" in request.headers,
    )
