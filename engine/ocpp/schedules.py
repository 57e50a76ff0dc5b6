"""Charging schedules as the neutral dicts that are kept and shown; 1.6 and 2.x write them alike.

Times stay in the words in which they were said, limits are numbers in `unit`.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.charging.messages import Json
from engine.ocpp.loose_values import mappings

_PERIOD = {"startPeriod": "start_s", "limit": "limit", "numberPhases": "phases", "phaseToUse": "phase"}
_SCHEDULE = {
    "id": "id",
    "chargingRateUnit": "unit",
    "startSchedule": "start",
    "scheduleStart": "start",
    "duration": "duration_s",
    "minChargingRate": "min_rate",
}

MAX_PERIODS = 1024


def schedule_of(said: Mapping[str, Json]) -> dict[str, Json]:
    """One schedule. Members that only 2.1 has (setpoints, operation modes …) are kept under their own names."""
    schedule = {ours: said[theirs] for theirs, ours in _SCHEDULE.items() if theirs in said}
    periods = [
        {_PERIOD.get(name, name): value for name, value in period.items()}
        for period in mappings(said.get("chargingSchedulePeriod"))[:MAX_PERIODS]
    ]
    return {**schedule, "periods": periods}


def profile_of(
    said: Mapping[str, Json], evse: int, number: int, purpose: str, schedules: list[Mapping[str, Json]], source: str
) -> dict[str, Json]:
    """One profile, as engine/charging/smart/charging.py describes it."""
    transaction = said.get("transactionId")
    return {
        "id": number,
        "evse": evse,
        "purpose": purpose,
        "stack_level": said.get("stackLevel", 0),
        "kind": said.get("chargingProfileKind", ""),
        "recurrency": said.get("recurrencyKind"),
        "valid_from": said.get("validFrom"),
        "valid_to": said.get("validTo"),
        "transaction": None if transaction is None else str(transaction),
        "source": source,
        "schedules": [schedule_of(schedule) for schedule in schedules],
    }
