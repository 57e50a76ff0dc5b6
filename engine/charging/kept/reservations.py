"""Reservations: made when the station accepted one, ended by its use, a cancellation, its expiry or the station.

active ──► used        a transaction started on it
   ├─────► cancelled   we asked the station to give it up
   ├─────► expired     its time came (our timer), or the station said so
   └─────► removed     the station gave it up
"""

from __future__ import annotations

from typing import Any

from engine.charging.config import MachineConfig
from engine.charging.effects import Append, CancelTimer, Effect, Reply, SetTimer
from engine.charging.kept import parts as kept
from engine.charging.kept.facts import ReservationCancelled, ReservationMade
from engine.charging.kept.notice_events import ReservationChanged
from engine.charging.kept.notices import ReservationReported
from engine.charging.messages import Acknowledged
from engine.charging.state import ChargePointState

RESERVATIONS_TIMER = "reservations"

MAX_RESERVATIONS = 100
"""Active and ended ones; the oldest ended ones make room."""

ACTIVE = "active"

Row = dict[str, Any]

_REPORTED = {"Expired": "expired", "Removed": "removed", "NoTransaction": "expired"}
"""2.1's NoTransaction: nobody came to charge in time."""


def made(state: ChargePointState, fact: ReservationMade, command: str, now: int, effects: list[Effect]) -> None:
    """The station accepted. The same number again replaces the reservation that has it (1.6, 5.13; 2.x, H01)."""
    rows = [row for row in _rows(state) if row["id"] != fact.reservation or row["state"] != ACTIVE]
    row = {
        "id": fact.reservation,
        "state": ACTIVE,
        "evse": fact.evse,
        "id_token": fact.id_token,
        "group": fact.group,
        "expires": fact.expires,
        "made": now,
        "ended": None,
        "session": "",
        "command": command,
    }
    effects.append(Append(_event(state, row, now)))
    _put(state, [*rows, row])
    arm(state, effects)


def cancelled(
    state: ChargePointState, fact: ReservationCancelled, command: str, now: int, effects: list[Effect]
) -> None:
    """The station gave it up on our word."""
    _end(state, fact.reservation, "cancelled", now, effects)


def used(state: ChargePointState, reservation: int | None, session: str, now: int, effects: list[Effect]) -> None:
    """A transaction started on it. One that had just expired by our clock was used all the same."""
    if reservation is not None and kept.RESERVATIONS in state.kept:
        _end(state, reservation, "used", now, effects, session)


def reported(
    state: ChargePointState, message: ReservationReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """ReservationStatusUpdate (2.x, H04)."""
    state.last_seen = now
    _end(state, message.reservation, _REPORTED.get(message.status, "removed"), now, effects)
    effects.append(Reply(Acknowledged()))


def expire(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """The timer: end those whose time has come."""
    for row in _rows(state):
        if row["state"] == ACTIVE and row["expires"] <= now:
            _end(state, row["id"], "expired", now, effects)
    arm(state, effects)


def arm(state: ChargePointState, effects: list[Effect]) -> None:
    """Set the timer to the next expiry."""
    if kept.RESERVATIONS not in state.kept:
        return
    expiries = [row["expires"] for row in _rows(state) if row["state"] == ACTIVE]
    effects.append(SetTimer(RESERVATIONS_TIMER, min(expiries)) if expiries else CancelTimer(RESERVATIONS_TIMER))


def _end(
    state: ChargePointState, reservation: int, how: str, now: int, effects: list[Effect], session: str = ""
) -> None:
    rows = _rows(state)
    ends = (ACTIVE, "expired") if how == "used" else (ACTIVE,)
    row = next((r for r in reversed(rows) if r["id"] == reservation and r["state"] in ends), None)
    if row is None:
        return
    row |= {"state": how, "ended": now, "session": session}
    effects.append(Append(_event(state, row, now)))
    _put(state, rows)


def _event(state: ChargePointState, row: Row, now: int) -> ReservationChanged:
    return ReservationChanged(
        state.charge_point,
        now,
        row["id"],
        row["state"],
        row["evse"],
        row["id_token"],
        row["expires"],
        row["session"],
        row["command"],
    )


def _rows(state: ChargePointState) -> list[Row]:
    rows: list[Row] = kept.load(state, kept.RESERVATIONS).get("rows", [])
    return rows


def _put(state: ChargePointState, rows: list[Row]) -> None:
    surplus = len(rows) - MAX_RESERVATIONS
    if surplus > 0:
        ended = [row for row in rows if row["state"] != ACTIVE][:surplus]
        rows = [row for row in rows if row not in ended][-MAX_RESERVATIONS:]
    kept.store(state, kept.RESERVATIONS, {"rows": rows})
