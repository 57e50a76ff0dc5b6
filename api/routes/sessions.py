"""Charging sessions and their meter curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from api.ports.facade import MeterPoint, SessionFilter
from api.routes.paging import Cursor, Id, Limit, page
from api.schemas.resources import MeterCurveOut, MeterPointOut, MeterValuesOut, Page, SessionOut, micros_of
from api.web import cursors
from api.web.context import Caller, Here, Scoped
from engine.clock import to_iso

router = APIRouter(prefix="/sessions", tags=["sessions"])


async def which(
    here: Here,
    scope: Scoped,
    caller: Caller,
    charge_point: Annotated[str | None, Query(pattern=r"^[^\x00-\x20\x7f]{1,48}$")] = None,
    state: Annotated[str | None, Query(pattern=r"^[a-z_]{1,32}$", description="E.g. started, stopped.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Started at or after, RFC 3339.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Started before, RFC 3339.")] = None,
    id_token: Annotated[str | None, Query(pattern=r"^[^\x00-\x1f\x7f]{1,255}$", description="Started with it.")] = None,
    station: Annotated[str | None, Query(pattern=r"^[0-9A-Za-z_.:-]{1,64}$", description="At this station.")] = None,
    network: Annotated[str | None, Query(pattern=r"^[0-9A-Za-z_.:-]{1,64}$", description="Of this network.")] = None,
    driver: Annotated[str | None, Query(pattern=r"^[0-9A-Za-z_.:-]{1,64}$", description="Of this driver.")] = None,
    running: Annotated[bool | None, Query(description="True: not stopped yet; false: over.")] = None,
    trouble: Annotated[bool | None, Query(description="True: with doubts, or under review by finance.")] = None,
) -> SessionFilter:
    """Which sessions are wanted, from a request's query.

    Whose sessions they are is told to who may read drivers, and of drivers whom they may read. Raises NotFound.
    """
    if driver is not None:
        await here.ports.business.drivers.get(driver, scope & caller.scope_of("drivers:read"))
    span = micros_of(since), micros_of(until)
    return SessionFilter(charge_point, state, *span, id_token, station, network, driver, running, trouble)


@router.get("", operation_id="listSessions", summary="Sessions, newest first unless sorted otherwise")
async def list_sessions(
    here: Here,
    scope: Scoped,
    filtered: Annotated[SessionFilter, Depends(which)],
    sort: Annotated[Literal["-started", "started"], Query(description="Newest or oldest first.")] = "-started",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SessionOut]:
    """Those whose start nobody told come last in either order. Keep filters and `sort` the same on each page."""
    wanted = replace(filtered, ascending=sort == "started")
    after = cursors.decode_in(sort, cursor)
    rows = await here.ports.ledger.sessions(wanted, scope=scope, after=after, limit=limit + 1)
    return Page[SessionOut](**page(rows, limit, SessionOut.of, lambda row: (sort, row.ordering, row.id)))


@router.get("/{id}", operation_id="getSession", summary="One session")
async def get_session(id: Id, here: Here, scope: Scoped) -> SessionOut:
    return SessionOut.of(await here.ports.ledger.session(id, scope))


@router.get("/{id}/meter-values", operation_id="getMeterValues", summary="One session's meter curve")
async def get_meter_values(
    id: Id,
    here: Here,
    scope: Scoped,
    measurand: Annotated[str | None, Query(pattern=r"^[A-Za-z.\-]{1,64}$", description="Only this one.")] = None,
    step_s: Annotated[int | None, Query(ge=1, le=86_400, description="One point a step, its last value.")] = None,
    limit: Annotated[int, Query(ge=1, le=50_000, description="Points in all.")] = 10_000,
) -> MeterValuesOut:
    session = await here.ports.ledger.session(id, scope)
    points = await here.ports.analytics.meter_curve(session, measurand=measurand, step_s=step_s, limit=limit + 1)
    return MeterValuesOut(session=id, curves=_curves(points[:limit]), complete=len(points) <= limit)


def _curves(points: Sequence[MeterPoint]) -> list[MeterCurveOut]:
    """Sort the points into one curve for each measurand and unit."""
    curves: dict[tuple[str, str], MeterCurveOut] = {}
    for point in points:
        key = point.measurand, point.unit
        curve = curves.get(key) or curves.setdefault(key, MeterCurveOut(measurand=key[0], unit=key[1], points=[]))
        curve.points.append(
            MeterPointOut(
                at=to_iso(point.at),
                phase=point.phase,
                location=point.location,
                value=point.value,
                samples=point.samples,
            )
        )
    return list(curves.values())
