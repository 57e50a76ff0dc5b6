"""The variables of a simulated 2.x station: what there is, what may be written, and which setting is behind it.

`setting` names the key of `loadtest/configuration.py` that holds the value: the station's life asks for those.
"""

from __future__ import annotations

from typing import NamedTuple

READ_ONLY, READ_WRITE, WRITE_ONLY = "ReadOnly", "ReadWrite", "WriteOnly"


class Variable(NamedTuple):
    """One variable of a component. `values` is the list of what it may be, separated by commas."""

    component: str
    name: str
    value: str
    kind: str = "string"
    mutability: str = READ_WRITE
    instance: str = ""
    unit: str = ""
    values: str = ""
    setting: str = ""
    reboot: bool = False
    evse: int = 0
    connector: int = 0


_MEASURANDS = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC"
_SAMPLED = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage"
_POINTS = "EVConnected,PowerPathClosed"


def _integer(component: str, name: str, value: str, setting: str = "", **more: str) -> Variable:
    return Variable(component, name, value, "integer", setting=setting, **more)  # type: ignore[arg-type]


def _flag(component: str, name: str, value: str, setting: str = "") -> Variable:
    return Variable(component, name, value, "boolean", setting=setting)


def _told(component: str, name: str, value: str, kind: str = "boolean", instance: str = "") -> Variable:
    return Variable(component, name, value, kind, READ_ONLY, instance)


STATION = (
    _told("AlignedDataCtrlr", "Available", "true"),
    _integer("AlignedDataCtrlr", "Interval", "0", "ClockAlignedDataInterval", unit="s"),
    Variable("AlignedDataCtrlr", "Measurands", _SAMPLED, "MemberList", values=_MEASURANDS),
    _integer("AlignedDataCtrlr", "TxEndedInterval", "0", unit="s"),
    Variable("AlignedDataCtrlr", "TxEndedMeasurands", "", "MemberList", values=_MEASURANDS),
    _flag("AuthCacheCtrlr", "Enabled", "true", "AuthorizationCacheEnabled"),
    _flag("AuthCtrlr", "AuthorizeRemoteStart", "false", "AuthorizeRemoteTxRequests"),
    _flag("AuthCtrlr", "Enabled", "true"),
    _flag("AuthCtrlr", "LocalAuthorizeOffline", "true", "LocalAuthorizeOffline"),
    _flag("AuthCtrlr", "LocalPreAuthorize", "false", "LocalPreAuthorize"),
    _flag("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true", "AllowOfflineTxForUnknownId"),
    _told("ChargingStation", "AvailabilityState", "Available", "OptionList"),
    _told("ChargingStation", "Problem", "false"),
    _told("ChargingStation", "SupplyPhases", "3", "integer"),
    _told("ClockCtrlr", "DateTime", "", "dateTime"),
    Variable("ClockCtrlr", "TimeSource", "Heartbeat", "SequenceList", values="Heartbeat,NTP"),
    _told("DeviceDataCtrlr", "BytesPerMessage", "65536", "integer", "GetReport"),
    _told("DeviceDataCtrlr", "BytesPerMessage", "65536", "integer", "GetVariables"),
    _told("DeviceDataCtrlr", "BytesPerMessage", "65536", "integer", "SetVariables"),
    _told("DeviceDataCtrlr", "ItemsPerMessage", "20", "integer", "GetReport"),
    _told("DeviceDataCtrlr", "ItemsPerMessage", "50", "integer", "GetVariables"),
    _told("DeviceDataCtrlr", "ItemsPerMessage", "50", "integer", "SetVariables"),
    _told("LocalAuthListCtrlr", "BytesPerMessage", "65536", "integer"),
    _told("LocalAuthListCtrlr", "Entries", "0", "integer"),
    _told("LocalAuthListCtrlr", "ItemsPerMessage", "100", "integer"),
    _flag("LocalAuthListCtrlr", "Enabled", "true"),
    _told("OCPPCommCtrlr", "FileTransferProtocols", "HTTPS,HTTP", "MemberList"),
    _integer("OCPPCommCtrlr", "HeartbeatInterval", "300", "HeartbeatInterval", unit="s"),
    _integer(
        "OCPPCommCtrlr", "MessageAttemptInterval", "10", "TransactionMessageRetryInterval", instance="TransactionEvent",
        unit="s",
    ),
    _integer("OCPPCommCtrlr", "MessageAttempts", "3", "TransactionMessageAttempts", instance="TransactionEvent"),
    _told("OCPPCommCtrlr", "MessageTimeout", "30", "integer", "Default"),
    Variable("OCPPCommCtrlr", "NetworkConfigurationPriority", "1", "SequenceList", values="1,2", reboot=True),
    _integer("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", "3"),
    _integer("OCPPCommCtrlr", "OfflineThreshold", "60", unit="s"),
    _integer("OCPPCommCtrlr", "ResetRetries", "1", "ResetRetries"),
    _integer("OCPPCommCtrlr", "RetryBackOffRandomRange", "1", unit="s"),
    _integer("OCPPCommCtrlr", "RetryBackOffRepeatTimes", "6"),
    _integer("OCPPCommCtrlr", "RetryBackOffWaitMinimum", "1", unit="s"),
    _flag("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "true", "UnlockConnectorOnEVSideDisconnect"),
    _integer("OCPPCommCtrlr", "WebSocketPingInterval", "0", "WebSocketPingInterval", unit="s"),
    _flag("ReservationCtrlr", "Enabled", "true"),
    _flag("SampledDataCtrlr", "Enabled", "true"),
    _integer("SampledDataCtrlr", "TxEndedInterval", "0", unit="s"),
    Variable("SampledDataCtrlr", "TxEndedMeasurands", _SAMPLED, "MemberList", values=_MEASURANDS),
    Variable("SampledDataCtrlr", "TxStartedMeasurands", _SAMPLED, "MemberList", values=_MEASURANDS),
    _integer("SampledDataCtrlr", "TxUpdatedInterval", "60", "MeterValueSampleInterval", unit="s"),
    Variable("SampledDataCtrlr", "TxUpdatedMeasurands", _SAMPLED, "MemberList", values=_MEASURANDS),
    Variable("SecurityCtrlr", "BasicAuthPassword", "", "string", WRITE_ONLY, reboot=True),
    _told("SecurityCtrlr", "CertificateEntries", "0", "integer"),
    Variable("SecurityCtrlr", "Identity", "", "string", READ_ONLY),
    Variable("SecurityCtrlr", "OrganizationName", "Raycharge", "string"),
    _told("SecurityCtrlr", "SecurityProfile", "1", "integer"),
    _flag("SmartChargingCtrlr", "Enabled", "true"),
    _told("SmartChargingCtrlr", "Entries", "0", "integer", "ChargingProfiles"),
    _told("SmartChargingCtrlr", "LimitChangeSignificance", "1", "decimal"),
    _told("SmartChargingCtrlr", "PeriodsPerSchedule", "48", "integer"),
    _told("SmartChargingCtrlr", "ProfileStackLevel", "9", "integer"),
    _told("SmartChargingCtrlr", "RateUnit", "A,W", "MemberList"),
    _flag("TariffCostCtrlr", "Enabled", "false"),
    _integer("TxCtrlr", "EVConnectionTimeOut", "60", "ConnectionTimeOut", unit="s"),
    _flag("TxCtrlr", "StopTxOnEVSideDisconnect", "true", "StopTransactionOnEVSideDisconnect"),
    _flag("TxCtrlr", "StopTxOnInvalidId", "true", "StopTransactionOnInvalidId"),
    Variable("TxCtrlr", "TxStartPoint", "PowerPathClosed", "MemberList", values=_POINTS),
    Variable("TxCtrlr", "TxStopPoint", "PowerPathClosed", "MemberList", values=_POINTS),
)  # fmt: skip
"""What the station as a whole has."""


def of_evse(number: int, power_w: float) -> tuple[Variable, ...]:
    """What EVSE `number` and its one connector have."""
    evse = {"mutability": READ_ONLY, "evse": number}
    plug = evse | {"connector": 1}
    return (
        Variable("EVSE", "AvailabilityState", "Available", "OptionList", **evse),  # type: ignore[arg-type]
        Variable("EVSE", "Available", "true", "boolean", **evse),  # type: ignore[arg-type]
        Variable("EVSE", "Power", f"{power_w:.0f}", "decimal", unit="W", **evse),  # type: ignore[arg-type]
        Variable("EVSE", "SupplyPhases", "3", "integer", **evse),  # type: ignore[arg-type]
        Variable("Connector", "AvailabilityState", "Available", "OptionList", **plug),  # type: ignore[arg-type]
        Variable("Connector", "Available", "true", "boolean", **plug),  # type: ignore[arg-type]
        Variable("Connector", "ConnectorType", "sType2", "OptionList", **plug),  # type: ignore[arg-type]
        Variable("Connector", "SupplyPhases", "3", "integer", **plug),  # type: ignore[arg-type]
    )
