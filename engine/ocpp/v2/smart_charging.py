"""Smart charging as a 2.x station tells of it (2.0.1 block K): profiles, limits that others set, what EVs need."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from engine.charging.messages import Json
from engine.charging.notices import (
    DER,
    DISPLAYS,
    PROFILES,
    LimitReported,
    NeedsReported,
    ReportPart,
    ScheduleReported,
)
from engine.ocpp.fields import checked_connector
from engine.ocpp.loose_values import mapping, mappings, text
from engine.ocpp.port import Circumstances
from engine.ocpp.schedules import profile_of, schedule_of


def profile(said: Mapping[str, Json], evse: int, source: str) -> dict[str, Json]:
    """A ChargingProfileType as it is kept."""
    purpose = text(said.get("chargingProfilePurpose"))
    return profile_of(said, evse, said["id"], purpose, mappings(said.get("chargingSchedule")), source)


def understand_profiles(payload: dict[str, Any], _circumstances: Circumstances) -> ReportPart:
    evse, source = checked_connector(payload["evseId"]), payload["chargingLimitSource"]
    return unnumbered(PROFILES, payload, [profile(said, evse, source) for said in payload["chargingProfile"]])


def understand_display_messages(payload: dict[str, Any], _circumstances: Circumstances) -> ReportPart:
    return unnumbered(DISPLAYS, payload, [display_message(said) for said in payload.get("messageInfo", ())])


def understand_der_controls(payload: dict[str, Any], _circumstances: Circumstances) -> ReportPart:
    """2.1 block R: the controls stay in the station's words."""
    kinds = {name: value for name, value in payload.items() if isinstance(value, list)}
    rows = [{"control": name, **mapping(control)} for name, listed in kinds.items() for control in listed]
    return unnumbered(DER, payload, rows)


def unnumbered(report: str, payload: dict[str, Any], rows: list[Any]) -> ReportPart:
    """A part of a report whose messages have no seqNo: what it says tells it from the others."""
    said = {name: value for name, value in payload.items() if name != "tbc"}
    digest = hashlib.blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
    return ReportPart(report, payload["requestId"], digest, not payload.get("tbc", False), tuple(rows))


def display_message(said: Mapping[str, Json]) -> dict[str, Json]:
    """A MessageInfoType as it is kept."""
    content, display = mapping(said.get("message")), mapping(said.get("display"))
    extra = [dict(item) for item in mappings(said.get("messageExtra"))]
    return {
        "id": said["id"],
        "priority": said.get("priority"),
        "state": said.get("state"),
        "start": said.get("startDateTime"),
        "end": said.get("endDateTime"),
        "transaction": said.get("transactionId"),
        "format": content.get("format"),
        "language": content.get("language"),
        "content": content.get("content"),
        "display": display.get("name"),
        "extra": extra,
    }


def understand_limit(payload: dict[str, Any], _circumstances: Circumstances) -> LimitReported:
    """Without an EVSE it is about the whole station."""
    limit = payload["chargingLimit"]
    schedules = tuple(schedule_of(said) for said in payload.get("chargingSchedule", ()))
    evse = checked_connector(payload.get("evseId", 0))
    return LimitReported(evse, limit["chargingLimitSource"], False, limit.get("isGridCritical"), schedules)


def understand_limit_cleared(payload: dict[str, Any], _circumstances: Circumstances) -> LimitReported:
    return LimitReported(checked_connector(payload.get("evseId", 0)), payload["chargingLimitSource"], cleared=True)


def understand_needs(payload: dict[str, Any], _circumstances: Circumstances) -> NeedsReported:
    needs = dict(payload["chargingNeeds"])
    needs |= {name: payload[name] for name in ("maxScheduleTuples", "timestamp") if name in payload}
    return NeedsReported(checked_connector(payload["evseId"]), needs)


def understand_schedule(payload: dict[str, Any], _circumstances: Circumstances) -> ScheduleReported:
    schedule = schedule_of(payload["chargingSchedule"])
    told = {name: payload[name] for name in ("timeBase", "selectedChargingScheduleId") if name in payload}
    return ScheduleReported(checked_connector(payload["evseId"]), schedule | told)
