"""Events and entries as hosts write them, for the projections' tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.charging import events
from engine.journal.encoding import event_records
from engine.journal.port import Entry, Record
from engine.journal.records import VERSION

T0 = 1_767_225_600_000_000


def started(session: str, charge_point: str = "CP-1", **changes: Any) -> events.SessionStarted:
    fields: dict[str, Any] = {
        "charge_point": charge_point,
        "session": session,
        "evse": 1,
        "connector": 1,
        "transaction": f"t-{session}",
        "id_token": "CARD",
        "authorisation": "Accepted",
        "meter_start_wh": "1000",
        "said": "2026-01-01T00:00:00Z",
        "believed": T0,
        "received": T0 + 1,
        "command": "",
        "doubts": (),
    }
    return events.SessionStarted(**(fields | changes))


def changed(session: str, charge_point: str = "CP-1", **changes: Any) -> events.SessionChanged:
    fields: dict[str, Any] = {
        "charge_point": charge_point,
        "session": session,
        "evse": 1,
        "connector": 1,
        "state": "metered",
        "energy_wh": "250.5",
        "power_w": "7200",
        "believed": T0 + 60_000_000,
        "received": T0 + 60_000_001,
    }
    return events.SessionChanged(**(fields | changes))


def stopped(session: str, charge_point: str = "CP-1", **changes: Any) -> events.SessionStopped:
    fields: dict[str, Any] = {
        "charge_point": charge_point,
        "session": session,
        "evse": 1,
        "connector": 1,
        "transaction": f"t-{session}",
        "id_token": "CARD",
        "stop_id_token": "CARD",
        "meter_start_wh": "1000",
        "meter_stop_wh": "8000.25",
        "energy_wh": "7000.25",
        "started": T0,
        "said": "2026-01-01T01:00:00Z",
        "believed": T0 + 3_600_000_000,
        "received": T0 + 3_600_000_001,
        "duration_s": 3600,
        "reason": "Local",
        "doubts": ("late",),
    }
    return events.SessionStopped(**(fields | changes))


def command(name: str, state: str, **changes: Any) -> events.CommandChanged:
    fields: dict[str, Any] = {
        "charge_point": "CP-1",
        "command": name,
        "action": "Reset",
        "state": state,
        "outcome": "Accepted" if state == "ended" else "",
        "requested_by": "me@host",
        "deadline": T0 + 30_000_000,
        "received": T0 + {"requested": 1, "sent": 2, "ended": 3}[state],
        "payload": {"type": "Soft"},
        "answer": {"status": "Accepted"} if state == "ended" else None,
        "error_code": "",
        "error_description": "",
    }
    return events.CommandChanged(**(fields | changes))


def booted(charge_point: str = "CP-1", **changes: Any) -> events.BootReported:
    texts = ("vendor", "model", "serial", "firmware", "iccid", "imsi", "meter_type", "meter_serial", "reason")
    fields: dict[str, Any] = {name: f"a {name}" for name in texts}
    fields |= {"charge_point": charge_point, "received": T0, "status": "Accepted"}
    return events.BootReported(**(fields | changes))


def status(state: str, charge_point: str = "CP-1", **changes: Any) -> events.StatusChanged:
    fields: dict[str, Any] = {
        "charge_point": charge_point,
        "evse": 1,
        "connector": 1,
        "status": state,
        "previous": "Available",
        "error": "NoError",
        "info": "",
        "vendor": "",
        "vendor_error": "",
        "said": None,
        "believed": T0,
        "received": T0,
    }
    return events.StatusChanged(**(fields | changes))


def linked(charge_point: str = "CP-1", link: str = "connected") -> events.LinkChanged:
    return events.LinkChanged(charge_point, T0, link, 1, "ocpp1.6", "10.0.0.1", 0, "")


def records(said: Sequence[events.Event]) -> list[Record]:
    return [record for event in said for record in event_records(event)]


def entry(number: int, said: Sequence[events.Event], partition: int = 0, **raw: bytes) -> Entry:
    """One commit's worth of events; `raw` adds or replaces whole channels."""
    channels: dict[str, list[bytes]] = {}
    for record in records(said):
        channels.setdefault(record.channel, []).append(record.data)
    joined = {channel: b"[" + b",".join(rows) + b"]" for channel, rows in channels.items()}
    return Entry(partition, number, VERSION, joined | raw)
