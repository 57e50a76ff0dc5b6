"""What a session did, as far as its price depends on it: marks at which something changed, and the register there."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Flow(StrEnum):
    """What goes on from a mark to the next, by the station's own statements."""

    CHARGING = "charging"
    SUSPENDED_EVSE = "suspended_evse"
    SUSPENDED_EV = "suspended_ev"
    FINISHING = "finishing"


IDLE = frozenset({Flow.SUSPENDED_EV, Flow.FINISHING})
"""The car blocks the connector and takes nothing, and it is the car's doing."""


class Mark(NamedTuple):
    """At `at` (microseconds, believed time) the import register stood at `register_wh`; from then on `flow`.

    `current` is the measured current from there on in A, None where nobody told one. Between two marks the register
    is taken to rise evenly.
    """

    at: int
    register_wh: Decimal
    flow: Flow
    current: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """`marks` in order of time, the first at the session's start. `ended` is when the connector was free again, or None
    while it is not. `zone` is the station's IANA time zone.

    `reserved` is the time (from, until) for which the connector was kept for this driver before; `reservation_expired`
    says that nobody came.
    """

    marks: tuple[Mark, ...]
    zone: str
    ended: int | None = None
    reserved: tuple[int, int] | None = None
    reservation_expired: bool = False
