"""What a driver who watches a start is told beside the ledger's figures: where it is, and what the charger says now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.schemas.resources import moment
from api.schemas.starts import ChargingNowOut, CurveOut, CurvePointOut, IdleFeeOut, WhereOut
from api.web.context import Context
from engine.access.scope import EVERYWHERE
from engine.clock import to_iso
from engine.errors import NotFound, Unavailable
from engine.stores.starts import StartRow

POINTS, STEP_S = 600, 30
"""Points of a curve at most, and how far apart they are."""
_LINKS = {"connected": "", "reconnecting": "Reconnecting"}
_SHOWN = {"Power.Active.Import": "power_w", "SoC": "soc_percent"}


def charging_now(view: Mapping[str, Any] | None, start: StartRow) -> ChargingNowOut | None:
    """From the live view of its charge point; None while that cannot be had or knows nothing of the session."""
    for each in () if view is None else view["connectors"]:
        session = each["session"]
        if session is None or session["id"] != start.session:
            continue
        away = _LINKS.get(view["link"], "Offline") if view is not None else "Offline"
        fee = session.get("idle_fee")
        return ChargingNowOut(
            status=away or each["status"],
            power_w=session.get("power_w"),
            metered_at=moment(session.get("metered")),
            idle_fee=fee and IdleFeeOut(begins_at=to_iso(fee["begins"]), per_minute=fee["per_minute"]),
        )
    return None


async def where_of(here: Context, start: StartRow) -> WhereOut | None:
    """The connector of a start, as its station's page calls it."""
    business = here.ports.business
    place = business.places.place(start.charge_point)
    if place is None:
        return None
    try:
        station = await business.stations.get(place.station, scope=EVERYWHERE)
    except NotFound:
        return None
    described = (await business.connectors.of([start.charge_point])).get(start.charge_point, ())
    for one in described:
        if (one.connector.evse, one.connector.connector) == (start.evse, start.connector):
            return WhereOut(
                station=station.id, station_name=station.name, time_zone=place.zone, label=one.label, code=one.code
            )
    return None


async def curve_of(here: Context, start: StartRow) -> CurveOut:
    """Power and state of charge of its session; empty before it began, and while ClickHouse cannot be asked."""
    if not start.session:
        return CurveOut(points=[])
    try:
        session = await here.ports.ledger.session(start.session, EVERYWHERE)
        points = await here.ports.analytics.meter_curve(session, measurand=None, step_s=STEP_S, limit=POINTS * 20)
    except (NotFound, Unavailable):
        return CurveOut(points=[])
    return CurveOut(points=_points(points))


def _points(found: Sequence[Any]) -> list[CurvePointOut]:
    """One point a moment; where a station tells each phase, their sum is the power."""
    at: dict[int, dict[str, dict[str, float]]] = {}
    for point in found:
        if point.measurand in _SHOWN and point.location in ("", "Outlet", "EV"):
            at.setdefault(point.at, {}).setdefault(_SHOWN[point.measurand], {})[point.phase] = float(point.value)
    shown = [
        CurvePointOut(at=to_iso(when), **{name: _whole(phases) for name, phases in told.items()})
        for when, told in sorted(at.items())
    ]
    return shown[-POINTS:]


def _whole(phases: Mapping[str, float]) -> float:
    return phases[""] if "" in phases else sum(phases.values())
