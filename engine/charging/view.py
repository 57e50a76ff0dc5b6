"""Live-state views for the façade, made from snapshot parts: what a charge point and its sessions are doing now.

Views are plain JSON values: times in microseconds since the epoch, energies and powers as decimal text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging import snapshots
from engine.charging.registers import as_text
from engine.charging.session import SessionState
from engine.charging.state import ChargePointState, Connector


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
        "energy_wh": as_text(session.energy),
        "power_w": as_text(session.power),
        "metered": session.metered or None,
        "doubts": list(session.doubts),
    }


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
        "info": connector.info,
        "since": connector.since or None,
        "power_w": as_text(connector.power if session is None else session.power),
        "session": None if session is None else session_view(session),
    }
