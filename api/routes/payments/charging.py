"""Charging over the app: a driver's own starts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.operations.starting import Starting
from api.operations.watching import curve_of
from api.routes.drivers.own import Me
from api.routes.paging import Id
from api.schemas.starts import ChargingIn, ChargingOut, CurveOut
from api.web.context import Here, Scoped
from engine.access.scope import EVERYWHERE

router = APIRouter(prefix="/me/charging", tags=["driver"])

KEY, LONGEST_KEY = "idempotency-key", 200


@router.post("", operation_id="beginCharging", summary="Start charging", status_code=201)
async def begin(
    body: ChargingIn, here: Here, me: Me, scope: Scoped, request: Request, response: Response
) -> ChargingOut:
    """The start is written down and taken on from here: follow it until it charges, or has ended. Where a payment is
    needed first, `payment.action_url` is where to pay. The same request again, also by its `Idempotency-Key`, is the
    same start."""
    starting = Starting(here)
    if body.code is not None:
        spot = await starting.spot_of_code(body.code)
        spot = await starting.spot(spot.charge_point, spot.evse, spot.connector, scope)
    else:
        spot = await starting.spot(body.charge_point or "", body.evse, body.connector, scope)
    key = request.headers.get(KEY, "")[:LONGEST_KEY]
    start = await starting.for_driver(me, spot, body.id_token, key, body.return_url or "")
    response.headers["Location"] = f"/api/v1/me/charging/{start.id}"
    return await starting.shown(start)


@router.get("", operation_id="listCharging", summary="What of mine charges, or is about to")
async def list_charging(here: Here, me: Me) -> list[ChargingOut]:
    starting = Starting(here)
    return [await starting.shown(start) for start in await here.ports.business.starts.current(me.id)]


@router.get("/{id}", operation_id="getCharging", summary="One start of mine: state, energy, minutes, price")
async def get_charging(id: Id, here: Here, me: Me) -> ChargingOut:
    return await Starting(here).shown(await here.ports.business.starts.get(id, EVERYWHERE, driver=me.id))


@router.get("/{id}/curve", operation_id="getChargingCurve", summary="Power and state of charge of one start of mine")
async def get_charging_curve(id: Id, here: Here, me: Me) -> CurveOut:
    return await curve_of(here, await here.ports.business.starts.get(id, EVERYWHERE, driver=me.id))


@router.post("/{id}/stop", operation_id="endCharging", summary="Stop, or cancel before it has begun")
async def end_charging(id: Id, here: Here, me: Me) -> ChargingOut:
    """After its end it does nothing."""
    return await Starting(here).shown(await here.ports.business.starts.stop(id, "driver", driver=me.id))
