"""Smart charging as a 2.x station tells of it (2.0.1 block K): profiles, limits that others set, what EVs need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging.kept.notices import (
    PROFILES,
    LimitReported,
    NeedsReported,
    ReportPart,
    ScheduleReported,
)
from engine.charging.messages import Json
from engine.ocpp.fields import checked_connector
from engine.ocpp.loose_values import mappings, text
from engine.ocpp.port import Circumstances
from engine.ocpp.schedules import profile_of, schedule_of
from engine.ocpp.v2.report_parts import unnumbered


def profile(said: Mapping[str, Json], evse: int, source: str) -> dict[str, Json]:
    """A ChargingProfileType as it is kept."""
    purpose = text(said.get("chargingProfilePurpose"))
    return profile_of(said, evse, said["id"], purpose, mappings(said.get("chargingSchedule")), source)


def understand_profiles(payload: dict[str, Any], _circumstances: Circumstances) -> ReportPart:
    evse, source = checked_connector(payload["evseId"], "evseId"), payload["chargingLimitSource"]
    return unnumbered(PROFILES, payload, [profile(said, evse, source) for said in payload["chargingProfile"]])


def understand_limit(payload: dict[str, Any], _circumstances: Circumstances) -> LimitReported:
    """Without an EVSE it is about the whole station."""
    limit = payload["chargingLimit"]
    schedules = tuple(schedule_of(said) for said in payload.get("chargingSchedule", ()))
    evse = checked_connector(payload.get("evseId", 0), "evseId")
    return LimitReported(evse, limit["chargingLimitSource"], False, limit.get("isGridCritical"), schedules)


def understand_limit_cleared(payload: dict[str, Any], _circumstances: Circumstances) -> LimitReported:
    return LimitReported(
        checked_connector(payload.get("evseId", 0), "evseId"), payload["chargingLimitSource"], cleared=True
    )


def understand_needs(payload: dict[str, Any], _circumstances: Circumstances) -> NeedsReported:
    needs = dict(payload["chargingNeeds"])
    needs |= {name: payload[name] for name in ("maxScheduleTuples", "timestamp") if name in payload}
    return NeedsReported(checked_connector(payload["evseId"], "evseId"), needs)


def understand_schedule(payload: dict[str, Any], _circumstances: Circumstances) -> ScheduleReported:
    schedule = schedule_of(payload["chargingSchedule"])
    told = {name: payload[name] for name in ("timeBase", "selectedChargingScheduleId") if name in payload}
    return ScheduleReported(checked_connector(payload["evseId"], "evseId"), schedule | told)
