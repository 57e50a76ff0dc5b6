"""What is free near a point: from the façade's memory, so that an app may ask whenever its map moves."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.routes.places.locations import MAX_RADIUS_M, Word
from api.web.context import Context, Here, Scoped
from engine.places.availability import FREE, to_be_offered
from engine.places.nearby import Site, Spot

router = APIRouter(tags=["where to charge"])
_OF_SPOT = ("charge_point", "evse", "connector", "label", "code", "type")


class NearbyConnector(BaseModel):
    charge_point: str
    evse: int
    connector: int
    label: str
    code: str = Field(description="As in its QR code.")
    type: str = Field(description="One of OCPI's ConnectorTypes.", examples=["IEC_62196_T2_COMBO"])
    max_power_w: int | None
    availability: Literal["free", "occupied", "reserved", "out_of_order", "unknown"]
    offered: bool = Field(description="Whether it works and may be used by drivers: it is free, or somebody charges.")


class NearbyStation(BaseModel):
    id: str = Field(description="The station's id; GET /api/v1/locations/{id} tells more.", examples=["city-mall"])
    network: str
    name: str
    latitude: float
    longitude: float
    distance_m: float = Field(description="Along the great circle, metres.", examples=[412.7])
    free: int = Field(description="How many of `connectors` are free now.")
    connectors: list[NearbyConnector] = Field(description="Those that fit what was asked for.")


class NearbyOut(BaseModel):
    items: list[NearbyStation]
    complete: bool = Field(description="False: there are more than `limit` within the radius.")


@router.get("/availability", operation_id="findAvailability", summary="What is free near a point, at once")
async def find_availability(
    here: Here,
    scope: Scoped,
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, description="WGS 84, degrees.")],
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False, description="WGS 84, degrees.")],
    radius_m: Annotated[float, Query(gt=0, le=MAX_RADIUS_M, allow_inf_nan=False)] = 5_000.0,
    types: Annotated[list[Word], Query(alias="type", max_length=20, description="One of OCPI's ConnectorTypes.")] = [],  # noqa: B006
    min_power_w: Annotated[int, Query(ge=0, le=10_000_000, description="So much power or more, W.")] = 0,
    free: Annotated[bool, Query(description="Only what is free now.")] = False,
    network: Word = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> NearbyOut:
    """Public stations with live charge points, nearest first, and those of their connectors that fit. No store is
    asked: what chargers say is here within a second, what operators change too."""
    found: list[NearbyStation] = []
    for away, site in here.ports.business.offers.sites.near(lat, lon, radius_m):
        if not scope.covers(site.network) or (network and site.network != network):
            continue
        spots = [spot for spot in site.spots if _fits(spot, types, min_power_w)]
        told = _told(here, site, away, spots, free)
        if told.connectors:
            found.append(told)
        if len(found) > limit:
            break
    return NearbyOut(items=found[:limit], complete=len(found) <= limit)


def _fits(spot: Spot, types: list[str], min_power_w: int) -> bool:
    """Of unknown power it is none if power is asked for."""
    return (not types or spot.type in types) and (not min_power_w or (spot.power_w or 0) >= min_power_w)


def _told(here: Context, site: Site, away: float, spots: list[Spot], only_free: bool) -> NearbyStation:
    connectors = []
    for spot in spots:
        state = here.image.availability(spot.charge_point, spot.evse, spot.connector)
        if state == FREE or not only_free:
            told = {name: getattr(spot, name) for name in _OF_SPOT} | {"max_power_w": spot.power_w}
            told |= {"availability": state, "offered": to_be_offered(state)}
            connectors.append(NearbyConnector.model_validate(told))
    return NearbyStation(
        id=site.id,
        network=site.network,
        name=site.name,
        latitude=site.latitude,
        longitude=site.longitude,
        distance_m=round(away, 1),
        free=sum(one.availability == FREE for one in connectors),
        connectors=connectors,
    )
