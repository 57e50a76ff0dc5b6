"""StatusNotification of 2.x (2.0.1 G01). Its five statuses are told in 1.6's nine; what an occupied connector does, the
transaction tells.
"""

from __future__ import annotations

from typing import Any

from engine.charging.messages import StatusReported
from engine.ocpp.errors import ErrorCode, refusal
from engine.ocpp.fields import checked_connector, instant
from engine.ocpp.port import Circumstances

_STATUSES = {
    "Available": "Available",
    "Occupied": "Preparing",
    "Reserved": "Reserved",
    "Unavailable": "Unavailable",
    "Faulted": "Faulted",
}


def understand(payload: dict[str, Any], circumstances: Circumstances) -> StatusReported:
    said: str = payload["connectorStatus"]
    status = _STATUSES.get(said)
    if status is None:
        raise refusal(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"connectorStatus {said[:40]} is none of 2.x.")
    return StatusReported(
        checked_connector(payload["evseId"]),
        checked_connector(payload["connectorId"]),
        status,
        "OtherError" if status == "Faulted" else "NoError",
        instant(payload, circumstances),
        occupied=said == "Occupied",
    )
