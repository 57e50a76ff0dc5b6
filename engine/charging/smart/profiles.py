"""A charging profile: how much a station, an EVSE or a transaction may draw, and when.

Purposes and kinds are spelt as in 2.x. Times are microseconds since the Unix epoch, limits exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class SchedulePeriod:
    """From `start_s` after the schedule's start on, until the next period."""

    start_s: int
    limit: Decimal
    phases: int | None = None


@dataclass(frozen=True, slots=True)
class ChargingSchedule:
    """`unit`: A or W. Without `start` it begins as the profile's kind says."""

    unit: str
    periods: tuple[SchedulePeriod, ...]
    duration_s: int | None = None
    start: int | None = None
    min_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ChargingProfile:
    """`purpose`: ChargingStationMaxProfile, TxDefaultProfile, TxProfile, …; `kind`: Absolute, Recurring, Relative.

    `recurrency`: Daily or Weekly, "" if it does not recur. `transaction` is the station's id of the one it is for.
    """

    number: int
    purpose: str
    kind: str
    schedules: tuple[ChargingSchedule, ...]
    stack_level: int = 0
    recurrency: str = ""
    valid_from: int | None = None
    valid_to: int | None = None
    transaction: str = ""
