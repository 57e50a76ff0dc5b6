"""The actions that a 2.x station sends, and what understands them, for 2.0.1 and 2.1 alike.

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
from engine.ocpp.v2 import (
    boot,
    data_transfer,
    device_model,
    display,
    energy_resources,
    enquiries,
    meter_values,
    notices,
    other_notices,
    smart_charging,
    status,
    tokens,
    transactions,
)

Understand = Callable[[dict[str, Any], Circumstances], StationMessage]

_OPTIONAL = frozenset({"timestamp", "generatedAt", "triggerReason", "sampledValue"})
"""Without a time the time of receipt is believed; a trigger's reason is for people."""

SCHEMAS_201 = SchemaSet("v201", suffix="Request", optional=_OPTIONAL)
SCHEMAS_21 = SchemaSet("v21", suffix="Request", optional=_OPTIONAL)


class Known(NamedTuple):
    """What understands an action, and neutral values for fields that a station left out against the schema."""

    understand: Understand
    defaults: Mapping[str, Json] = {}


ACTIONS: dict[str, Known] = {
    "Authorize": Known(tokens.understand),
    "BootNotification": Known(boot.understand_boot, {"reason": "Unknown"}),
    "ClearedChargingLimit": Known(smart_charging.understand_limit_cleared),
    "DataTransfer": Known(data_transfer.understand),
    "FirmwareStatusNotification": Known(notices.understand_firmware),
    "Get15118EVCertificate": Known(enquiries.understand_ev_certificate),
    "GetCertificateStatus": Known(enquiries.understand_certificate_status),
    "Heartbeat": Known(boot.understand_heartbeat),
    "LogStatusNotification": Known(notices.understand_log),
    "MeterValues": Known(meter_values.understand),
    "NotifyChargingLimit": Known(smart_charging.understand_limit),
    "NotifyCustomerInformation": Known(device_model.understand_customer_information),
    "NotifyDisplayMessages": Known(display.understand_display_messages),
    "NotifyEVChargingNeeds": Known(smart_charging.understand_needs),
    "NotifyEVChargingSchedule": Known(smart_charging.understand_schedule),
    "NotifyEvent": Known(device_model.understand_event),
    "NotifyMonitoringReport": Known(device_model.understand_monitoring_report),
    "NotifyReport": Known(device_model.understand_report),
    "PublishFirmwareStatusNotification": Known(notices.understand_publish),
    "ReportChargingProfiles": Known(smart_charging.understand_profiles),
    "ReservationStatusUpdate": Known(notices.understand_reservation_status),
    "SecurityEventNotification": Known(notices.understand_security_event),
    "SignCertificate": Known(notices.understand_sign_certificate),
    "StatusNotification": Known(status.understand),
    "TransactionEvent": Known(transactions.understand),
}
"""Of both versions."""

ACTIONS_21: dict[str, Known] = {
    "GetCertificateChainStatus": Known(enquiries.understand_chain_status),
    "ReportDERControl": Known(energy_resources.understand_der_controls),
    "VatNumberValidation": Known(enquiries.understand_vat_number),
    **{action: Known(other_notices.understand(action)) for action in other_notices.ACTIONS},
}
"""What 2.1 has besides."""


class Registry:
    """One version's station actions. `name` is for people ("2.0.1")."""

    def __init__(self, name: str, schemas: SchemaSet, actions: Mapping[str, Known]) -> None:
        self._name, self._schemas, self._actions = name, schemas, dict(actions)
        self._by_lower = {action.lower(): action for action in actions}

    @property
    def from_station(self) -> frozenset[str]:
        """The actions that are understood."""
        return frozenset(self._actions)

    def understand(self, action: str, payload: Json, circumstances: Circumstances) -> StationMessage:
        """The station's CALL as a message. Raises ProtocolError."""
        known = self._actions.get(action)
        if known is None:
            action = self._respelled(action, circumstances)
            known = self._actions[action]
        schema = self._schemas.request(action)
        if not schema.strict.is_valid(payload):
            payload = repaired(action, payload, schema, circumstances.notes, known.defaults)
        return known.understand(payload, circumstances)

    def _respelled(self, action: str, circumstances: Circumstances) -> str:
        known = self._by_lower.get(action.strip().lower())
        if known is not None:
            note(circumstances.notes, Deviation.ACTION_SPELLING, action)
            return known
        if action in self._schemas.actions:
            raise refusal(ErrorCode.NOT_SUPPORTED, f"{action} is not served here.")
        raise refusal(ErrorCode.NOT_IMPLEMENTED, f"{action[:60]} is no action of OCPP {self._name}.")


REGISTRY_201 = Registry("2.0.1", SCHEMAS_201, ACTIONS)
REGISTRY_21 = Registry("2.1", SCHEMAS_21, ACTIONS | ACTIONS_21)
