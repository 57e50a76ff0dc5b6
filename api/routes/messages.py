"""The OCPP message log: searched, live for one charge point, and the deviations that are in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from api.live.sight import Sight
from api.ports.messages import TYPES, MessageFilter, MessageRow, Position
from api.routes.events import EventStream
from api.routes.paging import Cursor, Limit, known_charge_point_id, page
from api.schemas.resources import Page, Problem, micros_of
from api.web import cursors
from api.web.context import Here, Scoped
from engine.clock import SECOND, to_iso
from engine.errors import Conflict, InvalidInput
from engine.ocpp.deviations import meaning_of
from engine.ocpp.quirks import Quirk

router = APIRouter(tags=["messages"])
Id = Annotated[str, Depends(known_charge_point_id)]
_DAY_US = 86_400 * SECOND


class MessageOut(BaseModel):
    """One frame; a station's CALL comes with our answer."""

    id: str = Field(description="Which row of the log it is.", examples=["2-1804-17"])
    charge_point: str = Field(examples=["CP-1"])
    connection: int = Field(description="The charge point's connection by number; it counts up with each one.")
    received_at: str = Field(description="When it came in, or for ours was made.")
    direction: Literal["in", "out"] = Field(description="in: the station's. out: our own CALLs.")
    type: str = Field(description=", ".join(TYPES.values()), examples=["call"])
    action: str = Field(description="Empty where it is not known.", examples=["MeterValues"])
    message_id: str
    frame: str = Field(description="As it was on the wire; secrets are hidden.", examples=['[2,"7","Heartbeat",{}]'])
    answer: str | None = Field(description="Our answer to a station's CALL; null: it got none, or is no CALL.")
    latency_ms: float | None = Field(
        description="From a station's CALL until our answer left, the wait for its commit being taken to be as long "
        "as the one before; from our CALL until the station's answer came in."
    )
    error: str | None = Field(description="The code, where this is a CALLERROR or was answered with one.")
    deviations: list[str] = Field(description="What was understood only by tolerance; see /api/v1/deviations.")

    @classmethod
    def of(cls, row: MessageRow) -> MessageOut:
        return cls(
            id="-".join(map(str, row.place)),
            charge_point=row.charge_point,
            connection=row.connection,
            received_at=to_iso(row.received),
            direction="out" if row.direction == "out" else "in",
            type=TYPES.get(row.type, "unreadable"),
            action=row.action,
            message_id=row.message_id,
            frame=row.raw,
            answer=row.answer,
            latency_ms=None if row.latency_us is None else row.latency_us / 1000,
            error=row.error or None,
            deviations=list(row.deviations),
        )


class DeviationOut(BaseModel):
    """Something that a station does otherwise than the specification says."""

    name: str = Field(examples=["no_zone"])
    meaning: str = Field(examples=["A time had no zone; UTC was assumed."])
    count: int


class FleetDeviationOut(DeviationOut):
    charge_points: int = Field(description="How many charge points do it.")


class QuirkOut(BaseModel):
    """A tolerance for what no single frame tells."""

    name: str = Field(examples=["no_ping"])
    meaning: str


class QuirksOut(BaseModel):
    quirks: list[QuirkOut]


class DeviationsOut(BaseModel):
    charge_point: str
    deviations: list[DeviationOut]


class FleetDeviationsOut(BaseModel):
    since: str
    deviations: list[FleetDeviationOut]


async def wanted(
    action: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9]{1,50}$", description="E.g. MeterValues.")] = None,
    direction: Annotated[Literal["in", "out"] | None, Query(description="in: the station's; out: our CALLs.")] = None,
    message_id: Annotated[str | None, Query(min_length=1, max_length=255, description="Exactly this one.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Received at or after, RFC 3339.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Received before, RFC 3339.")] = None,
    deviating: Annotated[bool, Query(description="Only those with deviations.")] = False,
    errors: Annotated[bool, Query(description="Only CALLERRORs, what was answered with one, and unreadable.")] = False,
) -> MessageFilter:
    """The filters that both lists have."""
    return MessageFilter(None, action, direction, message_id, micros_of(since), micros_of(until), deviating, errors)


Wanted = Annotated[MessageFilter, Depends(wanted)]


def _position(row: MessageRow) -> tuple[int, str]:
    return row.received, "-".join(map(str, row.place))


def _after(cursor: str | None) -> Position | None:
    moment = cursors.decode_moment(cursor)
    if moment is None:
        return None
    parts = moment[1].split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        raise InvalidInput("This cursor was not given out by us.", field="cursor", remedy="Leave it out to start over.")
    return moment[0], (int(parts[0]), int(parts[1]), int(parts[2]))


async def _page(here: Here, messages: MessageFilter, limit: int, cursor: str | None) -> Page[MessageOut]:
    rows = await here.ports.messages.messages(messages, after=_after(cursor), limit=limit + 1)
    return Page[MessageOut](**page(rows, limit, MessageOut.of, _position))


@router.get("/messages", operation_id="listMessages", summary="The OCPP message log of all charge points")
async def list_messages(
    here: Here,
    scope: Scoped,
    messages: Wanted,
    charge_point: Annotated[str | None, Query(pattern=r"^[^\x00-\x20\x7f]{1,48}$")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MessageOut]:
    """Newest first. A frame is found here a second or two after it came in."""
    seen = replace(messages, charge_point=charge_point, charge_points=here.charge_points(scope))
    return await _page(here, seen, limit, cursor)


@router.get(
    "/charge-points/{id}/messages", operation_id="listChargePointMessages", summary="One charge point's OCPP messages"
)
async def list_charge_point_messages(
    charge_point: Id, here: Here, messages: Wanted, limit: Limit = 50, cursor: Cursor = None
) -> Page[MessageOut]:
    """Newest first. A frame is found here a second or two after it came in."""
    row = await here.ports.registry.charge_point(charge_point)
    return await _page(here, replace(messages, charge_point=row.id), limit, cursor)


@router.get(
    "/charge-points/{id}/messages/live",
    operation_id="followMessages",
    summary="One charge point's OCPP messages live, as server-sent events",
    response_class=EventStream,
    status_code=200,
    responses={
        200: {
            "description": "A stream that does not end, one event `frame` for each frame, in both directions, once it "
            "is committed. It begins within a second or two; the event `gap` says that it has begun, and later that "
            "frames may have been left out. Nothing is replayed. Who reads too slowly is disconnected.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'id: 1\nevent: frame\ndata: {"charge_point":"CP-1","direction":"in","type":"call",'
                    '"at":"2026-01-01T00:00:00.000Z","action":"Heartbeat","message_id":"7",'
                    '"frame":"[2,\\"7\\",\\"Heartbeat\\",{}]","latency_us":null,"deviations":[]}\n\n',
                }
            },
        },
        409: {"model": Problem, "description": "The message log is switched off."},
    },
)
async def follow_messages(charge_point: Id, request: Request, here: Here) -> EventStream:
    row = await here.ports.registry.charge_point(charge_point)
    if not here.settings.message_log:
        raise Conflict(
            "The message log is switched off.", field="id", remedy="Start Raycharge with RAYCHARGE_MESSAGE_LOG=true."
        )
    sight = Sight.of(request, here.ports.business.places, here.recheck_s, row.id)
    watch, follower = here.watches.follow(row.id, sight.sees)
    resumed = "last-event-id" in request.headers
    return EventStream(watch, follower, sight, heartbeat_s=here.heartbeat_s, gap=resumed)


@router.get(
    "/charge-points/{id}/deviations",
    operation_id="listChargePointDeviations",
    summary="What one charge point does otherwise than the specification says",
)
async def list_charge_point_deviations(charge_point: Id, here: Here) -> DeviationsOut:
    """Counted since it first connected, the most frequent first."""
    row = await here.ports.registry.charge_point(charge_point)
    view = await here.ports.fleet.state(row.id)
    counts: dict[str, int] = {} if view is None else view["deviations"]
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    found = [DeviationOut(name=name, meaning=meaning_of(name), count=count) for name, count in ordered]
    return DeviationsOut(charge_point=row.id, deviations=found)


@router.get("/quirks", operation_id="listQuirks", summary="The tolerances that quirk profiles can name")
async def list_quirks() -> QuirksOut:
    """A charge point's own are under `live.quirks`."""
    return QuirksOut(quirks=[QuirkOut(name=quirk.value, meaning=quirk.meaning) for quirk in Quirk])


@router.get("/deviations", operation_id="listDeviations", summary="The deviations of all charge points")
async def list_deviations(
    here: Here,
    scope: Scoped,
    since: Annotated[AwareDatetime | None, Query(description="RFC 3339; left out: the last day.")] = None,
) -> FleetDeviationsOut:
    """From the message log: messages with the deviation, and charge points that sent such ones."""
    begin = micros_of(since)
    if begin is None:
        begin = here.ports.clock.now() - _DAY_US
    sums = await here.ports.messages.deviations(begin, here.charge_points(scope))
    found = [
        FleetDeviationOut(
            name=each.name, meaning=meaning_of(each.name), count=each.messages, charge_points=each.charge_points
        )
        for each in sums
    ]
    return FleetDeviationsOut(since=to_iso(begin), deviations=found)
