"""The standard settings that 1.6 and 2.x both have: a key there, a component's variable here.

1.6: chapter 9, standard configuration keys. 2.x: Part 2, the referenced components and variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Variable(NamedTuple):
    """A component's variable and the variable's instance, "" if it has none."""

    component: str
    variable: str
    instance: str = ""


VARIABLE_OF_KEY: dict[str, Variable] = {
    "AllowOfflineTxForUnknownId": Variable("AuthCtrlr", "OfflineTxForUnknownIdEnabled"),
    "AuthorizationCacheEnabled": Variable("AuthCacheCtrlr", "Enabled"),
    "AuthorizeRemoteTxRequests": Variable("AuthCtrlr", "AuthorizeRemoteStart"),
    "ClockAlignedDataInterval": Variable("AlignedDataCtrlr", "Interval"),
    "ConnectionTimeOut": Variable("TxCtrlr", "EVConnectionTimeOut"),
    "GetConfigurationMaxKeys": Variable("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables"),
    "HeartbeatInterval": Variable("OCPPCommCtrlr", "HeartbeatInterval"),
    "LocalAuthListEnabled": Variable("LocalAuthListCtrlr", "Enabled"),
    "LocalAuthorizeOffline": Variable("AuthCtrlr", "LocalAuthorizeOffline"),
    "LocalPreAuthorize": Variable("AuthCtrlr", "LocalPreAuthorize"),
    "MaxEnergyOnInvalidId": Variable("TxCtrlr", "MaxEnergyOnInvalidId"),
    "MeterValueSampleInterval": Variable("SampledDataCtrlr", "TxUpdatedInterval"),
    "MeterValuesAlignedData": Variable("AlignedDataCtrlr", "Measurands"),
    "MeterValuesSampledData": Variable("SampledDataCtrlr", "TxUpdatedMeasurands"),
    "ResetRetries": Variable("OCPPCommCtrlr", "ResetRetries"),
    "StopTransactionOnEVSideDisconnect": Variable("TxCtrlr", "StopTxOnEVSideDisconnect"),
    "StopTransactionOnInvalidId": Variable("TxCtrlr", "StopTxOnInvalidId"),
    "StopTxnAlignedData": Variable("AlignedDataCtrlr", "TxEndedMeasurands"),
    "StopTxnSampledData": Variable("SampledDataCtrlr", "TxEndedMeasurands"),
    "TransactionMessageAttempts": Variable("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent"),
    "TransactionMessageRetryInterval": Variable("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent"),
    "UnlockConnectorOnEVSideDisconnect": Variable("OCPPCommCtrlr", "UnlockOnEVSideDisconnect"),
    "WebSocketPingInterval": Variable("OCPPCommCtrlr", "WebSocketPingInterval"),
}
MOST_ASKED_AT_ONCE = "GetConfigurationMaxKeys"
"""The setting that says how many settings may be asked for in one request."""

KEY_OF_VARIABLE: dict[Variable, str] = {variable: key for key, variable in VARIABLE_OF_KEY.items()}


def most_asked_at_once(settings: Iterable[Mapping[str, Any]]) -> int | None:
    """How many settings a station lets us ask for in one request (1.6, 9.1.8; 2.0.1, B06); None if it has not told.

    `settings` as `kept_view.configuration_view` has them.
    """
    names = ({"component": "", "key": MOST_ASKED_AT_ONCE}, _as_setting(VARIABLE_OF_KEY[MOST_ASKED_AT_ONCE]))
    for setting in settings:
        said = str(setting.get("value") or "")
        if said.isdecimal() and int(said) > 0 and any(name.items() <= setting.items() for name in names):
            return int(said)
    return None


def _as_setting(variable: Variable) -> dict[str, str]:
    return {"component": variable.component, "key": variable.variable, "instance": variable.instance}
