"""The actions of OCPP 1.6 (all profiles, and the security whitepaper) that a station sends, and what understands them.

Order of things for a CALL: known action, strict validation, repair if that fails, then the module of the feature block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from engine.charging.messages import Json, StationMessage
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.errors import ErrorCode, refusal
from engine.ocpp.port import Circumstances
from engine.ocpp.schemas import SchemaSet
from engine.ocpp.tolerant import repaired
from engine.ocpp.v16 import authorize, boot, data_transfer, meter_values, notices, status, transactions

Understand = Callable[[dict[str, Any], Circumstances], StationMessage]


SCHEMAS = SchemaSet(
    "v16",
    # Without a time, the time of receipt is believed. Without a value a sample is kept, as one that is no number.
    optional=frozenset({"timestamp", "sampledValue", "value"}),
    numbers=frozenset({"meterStart", "meterStop"}),
)


class _Known(NamedTuple):
    understand: Understand
    defaults: Mapping[str, Json]


_ACTIONS: dict[str, _Known] = {
    "Authorize": _Known(authorize.understand, {}),
    "BootNotification": _Known(boot.understand_boot, {"chargePointVendor": "", "chargePointModel": ""}),
    "DataTransfer": _Known(data_transfer.understand, {"vendorId": ""}),
    "DiagnosticsStatusNotification": _Known(notices.understand_diagnostics, {}),
    "FirmwareStatusNotification": _Known(notices.understand_firmware, {}),
    "Heartbeat": _Known(boot.understand_heartbeat, {}),
    "LogStatusNotification": _Known(notices.understand_log, {}),
    "MeterValues": _Known(meter_values.understand, {"connectorId": 0}),
    "SecurityEventNotification": _Known(notices.understand_security_event, {}),
    "SignCertificate": _Known(notices.understand_sign_certificate, {}),
    "SignedFirmwareStatusNotification": _Known(notices.understand_signed_firmware, {}),
    "StartTransaction": _Known(transactions.understand_start, {}),
    "StatusNotification": _Known(status.understand, {"errorCode": "NoError"}),
    "StopTransaction": _Known(transactions.understand_stop, {}),
}
_BY_LOWER = {action.lower(): action for action in _ACTIONS}
FROM_STATION = frozenset(_ACTIONS)


def understand(action: str, payload: Json, circumstances: Circumstances) -> StationMessage:
    """The station's CALL as a message. Raises ProtocolError."""
    known = _ACTIONS.get(action)
    if known is None:
        action = _respelled(action, circumstances)
        known = _ACTIONS[action]
    schema = SCHEMAS.request(action)
    if not schema.strict.is_valid(payload):
        payload = repaired(action, payload, schema, circumstances.notes, known.defaults)
    return known.understand(payload, circumstances)


def _respelled(action: str, circumstances: Circumstances) -> str:
    known = _BY_LOWER.get(action.strip().lower())
    if known is not None:
        note(circumstances.notes, Deviation.ACTION_SPELLING, action)
        return known
    if action in SCHEMAS.actions:
        raise refusal(ErrorCode.NOT_SUPPORTED, f"{action} is not served here.")
    raise refusal(ErrorCode.NOT_IMPLEMENTED, f"{action[:60]} is no action of OCPP 1.6.")
