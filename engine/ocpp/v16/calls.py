"""CALLs to a 1.6 station: what may be sent, and what its answer means for the command.

Core profile and TriggerMessage are OCPP 1.6 chapter 5. Every other action that has a schema (smart charging, local
list, reservation, firmware, the security whitepaper's) may be sent raw by those permitted.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.charging.events import CommandOutcome
from engine.charging.messages import Deviated, Json
from engine.errors import InvalidInput, ProtocolError
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.schemas import Flaw, first_flaw
from engine.ocpp.tolerant import repaired
from engine.ocpp.v16.registry import FROM_STATION, SCHEMAS

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

_NOTIFICATIONS = frozenset(
    (
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "LogStatusNotification",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
    )
)
"""Known actions that only a station may send, beside those of the core profile."""

_ACCEPTED = frozenset({"accepted", "scheduled", "unlocked", "rebootrequired", "acceptedcanceled"})

_TIMEOUTS_S: Mapping[str, float] = {
    # A lock tries several times before it gives up; a station with hundreds of keys on a slow link needs its time.
    "UnlockConnector": 60.0,
    "GetConfiguration": 60.0,
    "SendLocalList": 120.0,
}


def to_station() -> frozenset[str]:
    """All actions that may be sent to a station."""
    return (SCHEMAS.actions - FROM_STATION - _NOTIFICATIONS) | {"DataTransfer"}


def validate(action: str, payload: Json) -> dict[str, Json]:
    """The payload, if the specification allows it. Raises InvalidInput naming the field and what would be accepted."""
    if action not in to_station():
        raise InvalidInput(
            f"{action[:60]} is no action that OCPP 1.6 sends to a charge point.",
            field="action",
            remedy="Use one of " + ", ".join(sorted(to_station())) + ".",
        )
    flaw = first_flaw(SCHEMAS.request(action).checked, payload)
    if flaw is not None or not isinstance(payload, dict):
        raise _invalid(action, flaw)
    return payload


def _invalid(action: str, flaw: Flaw | None) -> InvalidInput:
    if flaw is None:
        return InvalidInput(f"{action}'s payload is no object.", field="payload", remedy="Give a JSON object.")
    field = f"payload.{flaw.field}" if flaw.field else "payload"
    if flaw.allowed:
        remedy = "Use one of " + ", ".join(str(value) for value in flaw.allowed) + "."
    elif flaw.text.startswith("is required"):
        remedy = "Give it."
    elif flaw.text.startswith("is not a field"):
        known = SCHEMAS.request(action).schema.get("properties", {})
        remedy = "Leave it out." + (f" {action} has {', '.join(known)}." if known else "")
    else:
        remedy = f"Give a value of which this is not true: it {flaw.text}."
    return InvalidInput(f"{action}: {field} {flaw.text}.", field=field, remedy=remedy)


def read_answer(action: str, payload: Json, notes: list[Deviated]) -> dict[str, Json]:
    """The station's answer, repaired as far as it can be; what is beyond repair is kept as said, and noted."""
    try:
        schema = SCHEMAS.response(action)
    except KeyError:
        return payload if isinstance(payload, dict) else {}
    if schema.strict.is_valid(payload) and isinstance(payload, dict):
        return payload
    try:
        return repaired(action, payload, schema, notes, {})
    except ProtocolError as error:
        note(notes, Deviation.INVALID_ANSWER, error.description)
        return payload if isinstance(payload, dict) else {}


def outcome(action: str, payload: Mapping[str, Json]) -> str:
    """Accepted or Rejected by the answer's `status`; without one the answer itself is the acceptance.

    Failed where the schema requires a status and the station gave none.
    """
    status = payload.get("status")
    if isinstance(status, str):
        accepted = "".join(c for c in status.lower() if c.isalnum()) in _ACCEPTED
        return CommandOutcome.ACCEPTED if accepted else CommandOutcome.REJECTED
    requires = SCHEMAS.response(action).schema.get("required", ()) if action in SCHEMAS.actions else ()
    return CommandOutcome.FAILED if "status" in requires else CommandOutcome.ACCEPTED


def timeout_s(action: str) -> float | None:
    """Seconds that a station may take for `action`, where that differs from the setting."""
    return _TIMEOUTS_S.get(action)
