"""What the machines are told about the outside: intervals, windows, and the two policies that others decide.

One object serves all charge points of a host; a charge point with settings of its own gets its own object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.charging.events import CommandOutcome
from engine.charging.messages import Json

_GOOD_STATUS = frozenset({"Accepted", "Scheduled", "RebootRequired", "Unlocked"})


def outcome_by_status(action: str, payload: Json) -> str:
    """Take a CALLRESULT for Accepted unless its `status` says otherwise (answers without one only ever succeed)."""
    status = payload.get("status") if isinstance(payload, dict) else None
    return CommandOutcome.ACCEPTED if status is None or status in _GOOD_STATUS else CommandOutcome.REJECTED


def no_special_patience(action: str) -> float | None:
    """Every action gets `call_timeout_s`."""
    return None


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """Settings of the machines. Names that end in `_s` are seconds.

    `registration` is the answer to a BootNotification while the journal takes writes: Accepted, Pending or Rejected.
    `outcome(action, payload)` tells a command's outcome from the station's answer; `patience(action)` the seconds that
    a station may take for it, None for `call_timeout_s`. `strict` raises IllegalTransition where production records a
    deviation.
    """

    heartbeat_interval_s: int = 300
    pending_interval_s: int = 10
    offline_grace_s: float = 60.0
    call_timeout_s: float = 30.0
    finalise_after_s: float = 60.0
    energy_event_interval_s: float = 60.0
    correlation_window_s: float = 300.0
    drift_window_s: float = 3600.0
    closed_transactions: int = 64
    registration: str = "Accepted"
    outcome: Callable[[str, Json], str] = outcome_by_status
    patience: Callable[[str], float | None] = no_special_patience
    strict: bool = False
