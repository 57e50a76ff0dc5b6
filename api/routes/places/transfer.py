"""Bulk import and export of stations, charge points and connectors, as CSV and JSON: one row a connector."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from api.operations.noted_imports import noted
from api.routes.places.stations import which
from api.web.context import Caller, Here, Scoped
from api.web.imports import MAX_FAULTS, FaultOut, body_of, no_table, reader_of, refused, told_faults
from engine.access.scope import Scope
from engine.places.bulk import MAX_ROWS, plan_of
from engine.places.columns import COLUMNS
from engine.places.tables import csv_lines, json_line, read_csv, read_json
from engine.stores.places.comparison import Counts, Outcome
from engine.stores.places.stations import WhichStations

router = APIRouter(tags=["networks and stations"])
_HERE = "/api/v1/import"
ROWS_AT_ONCE = 200
_READERS = {"text/csv": read_csv, "application/json": read_json}
_MANUAL = "\n".join(f"- `{column.name}` {column.about}" for column in COLUMNS)
_ROWS: dict[str, Any] = {"type": "array", "maxItems": MAX_ROWS, "items": {"type": "object"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "station,station_name\r\ncity-mall,City Mall\r\n"},
            "application/json": {
                "schema": _ROWS,
                "example": [{"station": "city-mall", "station_name": "City Mall", "charge_point": "CP-01"}],
            },
        },
    }
}


class CountsOut(BaseModel):
    created: int
    changed: int
    unchanged: int

    @classmethod
    def of(cls, counts: Counts) -> CountsOut:
        return cls(**asdict(counts))


class ImportOut(BaseModel):
    dry_run: bool
    rows: int
    stations: CountsOut
    charge_points: CountsOut
    connectors: CountsOut
    faults: int = Field(description="How many there are; with any at all nothing is imported.")
    errors: list[FaultOut] = Field(description=f"The first {MAX_FAULTS} of them, by line.")

    @classmethod
    def of(cls, outcome: Outcome, *, dry_run: bool) -> ImportOut:
        return cls(
            dry_run=dry_run,
            rows=outcome.rows,
            stations=CountsOut.of(outcome.stations),
            charge_points=CountsOut.of(outcome.charge_points),
            connectors=CountsOut.of(outcome.connectors),
            faults=len(outcome.faults),
            errors=told_faults(outcome.faults),
        )


@router.post(
    "/import",
    operation_id="importPlaces",
    summary="Import stations, charge points and connectors",
    response_model=ImportOut,
    openapi_extra=_BODY,
    description=(
        "All of it or nothing. What is there already is changed, what is not is made, nothing is deleted; the same "
        "file again changes nothing. A column that is left out leaves things as they are, an empty cell makes them "
        "empty. With `dry_run` nothing is changed, and the answer tells what would be, or what is wrong in which line. "
        "A new charge point of security profile 1 or 2 gets in once it has been given a password.\n\n"
        f"Columns:\n\n{_MANUAL}"
    ),
)
async def import_places(
    request: Request,
    here: Here,
    caller: Caller,
    scope: Scoped,
    dry_run: Annotated[bool, Query(description="Change nothing, only tell.")] = False,
) -> Response | ImportOut:
    within = common(scope, caller.scope_of("charge-points:write"))
    reader = reader_of(request, _READERS)
    if reader is None:
        return no_table(_HERE)
    # Reading 20,000 rows takes a second, which others should not have to wait for.
    plan = await asyncio.to_thread(lambda data: plan_of(reader(data)), await body_of(request))
    bulk = here.ports.business.bulk
    if dry_run:
        return ImportOut.of(await bulk.check(plan, scope=within), dry_run=True)
    async with noted(here, caller, within, "places_import", plan.rows) as work:
        outcome = await bulk.write(plan, scope=within)
        told = ImportOut.of(outcome, dry_run=False)
        if outcome.faults:
            work.refused(len(outcome.faults))
        else:
            work.done(stations=told.stations.created, charge_points=told.charge_points.created)
    return refused(_HERE, told.errors) if outcome.faults else told


def common(first: Scope, second: Scope) -> Scope:
    """What lies in both: who imports does two things at once."""
    if first.networks is None or second.networks is None:
        return second if first.networks is None else first
    return Scope(first.networks & second.networks)


@router.get(
    "/export",
    operation_id="exportPlaces",
    summary="Export stations, charge points and connectors",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, "application/json": {"schema": _ROWS}}, "description": "The rows."}},
)
async def export_places(
    here: Here,
    caller: Caller,
    scope: Scoped,
    filtered: Annotated[WhichStations, Depends(which)],
    station: Annotated[str, Query(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$", description="This one alone.")] = "",
    format: Annotated[Literal["csv", "json"], Query()] = "csv",
) -> Response:
    """What an import takes as it is: one row a connector, in the columns that are listed there. Retired charge points
    are left out. In CSV, text that a spreadsheet would take for a formula has an apostrophe in front."""
    within = common(scope, caller.scope_of("charge-points:read"))
    rows = here.ports.business.bulk.rows(filtered, station=station, scope=within)
    # The first rows are read before the answer begins: what cannot be read is a 503 then, not a broken file.
    first = await anext(rows, None)
    made = _as_csv(first, rows) if format == "csv" else _as_json(first, rows)
    kind = "text/csv; charset=utf-8" if format == "csv" else "application/json"
    name = {"Content-Disposition": f'attachment; filename="stations.{format}"'}
    return StreamingResponse(made, media_type=kind, headers=name)


async def _as_csv(first: Mapping[str, Any] | None, rows: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[str]:
    yield csv_lines([] if first is None else [first], header=True)
    some: list[Mapping[str, Any]] = []
    async for row in rows:
        some.append(row)
        if len(some) == ROWS_AT_ONCE:
            yield csv_lines(some, header=False)
            some = []
    yield csv_lines(some, header=False)


async def _as_json(first: Mapping[str, Any] | None, rows: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    yield b"[" if first is None else b"[" + json_line(first)
    async for row in rows:
        yield b",\n" + json_line(row)
    yield b"]\n"
