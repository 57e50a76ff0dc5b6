"""StatusNotification of 2.x, and the events that tell the same (2.0.1 G01, G05).

Five statuses are told in 1.6's nine; what an occupied connector does, the transaction tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging.kept.notices import ProblemReported
from engine.charging.messages import Instant, Json, StatusReported
from engine.ocpp.errors import ErrorCode, refusal
from engine.ocpp.fields import MAX_CONNECTOR, checked_connector, instant
from engine.ocpp.loose_values import integer, mapping, text
from engine.ocpp.port import Circumstances

_STATUSES = {
    "Available": "Available",
    "Occupied": "Preparing",
    "Reserved": "Reserved",
    "Unavailable": "Unavailable",
    "Faulted": "Faulted",
}

_AVAILABILITY = ("Connector", "AvailabilityState")
_LOCK = ("ConnectorPlugRetentionLock", "Problem")
_TOLD = frozenset({_AVAILABILITY, _LOCK})


def understand(payload: dict[str, Any], circumstances: Circumstances) -> StatusReported:
    said: str = payload["connectorStatus"]
    if said not in _STATUSES:
        raise refusal(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"connectorStatus {said[:40]} is none of 2.x.")
    place = checked_connector(payload["evseId"], "evseId"), checked_connector(payload["connectorId"])
    return _reported(place, said, instant(payload, circumstances))


def connector_state(event: Mapping[str, Json], circumstances: Circumstances) -> StatusReported | ProblemReported | None:
    """What a NotifyEvent's event says of a connector; None if it is about something else, or does not say where."""
    component, variable = mapping(event.get("component")), mapping(event.get("variable"))
    about = text(component.get("name")), text(variable.get("name"))
    evse = mapping(component.get("evse"))
    place = integer(evse.get("id")), integer(evse.get("connectorId"))
    if about not in _TOLD or not all(number and 0 < number <= MAX_CONNECTOR for number in place):
        return None
    at, said = instant(dict(event), circumstances), text(event.get("actualValue"))
    if about == _AVAILABILITY:
        return _reported((place[0] or 0, place[1] or 0), said, at) if said in _STATUSES else None
    error = "ConnectorLockFailure" if said.lower() == "true" else "NoError"
    return ProblemReported(place[0] or 0, place[1] or 0, error, at)


def _reported(place: tuple[int, int], said: str, at: Instant) -> StatusReported:
    status = _STATUSES[said]
    error = "OtherError" if status == "Faulted" else "NoError"
    return StatusReported(*place, status, error, at, occupied=said == "Occupied")
