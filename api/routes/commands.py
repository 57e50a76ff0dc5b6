"""Any OCPP call to a station, for those permitted, and what became of earlier ones."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from api.ports.facade import ChargePoint, CommandFilter
from api.routes.paging import Cursor, Id, Limit, known_charge_point_id, page
from api.schemas.commands import CommandIn, CommandOut, CommandResultOut
from api.schemas.resources import Page, micros_of
from api.web import cursors
from api.web.context import Caller, Context, Here, Scoped
from api.web.idempotency import command_id
from engine.errors import Conflict
from engine.places.commissioning import RETIRED

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
    command = command_id()
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


async def commandable(here: Context, charge_point: str) -> str:
    """The charge point's id as registered, from memory where it is there. Raises as `in_service`."""
    place = here.ports.business.places.place(charge_point)
    if place is not None and place.commissioning != RETIRED:
        return place.charge_point
    return (await in_service(here, charge_point)).id


@router.get(
    "/charge-points/{id}/commands", operation_id="listCommands", summary="A charge point's commands, newest first"
)
async def list_commands(
    charge_point: ChargePointId,
    here: Here,
    action: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9]{1,64}$", description="E.g. Reset.")] = None,
    state: Annotated[str | None, Query(pattern=r"^[a-z_]{1,32}$", description="E.g. sent, ended.")] = None,
    outcome: Annotated[str | None, Query(pattern=r"^[A-Za-z]{1,32}$", description="E.g. Accepted.")] = None,
    requested_by: Annotated[str | None, Query(pattern=r"^[^\x00-\x1f\x7f]{1,254}$")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Requested at or after, RFC 3339.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Requested before, RFC 3339.")] = None,
    sort: Annotated[Literal["-requested", "requested"], Query(description="Newest or oldest first.")] = "-requested",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CommandOut]:
    """Keep filters and `sort` the same on each page."""
    span = micros_of(since), micros_of(until)
    wanted = CommandFilter(action, state, outcome, requested_by, *span, ascending=sort == "requested")
    row = await here.ports.registry.charge_point(charge_point)
    after = cursors.decode_in(sort, cursor)
    rows = await here.ports.ledger.commands(row.id, wanted, after=after, limit=limit + 1)
    return Page[CommandOut](**page(rows, limit, CommandOut.of, lambda row: (sort, row.requested, row.id)))


@router.get("/commands/{id}", operation_id="getCommand", summary="One command")
async def get_command(id: Id, here: Here, scope: Scoped) -> CommandOut:
    return CommandOut.of(await here.ports.ledger.command(id, scope))
