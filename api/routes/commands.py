"""Any OCPP call to a station, for those permitted, and what became of earlier ones."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api import cursors
from api.command_schemas import CommandIn, CommandOut, CommandResultOut
from api.context import Caller, Context, Here
from api.ports import ChargePoint, CommandRow
from api.routes.paging import Cursor, Id, Limit, known_charge_point_id, page
from api.schemas import Page
from engine.errors import Conflict
from engine.ids import new_id

router = APIRouter(tags=["commands"])
ChargePointId = Annotated[str, Depends(known_charge_point_id)]


@router.post("/charge-points/{id}/commands", operation_id="sendCommand", summary="Have an OCPP call made")
async def send_command(
    charge_point: ChargePointId, body: CommandIn, here: Here, caller: Caller, response: Response
) -> CommandResultOut:
    """Answers when the command has ended, with 200 whichever way: the outcome tells. The payload is checked against
    the schema of the station's OCPP version first (422)."""
    row = await in_service(here, charge_point)
    live = await here.ports.fleet.state(row.id) or {}
    here.ports.check_call(str(live.get("subprotocol") or "ocpp1.6"), body.action, body.payload)
    command = new_id()
    response.headers["Location"] = f"/api/v1/commands/{command}"
    ended = await here.ports.fleet.command(
        row.id,
        body.action,
        body.payload,
        timeout_s=body.timeout_s,
        wait=body.wait,
        requested_by=caller.email,
        command_id=command,
    )
    return CommandResultOut.model_validate(
        {
            "id": command,
            "outcome": ended.outcome,
            "payload": ended.payload,
            "error_code": ended.error_code or None,
            "error_description": ended.error_description or None,
        }
    )


async def in_service(here: Context, charge_point: str) -> ChargePoint:
    """The charge point's row. Raises NotFound, and Conflict for one that is retired."""
    row = await here.ports.registry.charge_point(charge_point)
    if row.retired is not None:
        raise Conflict("This charge point is retired.", field="id", remedy="Send commands to one that is in service.")
    return row


@router.get(
    "/charge-points/{id}/commands", operation_id="listCommands", summary="A charge point's commands, newest first"
)
async def list_commands(
    charge_point: ChargePointId, here: Here, limit: Limit = 50, cursor: Cursor = None
) -> Page[CommandOut]:
    row = await here.ports.registry.charge_point(charge_point)
    rows = await here.ports.ledger.commands(row.id, after=cursors.decode_moment(cursor), limit=limit + 1)
    return Page[CommandOut](**page(rows, limit, CommandOut.of, _position))


def _position(row: CommandRow) -> tuple[int, str]:
    return row.requested, row.id


@router.get("/commands/{id}", operation_id="getCommand", summary="One command")
async def get_command(id: Id, here: Here) -> CommandOut:
    return CommandOut.of(await here.ports.ledger.command(id))
