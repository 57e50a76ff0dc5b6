"""Maps: all stations in a box as signs, for anybody who looks for a charger, and for the operator's people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.operations.mapping import best_first, for_drivers, for_operators, shown, worst_first
from api.routes.places.open_locations import Power, Types
from api.schemas.mapping import MapOut
from api.web.context import Here, Scoped
from engine.errors import InvalidInput
from engine.places.clusters import DEEPEST
from engine.places.geography import Box
from engine.stores.places.locations import Sought

open_router = APIRouter(prefix="/api/v1/open", tags=["where to charge"])
router = APIRouter(tags=["stations"])

South = Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, description="WGS 84, degrees; so the others.")]
West = Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False, description="Above `east`: over the date line.")]
Zoom = Annotated[
    int, Query(ge=0, le=DEEPEST, description="Of the map: at 0 the world has 256 pixels, doubled by each.")
]
State = Annotated[str, Query(pattern=r"^[A-Za-z]{0,20}$", description="Only stations with a connector in this state.")]
Network = Annotated[str, Query(pattern=r"^[0-9A-Za-z_.:-]{0,64}$")]


@open_router.get("/map", operation_id="mapOpenLocations", summary="Where anybody can charge, as signs on a map")
async def map_open_locations(
    here: Here,
    south: South,
    west: West,
    north: South,
    east: West,
    zoom: Zoom,
    types: Types = [],  # noqa: B006
    min_power_w: Power = 0,
    free: Annotated[bool, Query(description="Only where something is free now.")] = False,
) -> MapOut:
    box = _box(south, west, north, east)
    found = await here.pins.offered(Sought(tuple(types), min_power_w))
    within = [pin for pin in found if box.holds(pin.latitude, pin.longitude)]
    return shown(for_drivers(here, within, free_only=free), zoom, best_first)


@router.get("/map", operation_id="mapStations", summary="Stations as signs on a map, by the worst that is there")
async def map_stations(
    here: Here,
    scope: Scoped,
    south: South,
    west: West,
    north: South,
    east: West,
    zoom: Zoom,
    state: State = "",
    network: Network = "",
) -> MapOut:
    box = _box(south, west, north, east)
    within = [
        pin
        for pin in await here.pins.every()
        if scope.covers(pin.network)
        and (not network or pin.network == network)
        and box.holds(pin.latitude, pin.longitude)
    ]
    return shown(for_operators(here, within, state=state), zoom, worst_first)


def _box(south: float, west: float, north: float, east: float) -> Box:
    if south > north:
        raise InvalidInput("`south` is north of `north`.", field="south", remedy="Turn the two round.")
    return Box(south, west, north, east)
