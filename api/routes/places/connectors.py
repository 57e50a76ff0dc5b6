"""The connectors of a charge point: what they are, and their QR codes."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from api.operations.qr_codes import qr_code
from api.routes.paging import known_charge_point_id
from api.schemas.charge_points import ConnectorIn, ConnectorOut
from api.web.context import Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.errors import NotFound
from engine.places.connectors import MAX_NUMBER
from engine.stores.places.connectors import Described

router = APIRouter(prefix="/charge-points/{id}/connectors", tags=["networks and stations"])
ChargePointId = Annotated[str, Depends(known_charge_point_id)]
Number = Annotated[int, Path(ge=1, le=MAX_NUMBER)]


@router.get("", operation_id="listConnectors", summary="What the connectors of a charge point are and do")
async def list_connectors(charge_point: ChargePointId, here: Here, scope: Scoped) -> list[ConnectorOut]:
    row = await here.ports.business.charge_points.get(charge_point, scope=scope)
    live = (await here.views([row.id])).get(row.id)
    rows = (await here.ports.business.connectors.of([row.id])).get(row.id, [])
    return [ConnectorOut.of(each, live) for each in rows]


@router.get("/{evse}/{connector}", operation_id="getConnector", summary="What one connector is and does")
async def get_connector(
    charge_point: ChargePointId, evse: Number, connector: Number, here: Here, scope: Scoped, response: Response
) -> ConnectorOut:
    row = await _one(here, scope, charge_point, evse, connector)
    tagged(response, row.version)
    return ConnectorOut.of(row, (await here.views([row.charge_point])).get(row.charge_point))


@router.put("/{evse}/{connector}", operation_id="putConnector", summary="Describe a connector, or describe it anew")
async def put_connector(
    charge_point: ChargePointId,
    evse: Number,
    connector: Number,
    body: ConnectorIn,
    here: Here,
    scope: Scoped,
    version: IfMatch,
    response: Response,
) -> ConnectorOut:
    """By the numbers that the station uses: an OCPP 1.6 station's connectorId is the EVSE here, with connector 1. Its
    public code stays the same."""
    row = await here.ports.business.connectors.put(
        charge_point, evse, connector, body.model_dump(), scope=scope, version=version
    )
    tagged(response, row.version)
    return ConnectorOut.of(row, (await here.views([row.charge_point])).get(row.charge_point))


@router.delete("/{evse}/{connector}", operation_id="deleteConnector", summary="Take a connector away", status_code=204)
async def delete_connector(
    charge_point: ChargePointId, evse: Number, connector: Number, here: Here, scope: Scoped, version: IfMatch
) -> None:
    """Its QR code leads nowhere from then on, and is not given again."""
    await here.ports.business.connectors.delete(charge_point, evse, connector, scope=scope, version=version)


@router.get(
    "/{evse}/{connector}/qr",
    operation_id="getConnectorQrCode",
    summary="Its QR code as SVG or PNG",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}, "image/png": {}}, "description": "The picture."}},
)
async def get_connector_qr_code(
    charge_point: ChargePointId,
    evse: Number,
    connector: Number,
    here: Here,
    scope: Scoped,
    format: Annotated[Literal["svg", "png"], Query()] = "svg",
    scale: Annotated[int, Query(ge=1, le=40, description="Pixels a module.")] = 8,
) -> Response:
    row = await _one(here, scope, charge_point, evse, connector)
    return qr_code(row, here.settings.facade_url, format, scale)


async def _one(here: Context, scope: Scoped, charge_point: str, evse: int, connector: int) -> Described:
    known = await here.ports.business.charge_points.get(charge_point, scope=scope)
    for each in (await here.ports.business.connectors.of([known.id])).get(known.id, ()):
        if (each.connector.evse, each.connector.connector) == (evse, connector):
            return each
    raise NotFound("There is no such connector.", field="connector", remedy="List what there is.")
