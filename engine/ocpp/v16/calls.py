"""CALLs to a 1.6 station: what may be sent, what it is about, and what its answer means and teaches.

Core profile and TriggerMessage are OCPP 1.6 chapter 5. Every other action that has a schema (smart charging, local
list, reservation, firmware, the security whitepaper's) may be sent by those permitted.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.charging.intents import BOOT, NO_INTENT, OTHER, RESET, START, STOP, Intent
from engine.charging.kept.facts import Fact
from engine.charging.messages import Json
from engine.ocpp.calls import Calls
from engine.ocpp.v16 import learning
from engine.ocpp.v16.registry import SCHEMAS

CORE_CALLS = frozenset(
    (
        "ChangeAvailability",
        "ChangeConfiguration",
        "ClearCache",
        "DataTransfer",
        "GetConfiguration",
        "RemoteStartTransaction",
        "RemoteStopTransaction",
        "Reset",
        "UnlockConnector",
        "TriggerMessage",
    )
)

_TIMEOUTS_S: Mapping[str, float] = {
    # A lock tries several times before it gives up; a station with hundreds of keys on a slow link needs its time.
    "UnlockConnector": 60.0,
    "GetConfiguration": 60.0,
    "SendLocalList": 120.0,
}


_ACTION_OF_TRIGGER = {"SignChargePointCertificate": "SignCertificate"}
"""What a trigger asks for, where that is not the action's own name."""


def to_station() -> frozenset[str]:
    """All actions that may be sent to a station."""
    return SCHEMAS.directions.to_station


CALLS = Calls("1.6", SCHEMAS, to_station)


def timeout_s(action: str) -> float | None:
    """Seconds that a station may take for `action`, where that differs from the setting."""
    return _TIMEOUTS_S.get(action)


def intent(action: str, payload: Mapping[str, Json]) -> Intent:
    """What a CALL is about. 1.6's connector n is EVSE n."""
    if action == "RemoteStartTransaction":
        connector = payload.get("connectorId")
        return Intent(START, connector if isinstance(connector, int) else 0, str(payload.get("idTag", "")))
    if action == "RemoteStopTransaction":
        return Intent(STOP, transaction=str(payload.get("transactionId", "")))
    if action == "Reset":
        return Intent(RESET, patient=payload.get("type") == "Soft")
    if action in ("TriggerMessage", "ExtendedTriggerMessage"):
        invited = str(payload.get("requestedMessage", ""))
        kind = BOOT if invited == "BootNotification" else OTHER
        return Intent(kind, invites=_ACTION_OF_TRIGGER.get(invited, invited))
    return NO_INTENT


def learned(action: str, sent: Mapping[str, Json], answer: Mapping[str, Json]) -> tuple[Fact, ...]:
    """What an answer teaches about the station."""
    return learning.learned(action, sent, answer, CALLS.outcome(action, answer))
