"""Subscriptions: which messages a channel gets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.routes.paging import Id, Listed
from api.schemas.deliveries import SubscriptionChange, SubscriptionIn, SubscriptionOut
from api.schemas.resources import Page
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged

router = APIRouter(prefix="/subscriptions", tags=["deliveries"])
OfChannel = Annotated[str, Query(max_length=64, pattern=r"^[0-9A-Za-z_.:-]*$", description="Of this channel only.")]


@router.get("", operation_id="listSubscriptions", summary="Which messages go to which channel")
async def list_subscriptions(
    here: Here, scope: Scoped, wanted: Listed, channel: OfChannel = ""
) -> Page[SubscriptionOut]:
    """In the order of `sort`: created."""
    found = await here.ports.business.subscriptions.page(scope, wanted, channel=channel)
    return Page(items=[SubscriptionOut.of(row) for row in found.items], next=found.cursor)


@router.post("", operation_id="addSubscription", summary="Have a channel told", status_code=201)
async def add_subscription(body: SubscriptionIn, here: Here, scope: Scoped, response: Response) -> SubscriptionOut:
    """It holds for what happens from a second later on."""
    row = await here.ports.business.subscriptions.create(scope, **body.model_dump())
    response.headers["Location"] = f"/api/v1/subscriptions/{row.id}"
    tagged(response, row.version)
    return SubscriptionOut.of(row)


@router.get("/{id}", operation_id="getSubscription", summary="One subscription")
async def get_subscription(id: Id, here: Here, scope: Scoped, response: Response) -> SubscriptionOut:
    row = await here.ports.business.subscriptions.get(scope, id)
    tagged(response, row.version)
    return SubscriptionOut.of(row)


@router.patch("/{id}", operation_id="changeSubscription", summary="Change what a channel is told")
async def change_subscription(
    id: Id, body: SubscriptionChange, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> SubscriptionOut:
    row = await here.ports.business.subscriptions.change(scope, id, body.changes(), version)
    tagged(response, row.version)
    return SubscriptionOut.of(row)


@router.delete("/{id}", operation_id="deleteSubscription", summary="Have a channel told no more", status_code=204)
async def delete_subscription(id: Id, here: Here, scope: Scoped, version: IfMatch) -> None:
    """What is in the queue already still goes out."""
    await here.ports.business.subscriptions.remove(scope, id, version)
