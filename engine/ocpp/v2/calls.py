"""CALLs to a 2.x station: which a CSMS sends, what they are about, and what their answers mean and teach."""

from __future__ import annotations

from collections.abc import Mapping

from engine.charging.events import CommandOutcome
from engine.charging.intents import BOOT, COST, NO_INTENT, OTHER, RESET, START, STOP, Intent
from engine.charging.kept.facts import Fact
from engine.charging.messages import Json
from engine.ocpp.calls import Calls
from engine.ocpp.loose_values import text
from engine.ocpp.v2 import learning
from engine.ocpp.v2.registry import SCHEMAS_21, SCHEMAS_201

CALLS_201 = Calls("2.0.1", SCHEMAS_201, lambda: SCHEMAS_201.directions.to_station)
CALLS_21 = Calls("2.1", SCHEMAS_21, lambda: SCHEMAS_21.directions.to_station)

_TIMEOUTS_S: Mapping[str, float] = {
    # A lock tries several times before it gives up; long lists on a slow link need their time.
    "UnlockConnector": 60.0,
    "GetVariables": 60.0,
    "SendLocalList": 120.0,
}

_ACTION_OF_TRIGGER = {
    "SignChargingStationCertificate": "SignCertificate",
    "SignV2GCertificate": "SignCertificate",
    "SignV2G20Certificate": "SignCertificate",
    "SignCombinedCertificate": "SignCertificate",
}
"""What a trigger asks for, where that is not the action's own name."""

_INVITES = {
    "GetBaseReport": "NotifyReport",
    "GetReport": "NotifyReport",
    "GetMonitoringReport": "NotifyMonitoringReport",
    "GetChargingProfiles": "ReportChargingProfiles",
    "GetDisplayMessages": "NotifyDisplayMessages",
    "CustomerInformation": "NotifyCustomerInformation",
    "GetLog": "LogStatusNotification",
    "UpdateFirmware": "FirmwareStatusNotification",
    "PublishFirmware": "PublishFirmwareStatusNotification",
}
"""What a station says in reply to a CALL of ours, in CALLs of its own."""

_PER_ITEM = {
    "GetVariables": ("getVariableResult", "attributeStatus"),
    "SetVariables": ("setVariableResult", "attributeStatus"),
    "SetVariableMonitoring": ("setMonitoringResult", "status"),
    "ClearVariableMonitoring": ("clearMonitoringResult", "status"),
    "ClearTariffs": ("clearTariffsResult", "status"),
}
"""Answers without a status of their own: each item has one."""

_GOOD = frozenset({"Accepted", "RebootRequired"})


def timeout_s(action: str) -> float | None:
    """Seconds that a station may take for `action`, where that differs from the setting."""
    return _TIMEOUTS_S.get(action)


def outcome(calls: Calls, action: str, payload: Mapping[str, Json]) -> str:
    """Accepted where the station did what was asked, or at least one of several things."""
    place = _PER_ITEM.get(action)
    if place is None:
        return calls.outcome(action, payload)
    items, field = payload.get(place[0]), place[1]
    if not isinstance(items, list) or not items:
        return CommandOutcome.FAILED
    statuses = {text(item.get(field)) for item in items if isinstance(item, Mapping)}
    return CommandOutcome.ACCEPTED if statuses & _GOOD else CommandOutcome.REJECTED


def intent(action: str, payload: Mapping[str, Json]) -> Intent:
    """What a CALL is about."""
    if action == "RequestStartTransaction":
        token = payload.get("idToken")
        id_token = str(token.get("idToken", "")) if isinstance(token, Mapping) else ""
        evse = payload.get("evseId")
        return Intent(START, evse if isinstance(evse, int) else 0, id_token, payload.get("remoteStartId"))
    if action == "RequestStopTransaction":
        return Intent(STOP, transaction=str(payload.get("transactionId", "")))
    if action == "CostUpdated":
        return Intent(COST, transaction=str(payload.get("transactionId", "")))
    if action == "Reset":
        evse = payload.get("evseId")
        # The reset of one EVSE is followed by no BootNotification (B12).
        return Intent(RESET, patient=payload.get("type") == "OnIdle") if evse is None else NO_INTENT
    if action == "TriggerMessage":
        invited = str(payload.get("requestedMessage", ""))
        kind = BOOT if invited == "BootNotification" else OTHER
        return Intent(kind, invites=_ACTION_OF_TRIGGER.get(invited, invited))
    invited = _INVITES.get(action, "")
    return Intent(invites=invited) if invited else NO_INTENT


def learned(calls: Calls, action: str, sent: Mapping[str, Json], answer: Mapping[str, Json]) -> tuple[Fact, ...]:
    """What an answer teaches about the station."""
    return learning.learned(action, sent, answer, outcome(calls, action, answer))
