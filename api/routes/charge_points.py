"""Charge points: the registry's rows with their connectors and their live state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.live.state import LiveState, live_state
from api.routes.paging import Listed, Searched, known_charge_point_id
from api.schemas.charge_points import ChargePointChange, ChargePointIn, ChargePointOut, Commissioning, Registered
from api.schemas.resources import Page
from api.web.context import Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.errors import InvalidInput, NotFound
from engine.ids import checked_charge_point_id
from engine.stores.registration import ChargePoint, NewChargePoint
from engine.stores.registry import Which

router = APIRouter(prefix="/charge-points", tags=["charge points"])
Id = Annotated[str, Depends(known_charge_point_id)]
Word = Annotated[str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
WantedTags = Annotated[list[Word], Query(alias="tag", max_length=10, description="Those that have all of these tags.")]


async def which(
    q: Searched = "",
    network: Word = "",
    station: Word = "",
    tags: WantedTags = [],  # noqa: B006 FastAPI copies it
    commissioning: Annotated[Commissioning | None, Query()] = None,
    vendor: Word = "",
    model: Word = "",
    retired: Annotated[bool, Query(description="Show retired ones too.")] = False,
) -> Which:
    """Which charge points are wanted, from a request's query."""
    return Which(q, network, station, tuple(tags), commissioning or "", vendor, model, retired)


@router.get("", operation_id="listChargePoints", summary="All charge points with their connectors and live state")
async def list_charge_points(
    here: Here, scope: Scoped, wanted: Listed, filtered: Annotated[Which, Depends(which)]
) -> Page[ChargePointOut]:
    """In the order of `sort`: id, name, station, created or updated. `q` is looked for in id, name, vendor, model and
    serial number."""
    found = await here.ports.business.charge_points.page(filtered, wanted, scope=scope)
    return Page(items=await shown(here, found.items), next=found.cursor)


async def shown(here: Context, rows: Sequence[ChargePoint]) -> list[ChargePointOut]:
    """Charge points as they are shown: with what their connectors are and what they do now."""
    names = [row.id for row in rows]
    live = await here.views(names)
    connectors = await here.ports.business.connectors.of(names)
    return [ChargePointOut.of(row, live.get(row.id), connectors.get(row.id, ())) for row in rows]


@router.post("", operation_id="addChargePoint", summary="Register a charge point", status_code=201)
async def add_charge_point(body: ChargePointIn, here: Here, scope: Scoped, response: Response) -> ChargePointOut:
    check_secured(body)
    row = await here.ports.business.charge_points.create(new_charge_point(body.id, body), body.secret, scope=scope)
    response.headers["Location"] = f"/api/v1/charge-points/{row.id}"
    tagged(response, row.version)
    return ChargePointOut.of(row, None)


def check_secured(body: Registered) -> None:
    """Raise InvalidInput where the password was just forgotten."""
    if body.secret is None and body.security_profile in (None, 1, 2):
        raise InvalidInput(
            "A charge point needs a password.",
            field="password",
            remedy="Give a password, or security_profile 0 to let it in without any, or 3 for a certificate instead.",
        )


def new_charge_point(charge_point: str, body: Registered) -> NewChargePoint:
    """What the registry is to register. Raises InvalidInput for an id that cannot be."""
    return NewChargePoint(
        checked_charge_point_id(charge_point),
        body.name,
        body.station,
        body.isolation,
        body.security_profile,
        body.certificate_name,
        tuple(body.tags),
        body.notes,
        body.commissioning,
    )


@router.get("/{id}", operation_id="getChargePoint", summary="One charge point with its connectors and live state")
async def get_charge_point(charge_point: Id, here: Here, scope: Scoped, response: Response) -> ChargePointOut:
    row = await here.ports.business.charge_points.get(charge_point, scope=scope)
    tagged(response, row.version)
    return (await shown(here, [row]))[0]


@router.patch("/{id}", operation_id="changeChargePoint", summary="Change its registration")
async def change_charge_point(
    charge_point: Id, body: ChargePointChange, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> ChargePointOut:
    """All of it or nothing."""
    row = await here.ports.business.charge_points.change(charge_point, body.changes(), scope=scope, version=version)
    tagged(response, row.version)
    return (await shown(here, [row]))[0]


@router.delete("/{id}", operation_id="retireChargePoint", summary="Retire a charge point", status_code=204)
async def retire_charge_point(charge_point: Id, here: Here, scope: Scoped, version: IfMatch) -> None:
    """It is let in no more; its sessions and meter values stay."""
    await here.ports.business.charge_points.retire(charge_point, scope=scope, version=version)


@router.get("/{id}/state", operation_id="getChargePointState", summary="The live state alone")
async def get_charge_point_state(charge_point: Id, here: Here) -> LiveState:
    """Straight from the actor. 404 as well for a registered station that never connected."""
    row = await here.ports.registry.charge_point(charge_point)
    view = await here.ports.fleet.state(row.id)
    if view is None:
        raise NotFound("This charge point has never connected.", field="id", remedy="Point it at the OCPP address.")
    return live_state(view)
