"""Where drivers can charge, and whether it is free there now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.ports.facade import View
from api.routes.paging import Id
from api.schemas.charge_points import ConnectorOut
from api.schemas.places import LocationConnector, LocationOut, LocationsOut
from api.web.context import Context, Here, Scoped
from engine.errors import InvalidInput, NotFound
from engine.places.availability import FREE, OUT_OF_ORDER, availability
from engine.places.connectors import CODE_LENGTH
from engine.places.geography import Box, box_around, distance_m
from engine.places.hours import hours_of
from engine.stores.places.connectors import Described
from engine.stores.places.locations import Location, Sought

router = APIRouter(tags=["where to charge"])
AT_ONCE = 100
MAX_RADIUS_M = 200_000
Latitude = Annotated[float | None, Query(ge=-90, le=90, allow_inf_nan=False, description="WGS 84, degrees.")]
Longitude = Annotated[float | None, Query(ge=-180, le=180, allow_inf_nan=False, description="WGS 84, degrees.")]
Word = Annotated[str, Query(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]


@dataclass(frozen=True, slots=True)
class Area:
    """Where to look: a box, and with `point` (latitude, longitude) within that distance only, nearest first."""

    box: Box
    point: tuple[float, float] | None = None
    radius_m: float = 0.0

    def distance(self, latitude: float, longitude: float) -> float | None:
        return None if self.point is None else distance_m(*self.point, latitude, longitude)


async def area(
    lat: Latitude = None,
    lon: Longitude = None,
    radius_m: Annotated[float, Query(gt=0, le=MAX_RADIUS_M, allow_inf_nan=False)] = 5_000.0,
    south: Latitude = None,
    west: Longitude = None,
    north: Latitude = None,
    east: Longitude = None,
) -> Area:
    """The area that a request asks for. Raises InvalidInput unless it is a point or a box."""
    if lat is not None and lon is not None:
        return Area(box_around(lat, lon, radius_m), (lat, lon), radius_m)
    if south is not None and west is not None and north is not None and east is not None:
        if south > north:
            raise InvalidInput("`south` is north of `north`.", field="south", remedy="Turn the two round.")
        return Area(Box(south, west, north, east))
    raise InvalidInput(
        "This says no area.", field="lat", remedy="Give lat and lon, or south, west, north and east, in degrees."
    )


@router.get("/locations", operation_id="findLocations", summary="Where drivers can charge, in an area")
async def find_locations(
    here: Here,
    scope: Scoped,
    where: Annotated[Area, Depends(area)],
    types: Annotated[list[Word], Query(alias="type", max_length=20, description="One of OCPI's ConnectorTypes.")] = [],  # noqa: B006
    min_power_w: Annotated[int, Query(ge=0, le=10_000_000, description="So much power or more, W.")] = 0,
    free: Annotated[bool, Query(description="Only where such a connector is free now.")] = False,
    network: Word = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> LocationsOut:
    """Public stations with live charge points: around the point `lat`, `lon`, nearest first, or in the box of `south`,
    `west`, `north` and `east`, which crosses the date line where `east` is less than `west`. Each shows all of its
    connectors, and it is here because one of them fits what was asked for."""
    sought = Sought(tuple(types), min_power_w, network)
    near = []
    for each in await here.ports.business.locations.within(where.box, sought, scope=scope):
        away = where.distance(each.latitude, each.longitude)
        if away is None or away <= where.radius_m:
            near.append((away or 0.0, each.id))
    near.sort()
    found: list[LocationOut] = []
    for begin in range(0, len(near), AT_ONCE):
        some = [name for _, name in near[begin : begin + AT_ONCE]]
        locations = await here.ports.business.locations.locations(some, scope=scope)
        found += await _shown(here, locations, where, sought if free else None)
        if len(found) > limit:
            break
    return LocationsOut(items=found[:limit], complete=len(found) <= limit)


@router.get("/locations/{id}", operation_id="getLocation", summary="One station where drivers can charge")
async def get_location(id: Id, here: Here, scope: Scoped) -> LocationOut:
    locations = await here.ports.business.locations.locations([id], scope=scope)
    shown = await _shown(here, [each for each in locations if each.connectors], None, None)
    if not shown:
        raise NotFound("There is no such station.", field="id", remedy="Look for one with GET /api/v1/locations.")
    return shown[0]


@router.get("/connectors/{code}", operation_id="getConnectorByCode", summary="The connector with this QR code")
async def get_connector_by_code(
    code: Annotated[str, Path(pattern=rf"^[0-9A-Za-z]{{{CODE_LENGTH}}}$")], here: Here, scope: Scoped
) -> LocationOut:
    """Its station, with this connector alone."""
    location = await here.ports.business.locations.by_code(code, scope=scope)
    return (await _shown(here, [location], None, None))[0]


async def _shown(
    here: Context, locations: Sequence[Location], where: Area | None, only_free: Sought | None
) -> list[LocationOut]:
    """Locations as they are shown; with `only_free` those where a connector that fits is free."""
    live = await here.views(sorted({one.charge_point for each in locations for one in each.connectors}))
    now = here.ports.clock.now()
    found = []
    for each in locations:
        stands = [(one, _stands(here, one, live.get(one.charge_point))) for one in each.connectors]
        if only_free is not None and not any(state == FREE and only_free.fits(one) for one, state in stands):
            continue
        shown = [LocationConnector.of(ConnectorOut.of(one, live.get(one.charge_point)), state) for one, state in stands]
        found.append(_location(each, shown, where, now))
    return found


def _stands(here: Context, one: Described, live: View | None) -> str:
    """What a driver is told of a connector: what is being repaired is out of order, whatever it says itself."""
    spot = one.charge_point, one.connector.evse, one.connector.connector
    return OUT_OF_ORDER if here.ports.business.blocked.blocked(*spot) else availability(live, *spot[1:])


def _location(each: Location, connectors: list[LocationConnector], where: Area | None, now: int) -> LocationOut:
    station = each.station
    assert station.latitude is not None
    assert station.longitude is not None
    away = None if where is None else where.distance(station.latitude, station.longitude)
    names = ("id", "name", "street", "postal_code", "city", "region", "latitude", "longitude", "parking", "access")
    return LocationOut.model_validate(
        {name: getattr(station, name) for name in names}
        | {
            "network": station.network_id,
            "operator": each.operator,
            "country": each.country,
            "distance_m": None if away is None else round(away),
            "time_zone": each.zone,
            "opening_hours": station.hours,
            "open_now": None if station.hours is None else hours_of(station.hours).is_open(now, each.zone),
            "photos": list(station.photos),
            "free": sum(one.availability == FREE for one in connectors),
            "connectors": connectors,
        }
    )
