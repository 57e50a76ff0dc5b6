"""Charge points: the registry's rows with their live state."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api import cursors
from api.context import Here
from api.live_state import LiveState, live_state
from api.routes.paging import Cursor, Limit, known_charge_point_id, page
from api.schemas import ChargePointChange, ChargePointIn, ChargePointOut, Page
from engine.errors import InvalidInput, NotFound
from engine.ids import checked_charge_point_id

router = APIRouter(prefix="/charge-points", tags=["charge points"])
Id = Annotated[str, Depends(known_charge_point_id)]


@router.get("", operation_id="listChargePoints", summary="All charge points with their live state")
async def list_charge_points(
    here: Here,
    limit: Limit = 100,
    cursor: Cursor = None,
    retired: Annotated[bool, Query(description="Show retired ones too.")] = False,
) -> Page[ChargePointOut]:
    rows = await here.ports.registry.charge_points(after=cursors.decode_name(cursor), limit=limit + 1, retired=retired)
    live = await here.views([row.id for row in rows[:limit]])
    shown = page(rows, limit, lambda row: ChargePointOut.of(row, live.get(row.id)), lambda row: row.id)
    return Page[ChargePointOut](**shown)


@router.post("", operation_id="addChargePoint", summary="Register a charge point", status_code=201)
async def add_charge_point(body: ChargePointIn, here: Here, response: Response) -> ChargePointOut:
    if body.secret is None and body.security_profile in (None, 1, 2):
        raise InvalidInput(
            "A charge point needs a password.",
            field="password",
            remedy="Give a password, or security_profile 0 to let it in without any, or 3 for a certificate instead.",
        )
    row = await here.ports.registry.add_charge_point(
        checked_charge_point_id(body.id),
        name=body.name,
        isolation=body.isolation,
        password=body.secret,
        security_profile=body.security_profile,
        certificate_name=body.certificate_name,
    )
    response.headers["Location"] = f"/api/v1/charge-points/{row.id}"
    return ChargePointOut.of(row, None)


@router.get("/{id}", operation_id="getChargePoint", summary="One charge point with its live state")
async def get_charge_point(charge_point: Id, here: Here) -> ChargePointOut:
    row = await here.ports.registry.charge_point(charge_point)
    return ChargePointOut.of(row, (await here.views([row.id])).get(row.id))


@router.patch("/{id}", operation_id="changeChargePoint", summary="Change its registration")
async def change_charge_point(charge_point: Id, body: ChargePointChange, here: Here) -> ChargePointOut:
    changes = body.model_dump(exclude_unset=True, exclude={"password_hex"})
    if body.secret is not None:
        changes["password"] = body.secret
    row = await here.ports.registry.change_charge_point(charge_point, changes)
    return ChargePointOut.of(row, (await here.views([row.id])).get(row.id))


@router.delete("/{id}", operation_id="retireChargePoint", summary="Retire a charge point", status_code=204)
async def retire_charge_point(charge_point: Id, here: Here) -> None:
    """It is let in no more; its sessions and meter values stay."""
    await here.ports.registry.retire_charge_point(charge_point)


@router.get("/{id}/state", operation_id="getChargePointState", summary="The live state alone")
async def get_charge_point_state(charge_point: Id, here: Here) -> LiveState:
    """Straight from the actor. 404 as well for a registered station that never connected."""
    row = await here.ports.registry.charge_point(charge_point)
    view = await here.ports.fleet.state(row.id)
    if view is None:
        raise NotFound("This charge point has never connected.", field="id", remedy="Point it at the OCPP address.")
    return live_state(view)
