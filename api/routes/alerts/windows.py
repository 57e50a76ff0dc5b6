"""Maintenance windows: when and where nothing is an alert."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.routes.paging import Id, Listed
from api.schemas.alerts import WindowChange, WindowIn, WindowOut
from api.schemas.resources import Page
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged

router = APIRouter(prefix="/maintenance-windows", tags=["maintenance windows"])


@router.get("", operation_id="listMaintenanceWindows", summary="Maintenance windows, latest first")
async def list_windows(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    network: Annotated[str, Query(pattern=r"^[0-9A-Za-z_.:-]{0,64}$")] = "",
    charge_point: Annotated[str, Query(pattern=r"^[^\x00-\x20\x7f]{0,48}$")] = "",
    current: Annotated[bool, Query(description="Only those that have not ended.")] = False,
) -> Page[WindowOut]:
    """In the order of `sort`: begins (latest first) or ends."""
    found = await here.ports.business.alerts.windows.page(
        scope, wanted, network=network, charge_point=charge_point, current=current
    )
    return Page(items=[WindowOut.of(each) for each in found.items], next=found.cursor)


@router.post("", operation_id="addMaintenanceWindow", summary="Open a maintenance window", status_code=201)
async def add_window(body: WindowIn, here: Here, scope: Scoped, response: Response) -> WindowOut:
    window = await here.ports.business.alerts.windows.create(body.new, scope)
    tagged(response, window.version)
    return WindowOut.of(window)


@router.get("/{id}", operation_id="getMaintenanceWindow", summary="One maintenance window")
async def get_window(id: Id, here: Here, scope: Scoped, response: Response) -> WindowOut:
    window = await here.ports.business.alerts.windows.get(id, scope)
    tagged(response, window.version)
    return WindowOut.of(window)


@router.patch("/{id}", operation_id="changeMaintenanceWindow", summary="Change when it is, or why")
async def change_window(
    id: Id, body: WindowChange, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> WindowOut:
    window = await here.ports.business.alerts.windows.change(id, body.changes, scope, version=version)
    tagged(response, window.version)
    return WindowOut.of(window)


@router.delete("/{id}", operation_id="deleteMaintenanceWindow", summary="End it at once", status_code=204)
async def delete_window(id: Id, here: Here, scope: Scoped, version: IfMatch) -> None:
    """What it has kept back is looked at, and is an alert if it holds still."""
    await here.ports.business.alerts.windows.delete(id, scope, version=version)
