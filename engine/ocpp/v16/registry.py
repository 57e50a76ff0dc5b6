"""The actions of 1.6 (all profiles, and the security whitepaper) that a station sends, and what understands them."""

from __future__ import annotations

from engine.ocpp.registry import Known, Registry
from engine.ocpp.schemas import SchemaSet
from engine.ocpp.v16 import (
    authorize,
    boot,
    data_transfer,
    meter_values,
    meter_values_form,
    notices,
    status,
    transactions,
)

SCHEMAS = SchemaSet(
    "v16",
    # Without a time, the time of receipt is believed. Without a value a sample is kept, as one that is no number.
    optional=frozenset({"timestamp", "sampledValue", "value"}),
    numbers=frozenset({"meterStart", "meterStop"}),
)


_ACTIONS: dict[str, Known] = {
    "Authorize": Known(authorize.understand),
    "BootNotification": Known(boot.understand_boot, {"chargePointVendor": "", "chargePointModel": ""}),
    "DataTransfer": Known(data_transfer.understand, {"vendorId": ""}),
    "DiagnosticsStatusNotification": Known(notices.understand_diagnostics),
    "FirmwareStatusNotification": Known(notices.understand_firmware),
    "Heartbeat": Known(boot.understand_heartbeat),
    "LogStatusNotification": Known(notices.understand_log),
    "MeterValues": Known(
        meter_values.understand,
        {"connectorId": 0},
        at_once=meter_values.at_once,
        prove=meter_values.prove,
        form_of=meter_values_form.form_of,
    ),
    "SecurityEventNotification": Known(notices.understand_security_event),
    "SignCertificate": Known(notices.understand_sign_certificate),
    "SignedFirmwareStatusNotification": Known(notices.understand_signed_firmware),
    "StartTransaction": Known(transactions.understand_start),
    "StatusNotification": Known(status.understand, {"errorCode": "NoError"}),
    "StopTransaction": Known(transactions.understand_stop),
}

REGISTRY = Registry("1.6", SCHEMAS, _ACTIONS)
FROM_STATION = REGISTRY.from_station
understand = REGISTRY.understand
form_of = REGISTRY.form_of
