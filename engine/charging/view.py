"""Live-state views for the façade, made from snapshot parts: what a charge point and its sessions are doing now.

Views are plain JSON values: times in microseconds since the epoch, energies and powers as decimal text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging import snapshots
from engine.charging.session.machine import SessionState
from engine.charging.session.pricing import Pricing, fee_begins
from engine.charging.session.registers import as_text
from engine.charging.state import ChargePointState, Connector
from engine.tariffs.glance import glance
from engine.tariffs.model import Tariff


def charge_point_view(charge_point: str, parts: Mapping[str, bytes]) -> dict[str, Any]:
    """One charge point. `last_seen` is exact to the last message that changed anything: heartbeats are not stored.

    `clock_drift_s` is positive where the station's clock is ahead of ours.
    """
    state = snapshots.restore_charge_point(charge_point, parts)
    sessions = snapshots.restore_sessions(charge_point, parts)
    last_seen = max([state.last_seen, *(session.metered for session in sessions.values())])
    by_connector = _open_sessions(state, sessions)
    places = sorted(state.connectors.keys() | by_connector.keys())
    return {
        "id": charge_point,
        "link": state.link,
        "link_since": state.link_since or None,
        "subprotocol": state.subprotocol,
        "remote": state.remote,
        "registration": state.registration,
        "last_seen": last_seen or None,
        "boot": _boot(state),
        "clock_drift_s": None if state.drift is None else -state.drift / 1_000_000,
        "deviations": dict(state.deviations),
        "connectors": [
            _connector(*place, state.connectors.get(place, Connector()), by_connector.get(place)) for place in places
        ],
        "commands": [
            {"id": c.command, "action": c.action, "state": c.state, "deadline": c.deadline} for c in state.commands
        ],
    }


def session_view(session: SessionState) -> dict[str, Any]:
    """One session that is not final yet."""
    return {
        "id": session.session,
        "state": session.phase,
        "evse": session.evse,
        "connector": session.connector,
        "transaction": session.transaction,
        "id_token": session.id_token,
        "authorisation": session.authorisation,
        "command": session.command,
        "started": session.started,
        "meter_start_wh": as_text(session.meter_start),
        "energy_wh": as_text(session.energy),
        "power_w": as_text(session.power),
        "metered": session.metered or None,
        "doubts": list(session.doubts),
        **_price(session),
    }


def _price(session: SessionState) -> dict[str, Any]:
    """What it has cost by the last minute, and by which tariff; None where it has none."""
    pricing = session.pricing
    tariff = None if pricing is None else pricing.tariff
    if pricing is None or tariff is None:
        return {"tariff": None, "tariff_version": None, "cost": None, "currency": None, "idle_fee": None}
    told = {"tariff": tariff.id, "tariff_version": tariff.version, "currency": tariff.currency}
    return told | {"cost": as_text(pricing.cost), "idle_fee": _idle_fee(pricing, tariff, bool(session.energy))}


def _idle_fee(pricing: Pricing, tariff: Tariff, charged: bool) -> dict[str, Any] | None:
    """From when on the car that takes nothing any more costs something, and what; None while it charges."""
    begins = fee_begins(pricing, charged)
    if begins is None or tariff.idle is None:
        return None
    return {"begins": begins, "per_minute": as_text(glance(tariff, begins, pricing.zone).idle)}


def _open_sessions(
    state: ChargePointState, sessions: Mapping[str, SessionState]
) -> dict[tuple[int, int], SessionState]:
    """The open session of each connector, the youngest where a late Start left two."""
    found = sorted(state.open.values(), key=lambda transaction: transaction.started)
    return {(t.evse, t.connector): sessions[t.session] for t in found if t.session in sessions}


def _boot(state: ChargePointState) -> dict[str, Any] | None:
    boot = state.boot
    if boot is None:
        return None
    return {
        "at": state.booted,
        "vendor": boot.vendor,
        "model": boot.model,
        "serial": boot.serial,
        "firmware": boot.firmware,
        "iccid": boot.iccid,
        "imsi": boot.imsi,
        "meter_type": boot.meter_type,
        "meter_serial": boot.meter_serial,
        "reason": boot.reason,
    }


def _connector(evse: int, number: int, connector: Connector, session: SessionState | None) -> dict[str, Any]:
    return {
        "evse": evse,
        "connector": number,
        "status": connector.status,
        "error": connector.error,
        "vendor_error": connector.vendor_error,
        "info": connector.info,
        "since": connector.since or None,
        "power_w": as_text(connector.power if session is None else session.power),
        "session": None if session is None else session_view(session),
    }
