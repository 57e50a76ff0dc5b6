"""Drivers as staff sees them: found by whatever a caller on the phone knows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.routes.drivers.own_charging import Order, Running, Since, Until, data_of, sessions_of
from api.routes.paging import Cursor, Limit
from api.routes.tokens.tokens import InNetwork, network_for
from api.schemas.drivers import BookingIn, DriverChange, DriverIn, DriverOut, OwnDataOut, OwnSessionOut, VehicleOut
from api.schemas.resources import Page, micros_of
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.stores.drivers.driver import Driver
from engine.stores.drivers.own_sessions import SessionsWanted
from engine.stores.listing import Wanted

router = APIRouter(prefix="/drivers", tags=["drivers"])

DriverId = Annotated[str, Path(alias="id", pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]


@router.get("", operation_id="listDrivers", summary="Drivers, the newest first; or those that are looked for")
async def list_drivers(
    here: Here,
    scope: Scoped,
    text: Annotated[
        str,
        Query(
            max_length=100,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="Part of a name, an e-mail address, a phone number or a plate; or the whole number of a token, "
            "a card or a receipt.",
        ),
    ] = "",
    network: InNetwork = None,
    sort: Annotated[str, Query(max_length=16, description="name, created or updated; `-` falls.")] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DriverOut]:
    wanted = Wanted(sort, cursor, limit)
    found = await here.ports.business.drivers.page(text=text, network=network, wanted=wanted, scope=scope)
    return Page[DriverOut](items=[DriverOut.of(row) for row in found.items], next=found.cursor)


@router.post("", operation_id="addDriver", summary="Add a driver who does not log in", status_code=201)
async def add_driver(body: DriverIn, here: Here, scope: Scoped, response: Response) -> DriverOut:
    said = body.model_dump() | {"network": network_for(body.network, scope), "id": ""}
    made = await here.ports.business.drivers.add(Driver(**said), scope)
    tagged(response, made.version)
    return DriverOut.of(made)


@router.get("/{id}", operation_id="getDriver", summary="One driver")
async def get_driver(id: DriverId, here: Here, scope: Scoped, response: Response) -> DriverOut:
    row = await here.ports.business.drivers.get(id, scope)
    tagged(response, row.version)
    return DriverOut.of(row)


@router.patch("/{id}", operation_id="changeDriver", summary="Change a driver's profile or credit limit")
async def change_driver(
    id: DriverId, body: DriverChange, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> DriverOut:
    changes = body.model_dump(exclude_unset=True)
    row = await here.ports.business.drivers.change(id, changes, scope=scope, version=version)
    tagged(response, row.version)
    return DriverOut.of(row)


@router.post("/{id}/payments", operation_id="bookDriverPayment", summary="Book a payment that came another way")
async def book_payment(id: DriverId, body: BookingIn, here: Here, scope: Scoped, response: Response) -> DriverOut:
    """It lowers what the driver owes, in force at every host within a second."""
    row = await here.ports.business.drivers.book(id, body.amount, body.note, scope)
    tagged(response, row.version)
    return DriverOut.of(row)


@router.delete("/{id}", operation_id="forgetDriver", summary="Forget a driver and keep the books", status_code=204)
async def forget_driver(id: DriverId, here: Here, scope: Scoped, version: IfMatch) -> None:
    """As if the driver had asked for it: there is no way back."""
    await here.ports.business.erasure.forget(id, scope, version)


@router.get("/{id}/vehicles", operation_id="listDriverVehicles", summary="A driver's vehicles")
async def list_vehicles(id: DriverId, here: Here, scope: Scoped) -> Page[VehicleOut]:
    driver = await here.ports.business.drivers.get(id, scope)
    rows = await here.ports.business.vehicles.of(driver)
    return Page[VehicleOut](items=[VehicleOut.of(row) for row in rows], next=None)


@router.get("/{id}/sessions", operation_id="listDriverSessions", summary="A driver's sessions, the newest first")
async def list_sessions(
    id: DriverId,
    here: Here,
    scope: Scoped,
    since: Since = None,
    until: Until = None,
    running: Running = None,
    sort: Order = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OwnSessionOut]:
    driver = await here.ports.business.drivers.get(id, scope)
    which = SessionsWanted(micros_of(since), micros_of(until), running)
    return await sessions_of(here, driver.id, which, Wanted(sort, cursor, limit))


@router.get("/{id}/export", operation_id="exportDriverData", summary="All that is kept of a driver, for the driver")
async def export(id: DriverId, here: Here, scope: Scoped) -> OwnDataOut:
    return await data_of(here, await here.ports.business.drivers.get(id, scope))
