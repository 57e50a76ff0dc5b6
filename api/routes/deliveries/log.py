"""The delivery log: what waits, what arrived, what could not; and having it delivered again."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from api.routes.paging import Id, Listed
from api.schemas.deliveries import DeliveryOut, DeliveryStoryOut, ReplayIn, ReplayOut
from api.schemas.resources import Page, micros_of
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.deliveries.log import DeliveryFilter

router = APIRouter(prefix="/deliveries", tags=["deliveries"])
Word = Annotated[str, Query(max_length=64, pattern=r"^[0-9A-Za-z_.:-]*$")]


@router.get("", operation_id="listDeliveries", summary="Messages and their way to each channel")
async def list_deliveries(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    state: Annotated[Literal["", "waiting", "delivered", "dead"], Query(description="dead: the dead letters.")] = "",
    channel: Word = "",
    kind: Word = "",
    stream: Annotated[Word, Query(description="session:ID, charge_point:ID, …")] = "",
    since: Annotated[AwareDatetime | None, Query(description="Put at or after, RFC 3339.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Put before, RFC 3339.")] = None,
) -> Page[DeliveryOut]:
    """In the order of `sort`: created (newest first) or due."""
    filter = DeliveryFilter(state, channel, kind, stream, micros_of(since), micros_of(until))
    found = await here.ports.business.deliveries.page(scope, wanted, filter)
    return Page(items=[DeliveryOut.of(row) for row in found.items], next=found.cursor)


@router.get("/{id}", operation_id="getDelivery", summary="One message, its text and its tries")
async def get_delivery(id: Id, here: Here, scope: Scoped, response: Response) -> DeliveryStoryOut:
    story = await here.ports.business.deliveries.get(scope, id)
    tagged(response, story.delivery.version)
    return DeliveryStoryOut.whole(story)


@router.post("/{id}/replay", operation_id="replayDelivery", summary="Deliver a message again")
async def replay_delivery(id: Id, here: Here, scope: Scoped, version: IfMatch, response: Response) -> DeliveryOut:
    """One that is dead, or has arrived: under the same id, with ten tries."""
    row = await here.ports.business.deliveries.replay(scope, id, version)
    tagged(response, row.version)
    return DeliveryOut.of(row)


@router.post("/replay", operation_id="replayDeliveries", summary="Deliver again what a channel has missed")
async def replay_deliveries(body: ReplayIn, here: Here, scope: Scoped) -> ReplayOut:
    """All dead messages of a channel in a span of time, 10,000 at most."""
    since, until = micros_of(body.since), micros_of(body.until)
    count = await here.ports.business.deliveries.replay_all(
        scope, body.channel, since or 0, until, delivered_too=body.delivered_too
    )
    return ReplayOut(replayed=count)
