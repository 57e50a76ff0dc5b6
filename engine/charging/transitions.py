"""The machines' tables: state → what comes → state. The diagrams in docs/machines are drawn from them.

What real chargers do legitimately is in the tables, also where the specification knows no such step. Anything else is
an illegal transition: raised where `MachineConfig.strict` is on, else recorded by the caller and survived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.charging.events import CommandOutcome
from engine.errors import IllegalTransition

Arrows = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """One machine's transitions. `initial` is where it begins; `about` is a sentence for its diagram's page."""

    name: str
    about: str
    initial: str
    arrows: Arrows

    def after(self, state: str, cause: str) -> str | None:
        """The state that `cause` leads to, or None where the table has no arrow."""
        return self.arrows.get(state, {}).get(cause)

    def follow(self, state: str, cause: str, *, strict: bool) -> str | None:
        """As `after`, but raise IllegalTransition instead of returning None when `strict`."""
        reached = self.after(state, cause)
        if reached is None and strict:
            raise IllegalTransition(f"{self.name}: no way from {state!r} by {cause!r}")
        return reached


_BOOTS = {"Accepted": "accepted", "Pending": "pending", "Rejected": "rejected"}

REGISTRATION = Table(
    "registration",
    "How a station's last BootNotification was answered. A station that reconnects without one stays as it was and is "
    "usable all the same.",
    "unknown",
    dict.fromkeys(("unknown", "pending", "accepted", "rejected"), _BOOTS),
)

LINK = Table(
    "link",
    "Whether a station has a connection. `disconnected` is the end of the socket that counts; the end of an older one "
    "is not told to this table. `activated` is the actor's awakening without a socket.",
    "unknown",
    {
        "unknown": {"connected": "connected", "activated": "unknown"},
        "connected": {"connected": "connected", "disconnected": "reconnecting", "activated": "reconnecting"},
        "reconnecting": {"connected": "connected", "activated": "reconnecting", "grace over": "offline"},
        "offline": {"connected": "connected", "activated": "offline"},
    },
)

STATUSES = (
    "Available",
    "Preparing",
    "Charging",
    "SuspendedEV",
    "SuspendedEVSE",
    "Finishing",
    "Reserved",
    "Unavailable",
    "Faulted",
)


def _statuses(*excluded: str) -> dict[str, str]:
    return {status: status for status in STATUSES if status not in excluded}


CONNECTOR = Table(
    "connector",
    "A connector's ChargePointStatus (OCPP 1.6, 4.9). The cause of each arrow is the status reported; the same status "
    "again is no step. Skipped states (Available to Charging, Charging to Available, Reserved to Charging) are what "
    "the field does.",
    "unknown",
    {
        "unknown": _statuses(),
        "Available": _statuses(),
        "Preparing": _statuses(),
        "Charging": _statuses("Reserved"),
        "SuspendedEV": _statuses("Reserved", "Preparing"),
        "SuspendedEVSE": _statuses("Reserved", "Preparing"),
        "Finishing": _statuses("SuspendedEV", "SuspendedEVSE"),
        "Reserved": _statuses("Finishing"),
        "Unavailable": _statuses(),
        "Faulted": _statuses(),
    },
)

_ENDS = {"stopped": "stopped", "superseded": "stopped"}
_SUSPENDS = {"SuspendedEV": "suspended_ev", "SuspendedEVSE": "suspended_evse"}

SESSION: Final = Table(
    "session",
    "A charging session. `metered` is charging as the meter shows it. Meter values do not end a suspension: stations "
    "go on sending them while nothing flows; only the connector's Charging does. Values after the Stop are stored and "
    "reopen nothing. What the connector says after it counts only where idle time costs something.",
    "authorised",
    {
        "authorised": {"opened": "started"},
        "started": {"metered": "metered", "Charging": "metered", "Finishing": "started", **_SUSPENDS, **_ENDS},
        "metered": {"metered": "metered", "Charging": "metered", "Finishing": "metered", **_SUSPENDS, **_ENDS},
        "suspended_ev": {
            "metered": "suspended_ev",
            "Charging": "metered",
            "Finishing": "suspended_ev",
            **_SUSPENDS,
            **_ENDS,
        },
        "suspended_evse": {
            "metered": "suspended_evse",
            "Charging": "metered",
            "Finishing": "suspended_evse",
            **_SUSPENDS,
            **_ENDS,
        },
        "stopped": {
            "metered": "stopped",
            "SuspendedEV": "stopped",
            "SuspendedEVSE": "stopped",
            "Finishing": "stopped",
            "finalise": "finalised",
        },
        "finalised": {},
    },
)

_ENDED = "ended"

COMMAND = Table(
    "command",
    "An OCPP call that somebody asked for. It ends once, in one of the outcomes that label the arrows to `ended`. A "
    "sent command is never sent again.",
    "requested",
    {
        "requested": {
            "sent": "sent",
            CommandOutcome.NOT_CONNECTED: _ENDED,
            CommandOutcome.EXPIRED: _ENDED,
            CommandOutcome.SUPERSEDED: _ENDED,
            CommandOutcome.REJECTED: _ENDED,
        },
        "sent": {
            CommandOutcome.ACCEPTED: _ENDED,
            CommandOutcome.REJECTED: _ENDED,
            CommandOutcome.FAILED: _ENDED,
            CommandOutcome.TIMED_OUT: _ENDED,
        },
        "ended": {},
    },
)

TABLES = (REGISTRATION, LINK, CONNECTOR, SESSION, COMMAND)
