"""What tariffs are assigned to, and which one holds where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from api.routes.paging import Id, Listed
from api.schemas.resources import Page, micros_of
from api.schemas.tariffs import AssignmentIn, AssignmentOut, ContentJson, Group, NetworkId, TermsOut
from api.web.context import Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.clock import to_iso
from engine.errors import NotFound
from engine.stores.tariffs.assignments import WhichAssignments

router = APIRouter(tags=["tariffs"])
ChargePointId = Annotated[str, Query(pattern=r"^[^\x00-\x20\x7f]{1,48}$")]
Place = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get("/tariff-assignments", operation_id="listTariffAssignments", summary="What tariffs are assigned to")
async def list_assignments(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    network: Annotated[NetworkId | None, Query()] = None,
    tariff: Annotated[NetworkId | None, Query()] = None,
    station: Annotated[NetworkId | None, Query()] = None,
    charge_point: ChargePointId | None = None,
    token_group: Annotated[Group | None, Query()] = None,
    at: Annotated[AwareDatetime | None, Query(description="Only those that hold then.")] = None,
) -> Page[AssignmentOut]:
    """In the order of `sort`: valid_from, created or tariff; the newest first."""
    which = WhichAssignments(network, tariff, station, charge_point, token_group, micros_of(at))
    found = await here.ports.business.tariff_assignments.page(which, wanted, scope=scope)
    return Page[AssignmentOut](items=[AssignmentOut.of(row) for row in found.items], next=found.cursor)


@router.post(
    "/tariff-assignments", operation_id="assignTariff", summary="Have a tariff hold somewhere", status_code=201
)
async def assign(body: AssignmentIn, here: Here, scope: Scoped, response: Response) -> AssignmentOut:
    """For a network, station, charge point or connector, for everybody or a group of tokens.

    A group's comes before everybody's, then a smaller place before a larger one; of the same, what begins later.
    """
    row = await here.ports.business.tariff_assignments.assign(body.assigned, scope=scope)
    response.headers["Location"] = f"/api/v1/tariff-assignments/{row.id}"
    tagged(response, row.version)
    return AssignmentOut.of(row)


@router.get("/tariff-assignments/{id}", operation_id="getTariffAssignment", summary="One assignment")
async def get_assignment(id: Id, here: Here, scope: Scoped, response: Response) -> AssignmentOut:
    row = await here.ports.business.tariff_assignments.get(id, scope=scope)
    tagged(response, row.version)
    return AssignmentOut.of(row)


@router.delete("/tariff-assignments/{id}", operation_id="endTariffAssignment", summary="End it now", status_code=204)
async def end(id: Id, here: Here, scope: Scoped, version: IfMatch) -> None:
    """What held until now can still be told."""
    await here.ports.business.tariff_assignments.end(id, scope=scope, version=version)


@router.get("/tariff-for", operation_id="getTariffFor", summary="Which tariff holds there, and why")
async def tariff_for(
    here: Here,
    scope: Scoped,
    charge_point: ChargePointId,
    evse: Place = 0,
    connector: Place = 0,
    id_token: Annotated[str, Query(max_length=64, pattern=r"^[!-~]*$", description="Empty: anybody's.")] = "",
    at: Annotated[AwareDatetime | None, Query(description="Left out: now.")] = None,
) -> TermsOut:
    """For a session that begins there at that time with this token."""
    held = here.ports.business.tariff_book.held
    place = here.ports.business.places.place(charge_point)
    if place is None or not scope.covers(place.network):
        raise NotFound("There is no such charge point.", field="charge_point", remedy="List what there is for you.")
    group = await _group_of(here, id_token, place.network) if id_token else ""
    begins = micros_of(at)
    begins = here.ports.clock.now() if begins is None else begins
    terms = held.terms(place.charge_point, evse, connector, group, begins)
    tariff = terms.tariff
    return TermsOut(
        network=terms.network,
        time_zone=terms.zone,
        token_group=group,
        at=to_iso(begins),
        tariff=None if tariff is None else tariff.id,
        version=None if tariff is None else tariff.version,
        assignment=None if terms.assignment is None else terms.assignment.id,
        reason=terms.reason,
        content=None if tariff is None else ContentJson.of(tariff),
    )


async def _group_of(here: Context, id_token: str, network: str) -> str:
    """A token that nobody knows has no group."""
    try:
        return (await here.ports.business.tokens.get(id_token, network)).group_id
    except NotFound:
        return ""
