"""Where anybody can charge, what is free there, and what it costs: for those who have not logged in, or never will.

What is shown is what `/locations` shows to those who are logged in, of all networks, with the price that everybody
pays. The only limit is the one by address.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.routes.paging import Id
from api.routes.places.locations import Latitude, Longitude, area, find_locations, get_location
from api.schemas.open_places import (
    ExampleNowOut,
    OpenConnectorOut,
    OpenLocationOut,
    OpenLocationsOut,
    OpenTariffOut,
    OperatorOut,
    PriceNowOut,
)
from api.schemas.places import LocationConnector, LocationOut
from api.web.context import Context, Here
from engine.access.scope import EVERYWHERE
from engine.errors import NotFound
from engine.places.connectors import CODE_LENGTH
from engine.places.geography import distance_m
from engine.stores.listing import Wanted
from engine.stores.paging import MAX_LIMIT
from engine.stores.places.search import stations_named
from engine.tariffs.estimate import estimate, planned
from engine.tariffs.glance import glance
from engine.tariffs.held import Terms
from engine.tariffs.model import Tariff

open_router = APIRouter(prefix="/api/v1/open", tags=["where to charge"])

EXAMPLE_KWH = Decimal(20)
USUAL_KW = Decimal(11)
"""The power of the example where nobody has said what a connector gives."""

Types = Annotated[list[str], Query(alias="type", max_length=30, description="One of these types; repeat it.")]
Power = Annotated[int, Query(ge=0, le=10_000_000, description="So much power or more, W.")]
Words = Annotated[str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$", description="Of name or address.")]


@open_router.get("/locations", operation_id="findOpenLocations", summary="Where anybody can charge, and what it costs")
async def find_open_locations(
    here: Here,
    q: Words = "",
    lat: Latitude = None,
    lon: Longitude = None,
    radius_m: Annotated[float, Query(gt=0, le=200_000, allow_inf_nan=False)] = 5_000.0,
    south: Latitude = None,
    west: Longitude = None,
    north: Latitude = None,
    east: Longitude = None,
    types: Types = [],  # noqa: B006
    min_power_w: Power = 0,
    free: Annotated[bool, Query(description="Only where such a connector is free now.")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> OpenLocationsOut:
    """By words of name or address (`q`), or in an area as with `findLocations`: around a point, nearest first, or in a
    box. With words and a point the point only says how far each is."""
    if q.strip():
        found = await _named(here, q, (lat, lon), types, min_power_w, free, limit)
    else:
        where = await area(lat, lon, radius_m, south, west, north, east)
        told = await find_locations(
            here=here, scope=EVERYWHERE, where=where, types=types, min_power_w=min_power_w, free=free, limit=limit
        )
        found = OpenLocationsOut(items=_priced(here, told.items), complete=told.complete)
    return found


async def _named(
    here: Context,
    words: str,
    point: tuple[float | None, float | None],
    types: Sequence[str],
    min_power_w: int,
    free: bool,
    limit: int,
) -> OpenLocationsOut:
    names = await stations_named(here.ports.business.database, words, limit=limit + 1)
    found: list[LocationOut] = []
    for name in names[:limit]:
        try:
            each = await get_location(name, here, EVERYWHERE)
        except NotFound:
            continue
        if point[0] is not None and point[1] is not None:
            each.distance_m = round(distance_m(point[0], point[1], each.latitude, each.longitude))
        if any(_fits(one, types, min_power_w, free) for one in each.connectors):
            found.append(each)
    found.sort(key=lambda each: (each.distance_m or 0, each.name))
    return OpenLocationsOut(items=_priced(here, found), complete=len(names) <= limit)


def _fits(one: LocationConnector, types: Sequence[str], min_power_w: int, free: bool) -> bool:
    if types and one.type not in types:
        return False
    return (one.max_power_w or 0) >= min_power_w and (not free or one.availability == "free")


@open_router.get("/locations/{id}", operation_id="getOpenLocation", summary="One station, and what it costs there")
async def get_open_location(id: Id, here: Here) -> OpenLocationOut:
    return _priced(here, [await get_location(id, here, EVERYWHERE)])[0]


@open_router.get("/connectors/{code}", operation_id="getOpenConnector", summary="The station of a QR code's connector")
async def get_open_connector(
    code: Annotated[str, Path(pattern=rf"^[0-9A-Za-z]{{{CODE_LENGTH}}}$")], here: Here
) -> OpenLocationOut:
    """With all of its connectors, so that another one can be offered where this one is of no use."""
    of_code = await here.ports.business.locations.by_code(code, scope=EVERYWHERE)
    return _priced(here, [await get_location(of_code.station.id, here, EVERYWHERE)])[0]


@open_router.get("/operators", operation_id="listOperators", summary="Whose customer a driver can become")
async def list_operators(here: Here) -> list[OperatorOut]:
    found = await here.ports.business.networks.page(Wanted("name", None, MAX_LIMIT))
    return [OperatorOut(id=each.id, name=each.name) for each in found.items]


# --- what it costs ------------------------------------------------------------------------------------------------


def _priced(here: Context, found: Sequence[LocationOut]) -> list[OpenLocationOut]:
    now, told = here.ports.clock.now(), {}
    held = here.ports.business.tariff_book.held
    shown = []
    for each in found:
        connectors = []
        for one in each.connectors:
            terms = held.terms(one.charge_point, one.evse, one.connector, "", now)
            # Many connectors have one tariff: an example is reckoned once for each power.
            key = (terms.tariff, terms.zone, one.max_power_w)
            if key not in told:
                told[key] = None if terms.tariff is None else _tariff(terms, terms.tariff, one.max_power_w, now)
            connectors.append(OpenConnectorOut(**one.model_dump(), tariff=told[key]))
        shown.append(OpenLocationOut(**each.model_dump(exclude={"connectors"}), connectors=connectors))
    return shown


def _tariff(terms: Terms, tariff: Tariff, power_w: int | None, now: int) -> OpenTariffOut:
    power_kw = USUAL_KW if not power_w else Decimal(power_w) / 1000
    minutes = max(1, round(EXAMPLE_KWH / power_kw * 60))
    bill = estimate(tariff, planned(now, terms.zone, EXAMPLE_KWH, charging_s=minutes * 60))
    example = ExampleNowOut(kwh=f"{EXAMPLE_KWH:f}", minutes=minutes, amount=f"{bill.gross:f}")
    price = PriceNowOut.of(glance(tariff, now, terms.zone))
    return OpenTariffOut(name=tariff.name, text=dict(tariff.text), example=example, price=price)
