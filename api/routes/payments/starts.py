"""Starts by drivers, for the operator's people: what was asked for, how it ended, and stopping one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.routes.paging import Cursor, Id, Limit
from api.routes.payments.payments import Name, Since, Sort, Until, Word
from api.schemas.resources import Page, micros_of
from api.schemas.starts import StartOut
from api.web.context import Here, Scoped
from api.web.preconditions import tagged
from engine.stores.listing import Wanted

router = APIRouter(prefix="/starts", tags=["starts"])


@router.get("", operation_id="listStarts", summary="Starts that drivers asked for, newest first")
async def list_starts(
    here: Here,
    scope: Scoped,
    state: Word = "",
    ended_as: Word = "",
    kind: Annotated[str, Query(pattern=r"^(app|ad_hoc)?$")] = "",
    charge_point: Annotated[str, Query(pattern=r"^[^\x00-\x20\x7f]{0,48}$")] = "",
    driver: Name = "",
    since: Since = None,
    until: Until = None,
    sort: Sort = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[StartOut]:
    """Sorted by created, updated or state; with a minus in front the other way round."""
    found = await here.ports.business.starts.page(
        scope,
        Wanted(sort, cursor, limit),
        state=state,
        ended_as=ended_as,
        kind=kind,
        charge_point=charge_point,
        driver=driver,
        since=micros_of(since),
        until=micros_of(until),
    )
    return Page[StartOut](items=[StartOut.of(row) for row in found.items], next=found.cursor)


@router.get("/{id}", operation_id="getStart", summary="One start")
async def get_start(id: Id, here: Here, scope: Scoped, response: Response) -> StartOut:
    row = await here.ports.business.starts.get(id, scope)
    tagged(response, row.version)
    return StartOut.of(row)


@router.post("/{id}/stop", operation_id="stopStart", summary="Stop its session, or cancel it")
async def stop_start(id: Id, here: Here, scope: Scoped) -> StartOut:
    """After its end it does nothing."""
    await here.ports.business.starts.get(id, scope)
    return StartOut.of(await here.ports.business.starts.stop(id, "operator"))
