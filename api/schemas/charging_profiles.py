"""The JSON of a charging profile, the same for every OCPP version."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from api.schemas.resources import Strict, micros_of
from engine.charging.smart.profiles import ChargingProfile, ChargingSchedule, SchedulePeriod

TransactionText = Annotated[str, StringConstraints(min_length=1, max_length=36)]
Number = Annotated[int, Field(ge=0, lt=2**31)]
Purpose = Literal[
    "ChargingStationMaxProfile",
    "TxDefaultProfile",
    "TxProfile",
    "ChargingStationExternalConstraints",
    "PriorityCharging",
    "LocalGeneration",
]
Unit = Literal["A", "W"]


class PeriodIn(Strict):
    start_s: int = Field(0, ge=0, description="Seconds after the schedule's start.")
    limit: Decimal = Field(ge=0, le=10**9, decimal_places=1, description="In the schedule's unit.", examples=["16.0"])
    phases: int | None = Field(None, ge=1, le=3)


class ScheduleIn(Strict):
    unit: Unit = "A"
    periods: list[PeriodIn] = Field(min_length=1, max_length=1024)
    duration_s: int | None = Field(None, ge=1)
    start: AwareDatetime | None = None
    min_rate: Decimal | None = Field(None, ge=0, decimal_places=1)

    def schedule(self) -> ChargingSchedule:
        periods = tuple(SchedulePeriod(each.start_s, each.limit, each.phases) for each in self.periods)
        return ChargingSchedule(self.unit, periods, self.duration_s, micros_of(self.start), self.min_rate)


class ProfileIn(Strict):
    purpose: Purpose = "TxDefaultProfile"
    profile_kind: Literal["Absolute", "Recurring", "Relative"] = "Absolute"
    schedules: list[ScheduleIn] = Field(min_length=1, max_length=3, description="1.6 stations take one.")
    stack_level: int = Field(0, ge=0, le=1000)
    recurrency: Literal["Daily", "Weekly"] | None = None
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    transaction: TransactionText | None = None
    number: Number | None = Field(None, description="Replaces the profile of this number; left out: a new one.")

    def profile(self, number: int) -> ChargingProfile:
        return ChargingProfile(
            number if self.number is None else self.number,
            self.purpose,
            self.profile_kind,
            tuple(each.schedule() for each in self.schedules),
            self.stack_level,
            self.recurrency or "",
            micros_of(self.valid_from),
            micros_of(self.valid_to),
            self.transaction or "",
        )
