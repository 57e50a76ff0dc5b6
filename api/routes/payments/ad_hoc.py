"""Charging without an account, by the QR code on a connector: what it is, a start, following and stopping it.

Nobody logs in here. A start is followed by an unguessable secret, of which only a digest is kept; starts are limited
per address beyond what limits every request.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import HTMLResponse

from api.operations.starting import Spot, Starting, digest_of
from api.operations.watching import curve_of
from api.schemas.starts import ChargingOut, CurveOut, ExampleOut, QrConnectorOut, QrStartIn, QrStartOut, TariffShownOut
from api.web.context import Context, Here
from engine.access.scope import EVERYWHERE
from engine.billing.printing.html import HEADERS, html_of
from engine.errors import NotFound
from engine.places.availability import status_of
from engine.starts.course import World, in_the_way
from engine.stores.places.connectors import default_label
from engine.stores.starts import StartRow
from engine.tariffs.estimate import estimate, planned
from engine.tariffs.held import Terms
from engine.tariffs.model import Tariff

EXAMPLE_KWH, EXAMPLE_MINUTES = Decimal(20), 60


open_router = APIRouter(prefix="/api/v1/ad-hoc", tags=["ad hoc"])
Code = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{4,32}$", examples=["K7PQ2MXW4T"])]
Secret = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{16,64}$")]


@open_router.get("/{code}", operation_id="readQrCode", summary="What this connector is, and what it costs")
async def read_code(code: Code, here: Here) -> QrConnectorOut:
    starting = Starting(here)
    spot = await starting.spot_of_code(code)
    live = await here.views([spot.charge_point])
    view = live.get(spot.charge_point, {})
    there = [c for c in view.get("connectors", ()) if (c["evse"], c["connector"]) == (spot.evse, spot.connector)]
    connector = there[0] if there else {"session": None}
    connected = view.get("link") == "connected"
    job = here.ports.business.blocked.blocked(spot.charge_point, spot.evse, spot.connector) or ""
    occupied = connector["session"] is not None
    status = status_of(live.get(spot.charge_point), spot.evse, spot.connector)
    world = World(connected=connected, connector=status, job=job, occupied=occupied)
    terms, policy = starting.terms(spot), await here.ports.business.payment_policies.of(spot.network)
    paid = terms.tariff is not None and policy.needs_payment("ad_hoc")
    if paid and here.ports.payment_provider is not None:
        policy = await starting.policy(spot, "ad_hoc")
    described = spot.described
    assert described is not None
    power = described.connector.power_w
    return QrConnectorOut(
        code=described.code,
        label=described.connector.label or default_label(spot.charge_point, described.connector),
        station=spot.station,
        charge_point=spot.charge_point,
        evse=spot.evse,
        connector=spot.connector,
        type=described.connector.type,
        power_type=described.connector.power_type,
        max_power_kw=None if power is None else format((Decimal(power) / 1000).normalize(), "f"),
        status=status or "Unknown",
        available=in_the_way(world) is None and not (paid and here.ports.payment_provider is None),
        tariff=None if terms.tariff is None else _tariff(here, terms, terms.tariff),
        payment_needed=paid,
        hold=format(policy.hold, "f") if paid else None,
        currency=policy.currency if paid else None,
    )


def _tariff(here: Context, terms: Terms, tariff: Tariff) -> TariffShownOut:
    course = planned(here.ports.clock.now(), terms.zone, EXAMPLE_KWH, charging_s=EXAMPLE_MINUTES * 60)
    gross = estimate(tariff, course).gross
    example = ExampleOut(kwh=format(EXAMPLE_KWH, "f"), minutes=EXAMPLE_MINUTES, amount=format(gross, "f"))
    return TariffShownOut(name=tariff.name, currency=tariff.currency, text=dict(tariff.text), example=example)


@open_router.post(
    "/{code}/starts", operation_id="beginAdHoc", summary="Charge here, without an account", status_code=201
)
async def begin(code: Code, here: Here, request: Request, body: QrStartIn | None = None) -> QrStartOut:
    """Where a payment is needed, `payment.action_url` is the payment provider's page: card data go there and nowhere
    else. Then plug in; `secret` is for following and stopping it."""
    here.ad_hoc_starts.take(request.state.address)
    starting = Starting(here)
    spot: Spot = await starting.spot_of_code(code)
    asked = body or QrStartIn(secret=None)
    start, secret = await starting.ad_hoc(spot, asked.return_url or "", asked.secret or "")
    return QrStartOut(**(await starting.shown(start)).model_dump(), secret=secret)


async def _start(secret: Secret, here: Here) -> StartRow:
    return await here.ports.business.starts.of_secret(digest_of(secret))


Followed = Annotated[StartRow, Depends(_start)]


@open_router.get("/starts/{secret}", operation_id="followAdHoc", summary="How the start stands")
async def follow(start: Followed, here: Here) -> ChargingOut:
    return await Starting(here).shown(start)


@open_router.get("/starts/{secret}/curve", operation_id="followAdHocCurve", summary="Power and state of charge")
async def follow_curve(start: Followed, here: Here) -> CurveOut:
    return await curve_of(here, start)


@open_router.get(
    "/starts/{secret}/receipt",
    operation_id="readAdHocReceipt",
    summary="The receipt, to print or keep",
    response_class=HTMLResponse,
    responses={200: {"content": {"text/html": {}}}},
)
async def receipt(start: Followed, here: Here) -> HTMLResponse:
    """As a page of HTML; there is none before the session has ended and been billed."""
    owed = await here.ports.business.owed.of(start.session) if start.session else None
    if owed is None or not owed.receipt:
        raise NotFound("There is no receipt yet.", field="receipt", remedy="Ask again when the session has ended.")
    standing = await here.ports.business.billing.receipts.receipt(EVERYWHERE, owed.receipt)
    return HTMLResponse(html_of(standing.document), headers=HEADERS)


@open_router.post("/starts/{secret}/stop", operation_id="endAdHoc", summary="Stop, or cancel before it has begun")
async def stop(start: Followed, here: Here) -> ChargingOut:
    return await Starting(here).shown(await here.ports.business.starts.stop(start.id, "driver"))
