"""What the dashboard asks for that no other list has: the overview, the whole fleet at once, and saved views."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from fastapi import APIRouter, Query, Response

from api.live.image import ChargePointImage
from api.routes.paging import Id, Listed
from api.schemas.desks import (
    FLEET_COLUMNS,
    FleetOut,
    HourOut,
    OverviewOut,
    SavedViewChange,
    SavedViewIn,
    SavedViewOut,
)
from api.schemas.resources import Page
from api.web.context import Caller, Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.access.scope import Scope
from engine.clock import SECOND, to_iso
from engine.errors import InvalidInput
from engine.stores.places.roster import Listed as Rostered

router = APIRouter(tags=["dashboard"])
Word = Annotated[str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
MOST_CHARGE_POINTS = 100_000
LARGEST_VIEW = 8192
"""Of a view's content as JSON, bytes."""


@router.get("/overview", operation_id="getOverview", summary="The network at a glance")
async def get_overview(
    here: Here,
    scope: Scoped,
    network: Word = "",
    zone: Annotated[str, Query(max_length=60, description="Whose day it is, as an IANA time zone.")] = "UTC",
) -> OverviewOut:
    """Connectors, power and running sessions as they are now, from memory; sessions and energy of this day."""
    within = _narrowed(scope, network)
    since = _day_of(here.ports.clock.now(), zone)
    hours = await here.ports.business.today.hours(within, since, since + 25 * 3600 * SECOND)
    power, running, count = _now(here, within)
    return OverviewOut(
        since=to_iso(since),
        charge_points=count,
        connectors=dict(here.image.counts_within(within)),
        power_w=power,
        sessions_now=running,
        sessions=sum(hour.sessions for hour in hours),
        energy_wh=sum(hour.energy_wh for hour in hours),
        hours=[HourOut(hour=hour.number, sessions=hour.sessions, energy_wh=hour.energy_wh) for hour in hours],
    )


def _narrowed(scope: Scope, network: str) -> Scope:
    return scope & Scope(frozenset({network})) if network else scope


def _day_of(now: int, zone: str) -> int:
    """When the day began there. Raises InvalidInput for a zone that there is not."""
    try:
        local = datetime.fromtimestamp(now / SECOND, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput("There is no such time zone.", field="zone", remedy="Such as Europe/Berlin.") from error
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * SECOND


def _now(here: Context, scope: Scope) -> tuple[float, int, int]:
    """Power in W, running sessions, and charge points that have told something."""
    power, running, count = 0.0, 0, 0
    places = here.ports.business.places
    for image in here.image.seen_by(lambda charge_point: places.within(scope, charge_point)):
        count += 1
        for each in image.real():
            if each.session:
                running += 1
                power += float(each.power_w or 0)
    return power, running, count


@router.get("/fleet", operation_id="listFleet", summary="Every charge point in one answer", response_model=FleetOut)
async def list_fleet(
    here: Here,
    scope: Scoped,
    network: Word = "",
    limit: Annotated[int, Query(ge=1, le=MOST_CHARGE_POINTS)] = MOST_CHARGE_POINTS,
) -> Response:
    """For tables and maps of all of them: what is registered, and how each is now, from memory. By id."""
    listed = await here.ports.business.roster.read(scope, network, limit=limit + 1)
    rows = [fleet_row(each, here.image.get(each.id)) for each in listed[:limit]]
    body = {"columns": FLEET_COLUMNS, "rows": rows, "complete": len(listed) <= limit}
    return Response(orjson.dumps(body), media_type="application/json")


def fleet_row(listed: Rostered, image: ChargePointImage | None) -> list[Any]:
    """In the order of `FLEET_COLUMNS`. What the ledger does not know yet, the image may."""
    if image is not None and not listed.vendor:
        listed = listed._replace(vendor=image.vendor, model=image.model, firmware=image.firmware)
    return [*listed, *fleet_state(image)]


def fleet_state(image: ChargePointImage | None) -> list[Any]:
    """The last four of `FLEET_COLUMNS`: what changes while one looks."""
    if image is None:
        return ["unknown", [], 0.0, None]
    states = [each.shown(image.link) for each in image.real()]
    power = sum(float(each.power_w or 0) for each in image.real() if each.session)
    return [image.link, states, power, image.last_seen // 1000 if image.last_seen else None]


# --- saved views --------------------------------------------------------------------------------------------------


@router.get("/me/views", operation_id="listMyViews", summary="My saved views")
async def list_my_views(
    caller: Caller, here: Here, wanted: Listed, page: Annotated[str, Query(max_length=40)] = ""
) -> Page[SavedViewOut]:
    found = await here.ports.business.saved_views.page(caller.account, wanted, page)
    return Page(items=[SavedViewOut.of(view) for view in found.items], next=found.cursor)


@router.post("/me/views", operation_id="addMyView", summary="Save a view", status_code=201)
async def add_my_view(body: SavedViewIn, caller: Caller, here: Here, response: Response) -> SavedViewOut:
    _check_size(body.content)
    view = await here.ports.business.saved_views.create(caller.account, body.page, body.name, body.content)
    tagged(response, view.version)
    return SavedViewOut.of(view)


@router.put("/me/views/{id}", operation_id="changeMyView", summary="Change a saved view")
async def change_my_view(
    id: Id, body: SavedViewChange, caller: Caller, here: Here, version: IfMatch, response: Response
) -> SavedViewOut:
    _check_size(body.content)
    view = await here.ports.business.saved_views.change(caller.account, id, body.name, body.content, version=version)
    tagged(response, view.version)
    return SavedViewOut.of(view)


@router.delete("/me/views/{id}", operation_id="deleteMyView", summary="Delete a saved view", status_code=204)
async def delete_my_view(id: Id, caller: Caller, here: Here, version: IfMatch) -> None:
    await here.ports.business.saved_views.delete(caller.account, id, version=version)


def _check_size(content: dict[str, Any]) -> None:
    if len(orjson.dumps(content)) > LARGEST_VIEW:
        raise InvalidInput("This view holds too much.", field="content", remedy=f"{LARGEST_VIEW} bytes at most.")
