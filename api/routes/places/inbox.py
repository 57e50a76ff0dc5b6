"""The inbox: chargers that knock without being registered. They are refused until somebody adopts them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.routes.charge_points import check_secured, new_charge_point
from api.routes.paging import Id, Listed, Searched
from api.schemas.charge_points import ChargePointOut
from api.schemas.places import AdoptIn, ArrivalOut
from api.schemas.resources import Page
from api.web.context import Here, Scoped
from api.web.preconditions import tagged

router = APIRouter(prefix="/inbox", tags=["networks and stations"])


@router.get("", operation_id="listInbox", summary="Chargers that connected without being registered")
async def list_inbox(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    q: Searched = "",
    dismissed: Annotated[bool, Query(description="Show the dismissed ones instead.")] = False,
) -> Page[ArrivalOut]:
    """Latest first, or in the order of `sort`: last_seen, first_seen, charge_point or knocks. Seen by those who may do
    so in the whole installation, or in the network that RAYCHARGE_INBOX_NETWORK names."""
    found = await here.ports.business.inbox.page(wanted, text=q, dismissed=dismissed, scope=scope)
    return Page(items=[ArrivalOut.of(row) for row in found.items], next=found.cursor)


@router.post("/{id}/dismiss", operation_id="dismissCharger", summary="Show a charger no more", status_code=204)
async def dismiss_charger(id: Id, here: Here, scope: Scoped) -> None:
    """However often it knocks. It can still be adopted."""
    await here.ports.business.inbox.dismiss(id, scope=scope)


@router.post("/{id}/adopt", operation_id="adoptCharger", summary="Register a charger of the inbox", status_code=201)
async def adopt_charger(id: Id, body: AdoptIn, here: Here, scope: Scoped, response: Response) -> ChargePointOut:
    """It gets in at its next try. With a password it has to show that one; to let it in with none, say
    `security_profile` 0."""
    check_secured(body)
    inbox = here.ports.business.inbox
    arrival = await inbox.get(id, scope=scope)
    new = new_charge_point(arrival.charge_point, body)
    row = await inbox.adopt(arrival.id, new, body.secret, scope=scope)
    response.headers["Location"] = f"/api/v1/charge-points/{row.id}"
    tagged(response, row.version)
    return ChargePointOut.of(row, None)
