"""Stations with their charge points and connectors, and the sheet of QR codes to print for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.operations.qr_codes import sheet
from api.routes.paging import Id, Listed, Searched
from api.schemas.charge_points import ConnectorOut
from api.schemas.places import StandingOut, StationChange, StationIn, StationOut
from api.schemas.resources import Page
from api.web.context import Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.stores.places.stations import Station, WhichStations

router = APIRouter(prefix="/stations", tags=["networks and stations"])
Word = Annotated[str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


async def which(
    q: Searched = "",
    network: Word = "",
    city: Word = "",
    country: Word = "",
    tags: Annotated[list[Word], Query(alias="tag", max_length=10, description="Has all of these tags.")] = [],  # noqa: B006
    public: Annotated[bool | None, Query(description="Whether drivers are shown it.")] = None,
    retired: Annotated[bool, Query(description="Show retired ones too.")] = False,
) -> WhichStations:
    """Which stations are wanted, from a request's query."""
    return WhichStations(q, network, city, country, tuple(tags), public, retired)


@router.get("", operation_id="listStations", summary="Stations with their charge points and connectors")
async def list_stations(
    here: Here, scope: Scoped, wanted: Listed, filtered: Annotated[WhichStations, Depends(which)]
) -> Page[StationOut]:
    """In the order of `sort`: id, name, network, city, created or updated. `q` is looked for in id,
    name and address."""
    found = await here.ports.business.stations.page(filtered, wanted, scope=scope)
    return Page(items=await shown(here, found.items), next=found.cursor)


async def shown(here: Context, rows: Sequence[Station]) -> list[StationOut]:
    """Stations as they are shown: with what stands there and what it does now."""
    standing = await here.ports.business.stations.standing([row.id for row in rows])
    names = [each.id for there in standing.values() for each in there]
    live = await here.views(names)
    connectors = await here.ports.business.connectors.of(names)
    return [
        StationOut.of(
            row,
            [
                StandingOut(
                    id=each.id,
                    name=each.name,
                    commissioning=each.commissioning,
                    link=live[each.id]["link"] if each.id in live else None,
                    connectors=[ConnectorOut.of(one, live.get(each.id)) for one in connectors.get(each.id, ())],
                )
                for each in standing.get(row.id, ())
            ],
        )
        for row in rows
    ]


@router.post("", operation_id="addStation", summary="Register a station", status_code=201)
async def add_station(body: StationIn, here: Here, scope: Scoped, response: Response) -> StationOut:
    row = await here.ports.business.stations.create(body.station(), scope=scope)
    response.headers["Location"] = f"/api/v1/stations/{row.id}"
    tagged(response, row.version)
    return StationOut.of(row, [])


@router.get("/{id}", operation_id="getStation", summary="One station with its charge points and connectors")
async def get_station(id: Id, here: Here, scope: Scoped, response: Response) -> StationOut:
    row = await here.ports.business.stations.get(id, scope=scope)
    tagged(response, row.version)
    return (await shown(here, [row]))[0]


@router.patch("/{id}", operation_id="changeStation", summary="Change a station's description")
async def change_station(
    id: Id, body: StationChange, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> StationOut:
    row = await here.ports.business.stations.change(id, body.changes(), scope=scope, version=version)
    tagged(response, row.version)
    return (await shown(here, [row]))[0]


@router.delete("/{id}", operation_id="retireStation", summary="Retire a station", status_code=204)
async def retire_station(id: Id, here: Here, scope: Scoped, version: IfMatch) -> None:
    """Its charge points have to be retired or moved before; its sessions stay."""
    await here.ports.business.stations.retire(id, scope=scope, version=version)


@router.get(
    "/{id}/sheet",
    operation_id="getStationSheet",
    summary="The QR codes of all its connectors, to print",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}, "description": "A page in HTML."}},
)
async def get_station_sheet(id: Id, here: Here, scope: Scoped) -> Response:
    row = await here.ports.business.stations.get(id, scope=scope)
    there = (await here.ports.business.stations.standing([row.id])).get(row.id, [])
    connectors = await here.ports.business.connectors.of([each.id for each in there])
    return sheet(row, [one for each in there for one in connectors.get(each.id, ())], here.settings.facade_url)
