"""A driver's sessions and receipts, all that is kept of the driver, and its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api.routes.drivers.own import Me
from api.routes.paging import Cursor, Id, Limit
from api.schemas.drivers import DriverOut, OwnDataOut, OwnReceiptOut, OwnSessionOut, VehicleOut
from api.schemas.resources import Page, micros_of
from api.schemas.tokens import TokenOut
from api.web.context import Context, Here
from api.web.preconditions import IfMatch
from engine.access.scope import EVERYWHERE
from engine.clock import to_iso
from engine.stores.drivers.driver import Driver
from engine.stores.drivers.own_sessions import OwnSession, SessionsWanted
from engine.stores.listing import Wanted
from engine.stores.paging import MAX_LIMIT
from engine.stores.tokens.repository import TokenFilter

router = APIRouter(prefix="/me", tags=["me"])

MOST_EXPORTED = 50_000
"""Sessions, and receipts, in one export."""

Since = Annotated[AwareDatetime | None, Query(description="Begun at or after, RFC 3339.")]
Until = Annotated[AwareDatetime | None, Query(description="Begun before, RFC 3339.")]
Running = Annotated[bool | None, Query(description="Only those that run, or only those that are over.")]
Order = Annotated[str, Query(max_length=16, description="`-began` (the newest first) or `began`.")]


@router.get("/sessions", operation_id="listMySessions", summary="Your sessions, the newest first")
async def list_sessions(
    me: Me,
    here: Here,
    since: Since = None,
    until: Until = None,
    running: Running = None,
    sort: Order = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OwnSessionOut]:
    """Of a session under way with its energy, power and cost as of the last reading."""
    return await sessions_of(
        here, me.id, SessionsWanted(micros_of(since), micros_of(until), running), Wanted(sort, cursor, limit)
    )


@router.get("/sessions/{id}", operation_id="getMySession", summary="One of your sessions")
async def get_session(id: Id, me: Me, here: Here) -> OwnSessionOut:
    row = await here.ports.business.own_sessions.get(me.id, id)
    live = await _live(here, [row])
    return OwnSessionOut.of(row, live.get(row.id))


@router.get("/receipts", operation_id="listMyReceipts", summary="Your receipts and credit notes, the newest first")
async def list_receipts(
    me: Me,
    here: Here,
    sort: Annotated[str, Query(max_length=16, description="`-issued` (the newest first) or `issued`.")] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OwnReceiptOut]:
    found = await here.ports.business.own_receipts.page(me.id, Wanted(sort, cursor, limit))
    return Page[OwnReceiptOut](items=[OwnReceiptOut.of(row) for row in found.items], next=found.cursor)


@router.get("/receipts/{id}", operation_id="getMyReceipt", summary="One of your receipts, with all that it says")
async def get_receipt(id: Id, me: Me, here: Here) -> OwnReceiptOut:
    return OwnReceiptOut.of(await here.ports.business.own_receipts.get(me.id, id))


@router.get("/export", operation_id="exportMyData", summary="All that is kept of you")
async def export(me: Me, here: Here) -> OwnDataOut:
    return await data_of(here, me)


@router.delete("", operation_id="deleteMe", summary="Have yourself forgotten", status_code=204)
async def delete_me(me: Me, here: Here, version: IfMatch) -> None:
    """Profile, vehicles, account and logins go at once; receipts stay with number and amount, and lead to nobody."""
    await here.ports.business.erasure.forget(me.id, version=version)


# --- shared with staff's routes ---------------------------------------------------------------------------------------


async def sessions_of(here: Context, driver: str, which: SessionsWanted, wanted: Wanted) -> Page[OwnSessionOut]:
    """A page of a driver's sessions with what is live of them."""
    found = await here.ports.business.own_sessions.page(driver, which, wanted)
    live = await _live(here, found.items)
    items = [OwnSessionOut.of(row, live.get(row.id)) for row in found.items]
    return Page[OwnSessionOut](items=items, next=found.cursor)


async def data_of(here: Context, driver: Driver) -> OwnDataOut:
    """All that is kept of a driver, as JSON."""
    business = here.ports.business
    tokens = await business.tokens.every(TokenFilter(driver=driver.id), EVERYWHERE, MAX_LIMIT)
    sessions: list[OwnSessionOut] = []
    receipts: list[OwnReceiptOut] = []
    cursor: str | None = None
    while len(sessions) < MOST_EXPORTED:
        page = await business.own_sessions.page(driver.id, None, Wanted("", cursor, MAX_LIMIT))
        sessions += [OwnSessionOut.of(row) for row in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    complete, cursor = cursor is None, None
    while len(receipts) < MOST_EXPORTED:
        billed = await business.own_receipts.page(driver.id, Wanted("", cursor, MAX_LIMIT))
        receipts += [OwnReceiptOut.of(row) for row in billed.items]
        cursor = billed.cursor
        if cursor is None:
            break
    return OwnDataOut(
        exported_at=to_iso(here.ports.clock.now()),
        profile=DriverOut.of(driver),
        vehicles=[VehicleOut.of(row) for row in await business.vehicles.of(driver)],
        tokens=[TokenOut.of(row) for row in tokens],
        sessions=sessions,
        receipts=receipts,
        complete=complete and cursor is None,
    )


async def _live(here: Context, rows: Sequence[OwnSession]) -> dict[str, Mapping[str, Any]]:
    """The live view of those sessions that run, by id; none while hosts or the journal are away."""
    running = {row.id for row in rows if row.stopped is None}
    if not running:
        return {}
    views = await here.views(sorted({row.charge_point for row in rows if row.id in running}))
    sessions = (connector["session"] for view in views.values() for connector in view["connectors"])
    return {session["id"]: session for session in sessions if session is not None and session["id"] in running}
