"""StatusNotification (OCPP 1.6, section 4.9)."""

from __future__ import annotations

from typing import Any

from engine.charging.messages import StatusReported
from engine.ocpp.errors import ErrorCode, refusal
from engine.ocpp.fields import checked_connector, instant
from engine.ocpp.port import Circumstances
from engine.ocpp.v16.fields import connector_on

STATUSES = frozenset(
    (
        "Available",
        "Preparing",
        "Charging",
        "SuspendedEVSE",
        "SuspendedEV",
        "Finishing",
        "Reserved",
        "Unavailable",
        "Faulted",
    )
)
ERROR_CODES = frozenset(
    (
        "ConnectorLockFailure",
        "EVCommunicationError",
        "GroundFailure",
        "HighTemperature",
        "InternalError",
        "LocalListConflict",
        "NoError",
        "OtherError",
        "OverCurrentFailure",
        "PowerMeterFailure",
        "PowerSwitchFailure",
        "ReaderFailure",
        "ResetFailure",
        "UnderVoltage",
        "OverVoltage",
        "WeakSignal",
    )
)
# OCPP 1.5's word, which some firmware still uses: all that it says is that nobody else can plug in.
_OLD_STATUSES = {"occupied": "Preparing"}


def understand(payload: dict[str, Any], circumstances: Circumstances) -> StatusReported:
    evse = checked_connector(payload["connectorId"])
    said: str = payload["status"]
    status = said if said in STATUSES else _old_status(said)
    get = payload.get
    error: str = payload["errorCode"]
    info: str = get("info", "")
    vendor_error: str = get("vendorErrorCode", "")
    if error not in ERROR_CODES:
        # The repair has noted it; the station's own code is not lost.
        vendor_error, error = vendor_error or error, "OtherError"
    at = instant(payload, circumstances, required=False)
    return StatusReported(
        evse, connector_on(evse), status, error, at, info=info, vendor=get("vendorId", ""), vendor_error=vendor_error
    )


def _old_status(said: str) -> str:
    status = _OLD_STATUSES.get(said.lower())
    if status is None:
        raise refusal(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"status {said[:40]} is no ChargePointStatus.")
    return status
