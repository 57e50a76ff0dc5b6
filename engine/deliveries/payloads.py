"""What integrators are told of events, in the REST interface's own names. docs/webhooks.md has an example of each.

Who charged is not in it: whoever may know asks `GET /sessions/{id}`. So nothing here has to be forgotten with a driver.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.clock import to_iso

Event = Mapping[str, Any]


def connector_status(event: Event) -> dict[str, Any]:
    """Of a StatusChanged."""
    return {
        **_place(event),
        "status": event["status"],
        "previous": event["previous"],
        "error_code": event["error"],
        "info": event["info"],
        "vendor_id": event["vendor"],
        "vendor_error_code": event["vendor_error"],
        "at": to_iso(event["believed"]),
    }


def link(event: Event) -> dict[str, Any]:
    """Of a LinkChanged."""
    return {
        "charge_point": event["charge_point"],
        "link": event["link"],
        "ocpp": event["subprotocol"],
        "reason": event["reason"],
        "at": to_iso(event["received"]),
    }


def session_started(event: Event) -> dict[str, Any]:
    """Of a SessionStarted."""
    return {
        **_session(event),
        "transaction": event["transaction"],
        "started_at": to_iso(event["believed"]),
        "meter_start_wh": event["meter_start_wh"],
        "tariff": event["tariff"] or None,
        "tariff_version": event["tariff_version"] or None,
        "currency": event["currency"] or None,
        "doubts": list(event["doubts"]),
    }


def session_updated(event: Event) -> dict[str, Any]:
    """Of a SessionChanged."""
    return {
        **_session(event),
        "state": event["state"],
        "energy_wh": event["energy_wh"],
        "power_w": event["power_w"],
        "cost": event["cost"],
        "currency": event["currency"] or None,
        "at": to_iso(event["believed"]),
    }


def session_ended(event: Event) -> dict[str, Any]:
    """Of a SessionStopped or a SessionAmended."""
    return {
        **_session(event),
        "transaction": event["transaction"],
        "started_at": _moment(event["started"]),
        "stopped_at": to_iso(event["believed"]),
        "meter_start_wh": event["meter_start_wh"],
        "meter_stop_wh": event["meter_stop_wh"],
        "energy_wh": event["energy_wh"],
        "duration_s": event["duration_s"],
        "reason": event["reason"],
        "doubts": list(event["doubts"]),
    }


def session_settled(event: Event) -> dict[str, Any]:
    """Of a SessionSettled."""
    return {
        **_session(event),
        "transaction": event["transaction"],
        "started_at": _moment(event["started"]),
        "stopped_at": to_iso(event["stopped"]),
        "ended_at": to_iso(event["ended"]),
        "energy_wh": event["energy_wh"],
        "reason": event["reason"],
        "doubts": list(event["doubts"]),
        "cost": event["total"],
        "currency": event["currency"] or None,
        "settled_at": to_iso(event["received"]),
    }


def document_issued(row: Mapping[str, Any]) -> dict[str, Any]:
    """Of a receipt or a credit note as it is written: `row` has the columns of `receipts`."""
    bill = row["document"]["bill"]
    same = ("id", "kind", "number", "session", "network", "station", "charge_point", "tariff", "currency", "day")
    return {
        **{name: row[name] for name in same},
        "net": bill["net"],
        "gross": bill["gross"],
        "energy_kwh": bill["energy_kwh"],
        "started_at": to_iso(row["started"]),
        "ended_at": to_iso(row["ended"]),
        "issued_at": to_iso(row["issued"]),
        "about": row["about"],
        "reason": row["reason"],
    }


def _place(event: Event) -> dict[str, Any]:
    return {"charge_point": event["charge_point"], "evse": event["evse"], "connector": event["connector"]}


def _session(event: Event) -> dict[str, Any]:
    return {"id": event["session"], **_place(event)}


def _moment(micros: int | None) -> str | None:
    return None if micros is None else to_iso(micros)
