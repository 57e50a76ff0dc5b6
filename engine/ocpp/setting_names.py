"""The standard settings that 1.6 and 2.x both have: a key there, a component's variable here.

1.6: chapter 9, standard configuration keys. 2.x: Part 2, the referenced components and variables.
"""

from __future__ import annotations

from typing import NamedTuple


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
KEY_OF_VARIABLE: dict[Variable, str] = {variable: key for key, variable in VARIABLE_OF_KEY.items()}
