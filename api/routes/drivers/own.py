"""What drivers see and change of themselves. Nothing here takes a driver's id: it is always the caller's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from api.routes.paging import Cursor, Id, Limit
from api.schemas.drivers import (
    ClaimIn,
    DriverOut,
    OwnTokenChange,
    ProfileChange,
    VehicleChange,
    VehicleOut,
)
from api.schemas.resources import Page
from api.schemas.tokens import TokenOut
from api.web.context import Caller, Here
from api.web.preconditions import IfMatch, tagged
from engine.access.scope import EVERYWHERE
from engine.errors import NotFound
from engine.stores.drivers.driver import Driver, Vehicle
from engine.stores.listing import Wanted
from engine.stores.tokens.repository import TokenFilter
from engine.stores.tokens.token import Token

router = APIRouter(prefix="/me", tags=["me"])

TokenId = Annotated[str, Path(alias="id", pattern=r"^[!-~]{1,36}$")]


async def driver_of_caller(here: Here, caller: Caller) -> Driver:
    """Whoever asks, as a driver. Raises NotFound for staff: they are nobody's customer."""
    if caller.network is None or not caller.account:
        raise NotFound("You are not a driver.", field="account", remedy="Log in with a driver's account.")
    return await here.ports.business.drivers.of_account(caller.account, caller.network)


Me = Annotated[Driver, Depends(driver_of_caller)]


# --- profile ----------------------------------------------------------------------------------------------------------


@router.get("/profile", operation_id="getMyProfile", summary="Your profile")
async def get_profile(me: Me, response: Response) -> DriverOut:
    tagged(response, me.version)
    return DriverOut.of(me)


@router.patch("/profile", operation_id="changeMyProfile", summary="Change your profile")
async def change_profile(body: ProfileChange, me: Me, here: Here, version: IfMatch, response: Response) -> DriverOut:
    changes = body.model_dump(exclude_unset=True)
    row = await here.ports.business.drivers.change(me.id, changes, version=version, own=True)
    tagged(response, row.version)
    return DriverOut.of(row)


# --- vehicles ---------------------------------------------------------------------------------------------------------


@router.get("/vehicles", operation_id="listMyVehicles", summary="Your vehicles")
async def list_vehicles(me: Me, here: Here) -> Page[VehicleOut]:
    rows = await here.ports.business.vehicles.of(me)
    return Page[VehicleOut](items=[VehicleOut.of(row) for row in rows], next=None)


@router.post("/vehicles", operation_id="addMyVehicle", summary="Add a vehicle", status_code=201)
async def add_vehicle(body: VehicleChange, me: Me, here: Here, response: Response) -> VehicleOut:
    said = body.model_dump()
    said["connector_types"] = tuple(said["connector_types"])
    made = await here.ports.business.vehicles.add(me, Vehicle("", me.id, **said))
    tagged(response, made.version)
    return VehicleOut.of(made)


@router.patch("/vehicles/{id}", operation_id="changeMyVehicle", summary="Change a vehicle")
async def change_vehicle(
    id: Id, body: VehicleChange, me: Me, here: Here, version: IfMatch, response: Response
) -> VehicleOut:
    changes = body.model_dump(exclude_unset=True)
    if "connector_types" in changes:
        changes["connector_types"] = tuple(changes["connector_types"])
    row = await here.ports.business.vehicles.change(me, id, changes, version)
    tagged(response, row.version)
    return VehicleOut.of(row)


@router.delete("/vehicles/{id}", operation_id="deleteMyVehicle", summary="Remove a vehicle", status_code=204)
async def delete_vehicle(id: Id, me: Me, here: Here, version: IfMatch) -> None:
    await here.ports.business.vehicles.remove(me, id, version)


# --- tokens -----------------------------------------------------------------------------------------------------------


@router.get("/tokens", operation_id="listMyTokens", summary="Your cards, and your app's token")
async def list_tokens(me: Me, here: Here, limit: Limit = 100, cursor: Cursor = None) -> Page[TokenOut]:
    found = await here.ports.business.tokens.page(TokenFilter(driver=me.id), Wanted("", cursor, limit))
    return Page[TokenOut](items=[TokenOut.of(row) for row in found.items], next=found.cursor)


@router.post("/tokens", operation_id="claimToken", summary="Take a card for your own", status_code=201)
async def claim_token(body: ClaimIn, me: Me, here: Here, response: Response) -> TokenOut:
    """By the number on it and the code that was printed with it; sessions from before stay their driver's."""
    business = here.ports.business
    claimed = await business.claims.claim(me.id, body.id_token, body.code)
    row = await business.tokens.get(claimed.id_token, claimed.network)
    tagged(response, row.version)
    return TokenOut.of(row)


@router.patch("/tokens/{id}", operation_id="renameMyToken", summary="Name a card of yours")
async def rename_token(
    token: TokenId, body: OwnTokenChange, me: Me, here: Here, version: IfMatch, response: Response
) -> TokenOut:
    mine = await _mine(here, me, token)
    row = await here.ports.business.tokens.change(
        mine.id_token, {"label": body.label}, network=mine.network, version=version
    )
    tagged(response, row.version)
    return TokenOut.of(row)


@router.post("/tokens/{id}/loss", operation_id="reportTokenLost", summary="Block a card that you have lost")
async def report_lost(token: TokenId, me: Me, here: Here) -> TokenOut:
    """It is refused everywhere within a second. Only the operator can unblock it."""
    mine = await _mine(here, me, token)
    lost = {"status": "Blocked", "block_reason": "Reported lost by its holder."}
    return TokenOut.of(await here.ports.business.tokens.change(mine.id_token, lost, network=mine.network))


async def _mine(here: Here, me: Driver, token: str) -> Token:
    """A token of the driver's. Raises NotFound, alike for somebody else's."""
    found = await here.ports.business.tokens.every(TokenFilter(driver=me.id), scope=EVERYWHERE, limit=1000)
    for row in found:
        if row.folded == token.lower():
            return row
    raise NotFound("You have no such token.", field="id", remedy="See the list of your tokens.")
