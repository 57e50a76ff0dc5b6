"""What the machines are told about the outside: intervals and windows.

One object serves all charge points of a host; a charge point with settings of its own gets its own object.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.tariffs.held import NO_TARIFFS, HeldTariffs


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """Settings of the machines. Names that end in `_s` are seconds.

    `registration` is the answer to a BootNotification while the journal takes writes: Accepted, Pending or Rejected.
    `signs_certificates`: there is an authority that takes stations' requests; without one they are rejected.

    A closed session waits `finalise_after_s` for late meter values, and `late_events_s` where it is known that events
    of its transaction have not come yet.

    Sessions get their tariff from `tariffs` when they begin. What they have cost so far is told every `cost_interval_s`
    at most, to a station that can show it also. After the Stop of a session whose idle time may cost something, its
    connector has `finishing_s` to say that it is still occupied, and then `release_s` until it is taken for free.

    `strict` raises IllegalTransition where production records a deviation.
    """

    heartbeat_interval_s: int = 300
    pending_interval_s: int = 10
    offline_grace_s: float = 60.0
    call_timeout_s: float = 30.0
    finalise_after_s: float = 60.0
    late_events_s: float = 86_400.0
    energy_event_interval_s: float = 60.0
    correlation_window_s: float = 300.0
    patient_window_s: float = 86_400.0
    drift_window_s: float = 3600.0
    closed_transactions: int = 64
    registration: str = "Accepted"
    tariffs: HeldTariffs = NO_TARIFFS
    finishing_s: float = 60.0
    release_s: float = 86_400.0
    cost_interval_s: float = 60.0
    signs_certificates: bool = True
    strict: bool = False
