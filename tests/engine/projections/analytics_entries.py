"""Journal entries as hosts write them, for the analytics' tests."""

from __future__ import annotations

from typing import Any

import orjson

from engine.journal.port import Entry
from engine.journal.records import MESSAGES, METERS, SESSIONS, STATUS, VERSION

RECEIVED = 1_795_000_000_000_000


def meter(charge_point: str, *values: str | None, believed: int = RECEIVED) -> list[Any]:
    samples = [
        ["Energy.Active.Import.Register", "", "Outlet", "Sample.Periodic", "Raw", "Wh", f"{value} ", value, "Wh"]
        for value in values
    ]
    return [charge_point, 1, 1, "session-1", "42", "2026-11-22T20:00:00Z", believed, RECEIVED, samples]


def message(charge_point: str, raw: str = '[2,"1","Heartbeat",{}]') -> list[Any]:
    return [charge_point, 7, RECEIVED, "in", 2, "Heartbeat", "1", raw, '[3,"1",{}]', ["no-zone"], 1500]


def status(charge_point: str) -> dict[str, Any]:
    return {
        "kind": "status", "version": 1, "charge_point": charge_point, "evse": 1, "connector": 1, "status": "Charging",
        "previous": "Preparing", "error": "NoError", "info": "", "vendor": "", "vendor_error": "", "said": None,
        "believed": 0, "received": RECEIVED,
    }  # fmt: skip


def session(charge_point: str) -> dict[str, Any]:
    return {
        "kind": "session.stopped", "version": 1, "charge_point": charge_point, "session": "session-1", "evse": 1,
        "connector": 1, "transaction": "42", "id_token": "A", "stop_id_token": "", "meter_start_wh": "100",
        "meter_stop_wh": "1100.5", "energy_wh": "1000.5", "started": None, "said": "x", "believed": RECEIVED,
        "received": RECEIVED, "duration_s": 60, "reason": "Local", "doubts": ["clock"],
    }  # fmt: skip


def entry(partition: int, number: int, *, meters: int = 3) -> Entry:
    """An entry with rows in each channel: `meters` readings of two samples, as many messages, one of the others."""
    name = f"CP-{partition}-{number % 5}"
    channels = {
        METERS: orjson.dumps([meter(name, f"{number}.{i}", "7") for i in range(meters)]),
        MESSAGES: orjson.dumps([message(name) for _ in range(meters)]),
        STATUS: orjson.dumps([status(name)]),
        SESSIONS: orjson.dumps([session(name)]),
    }
    return Entry(partition, number, VERSION, channels)
