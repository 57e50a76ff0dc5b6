"""Charging sessions and their meter curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from api import cursors
from api.context import Here
from api.ports import MeterPoint, SessionFilter, SessionRow
from api.routes.paging import Cursor, Id, Limit, page
from api.schemas import MeterCurveOut, MeterPointOut, MeterValuesOut, Page, SessionOut, micros_of
from engine.clock import to_iso

router = APIRouter(prefix="/sessions", tags=["sessions"])


def _position(row: SessionRow) -> tuple[int, str]:
    return row.ordering, row.id


@router.get("", operation_id="listSessions", summary="Sessions, newest first")
async def list_sessions(
    here: Here,
    charge_point: Annotated[str | None, Query(pattern=r"^[^\x00-\x20\x7f]{1,48}$")] = None,
    state: Annotated[str | None, Query(pattern=r"^[a-z_]{1,32}$", description="E.g. started, stopped.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Started at or after, RFC 3339.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Started before, RFC 3339.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SessionOut]:
    wanted = SessionFilter(charge_point, state, micros_of(since), micros_of(until))
    rows = await here.ports.ledger.sessions(wanted, after=cursors.decode_moment(cursor), limit=limit + 1)
    return Page[SessionOut](**page(rows, limit, SessionOut.of, _position))


@router.get("/{id}", operation_id="getSession", summary="One session")
async def get_session(id: Id, here: Here) -> SessionOut:
    return SessionOut.of(await here.ports.ledger.session(id))


@router.get("/{id}/meter-values", operation_id="getMeterValues", summary="One session's meter curve")
async def get_meter_values(
    id: Id,
    here: Here,
    measurand: Annotated[str | None, Query(pattern=r"^[A-Za-z.\-]{1,64}$", description="Only this one.")] = None,
    step_s: Annotated[int | None, Query(ge=1, le=86_400, description="One point a step, its last value.")] = None,
    limit: Annotated[int, Query(ge=1, le=50_000, description="Points in all.")] = 10_000,
) -> MeterValuesOut:
    session = await here.ports.ledger.session(id)
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
