"""The actions that a 2.x station sends, and what understands them, for 2.0.1 and 2.1 alike."""

from __future__ import annotations

from engine.ocpp.registry import Known, Registry
from engine.ocpp.schemas import SchemaSet
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
from engine.ocpp.v2.known_readings import KnownReadings
from engine.ocpp.v2.readings_form import ReadingsForms

_OPTIONAL = frozenset({"timestamp", "generatedAt", "triggerReason", "sampledValue"})
"""Without a time the time of receipt is believed; a trigger's reason is for people."""

SCHEMAS_201 = SchemaSet("v201", suffix="Request", optional=_OPTIONAL)
SCHEMAS_21 = SchemaSet("v21", suffix="Request", optional=_OPTIONAL)


def _transaction_event() -> Known:
    known = KnownReadings()
    forms = ReadingsForms(known)
    return Known(transactions.understand, at_once=known.at_once, prove=known.prove, form_of=forms.form_of)


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
}
"""Of both versions, which have TransactionEvent besides."""

ACTIONS_21: dict[str, Known] = {
    "GetCertificateChainStatus": Known(enquiries.understand_chain_status),
    "ReportDERControl": Known(energy_resources.understand_der_controls),
    "VatNumberValidation": Known(enquiries.understand_vat_number),
    **{action: Known(other_notices.understand(action)) for action in other_notices.ACTIONS},
}
"""What 2.1 has besides."""


REGISTRY_201 = Registry("2.0.1", SCHEMAS_201, ACTIONS | {"TransactionEvent": _transaction_event()})
REGISTRY_21 = Registry("2.1", SCHEMAS_21, ACTIONS | ACTIONS_21 | {"TransactionEvent": _transaction_event()})
