"""Alerts in every state, and maintenance jobs: one came with a fault, others people have opened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from engine.clock import SECOND
from engine.stores.sql.tables.alerts import alert_events, alerts
from tests.web.seeds import desk
from tests.web.world import World

FAULT = "a-fault"
_ALERTS = (
    # id, rule, severity, state, charge point, evse, title, minutes ago, count
    (FAULT, "faulted", "critical", "open", desk.AT, 1, "HAFEN-05 · 1 is faulted: InternalError (E-42)", 1, 1),
    ("a-offline", "offline", "major", "open", "AIRPORT-13", None, "AIRPORT-13 has been offline for 14 minutes", 14, 1),
    ("a-drift", "clock_drift", "warning", "open", "MESSE-07", None, "MESSE-07's clock is 94 s ahead", 200, 6),
    ("a-flap", "flapping", "minor", "acknowledged", "ALTONA-11", None, "ALTONA-11 lost its connection 9 times", 55, 3),
    ("a-cert", "certificate_expiry", "minor", "open", "MALL-09", None, "MALL-09's certificate ends in 9 days", 800, 1),
    ("a-old", "faulted", "critical", "resolved", desk.AT, 1, "HAFEN-05 · 1 is faulted: OtherError", 9000, 2),
)
_JOBS: tuple[dict[str, Any], ...] = (
    {"charge_point": "ALTONA-16", "evse": 1, "title": "Cable is cut", "priority": "urgent"},
    {"charge_point": "MESSE-22", "title": "Screen stays dark", "priority": "normal", "blocking": False},
    {"charge_point": "HAFEN-30", "evse": 2, "title": "Contactor sticks", "priority": "high"},
    {"charge_point": "AIRPORT-33", "title": "Yearly inspection", "priority": "low", "blocking": False},
)
EXAMPLES = {"/alerts/{id}": f"/alerts/{FAULT}", "/maintenance/{id}": "/maintenance/"}


async def seed(world: World) -> None:
    """Alerts as their projection would have written them, jobs through the API."""
    now, places = world.ports.clock.now(), world.ports.business.places
    async with world.ports.business.database.write() as connection:
        for id, rule, severity, state, charge_point, evse, title, ago, count in _ALERTS:
            at = now - ago * 60 * SECOND
            place = places.place(charge_point)
            assert place is not None
            row: dict[str, Any] = {"id": id, "key": id, "holds": None if state == "resolved" else id, "rule": rule}
            row |= {"severity": severity, "state": state, "network": place.network, "station": place.station}
            row |= {"charge_point": charge_point, "evse": evse, "connector": None if evse is None else 1}
            row |= {"title": title, "count": count, "opened": at, "last": at, "updated": at}
            seen = state == "acknowledged"
            row |= {"acknowledged": at if seen else None, "acknowledged_by": "u-operations" if seen else ""}
            row |= {"resolved": at if state == "resolved" else None, "previous": "a-old" if id == FAULT else ""}
            row |= {"says": {"error": "InternalError", "vendor_error": "E-42"} if rule == "faulted" else {}}
            await connection.execute(insert(alerts), row)
            event = {"id": f"{id}-1", "alert": id, "at": at, "kind": "opened", "note": "", "actor_kind": "system"}
            await connection.execute(insert(alert_events), event)
    await _jobs(world)


async def _jobs(world: World) -> None:
    api = world.api()
    made = [await api.post("/maintenance-jobs", job) for job in _JOBS]
    first = made[0]
    etag = f'"{first["version"]}"'
    path = f"/maintenance-jobs/{first['id']}"
    await api.patch(path, {"assignee": "u-operations"}, etag=etag)
    await api.post(f"{path}/notes", {"text": "A new cable is ordered."})
    await api.post(f"{path}/parts", {"name": "Type 2 cable", "quantity": 1, "cost": "284.00", "currency": "EUR"})
    window = {"network": "north", "charge_point": "MESSE-22", "reason": "New firmware"}
    times = {"begins_at": "2026-01-01T20:00:00Z", "ends_at": "2026-01-02T04:00:00Z"}
    await api.post("/maintenance-windows", window | times)
    EXAMPLES["/maintenance/{id}"] = f"/maintenance/{first['id']}"
