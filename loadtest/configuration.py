"""A simulated station's configuration keys (OCPP 1.6 section 9): what there is, what may be written and how."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    value: str
    kind: str = "text"
    readonly: bool = False
    reboot: bool = False


_SAMPLED = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage"
_KEYS: dict[str, Key] = {
    "AllowOfflineTxForUnknownId": Key("true", "bool"),
    "AuthorizationCacheEnabled": Key("true", "bool"),
    "AuthorizeRemoteTxRequests": Key("false", "bool"),
    "ClockAlignedDataInterval": Key("0", "int"),
    "ConnectionTimeOut": Key("60", "int"),
    "ConnectorPhaseRotation": Key("NotApplicable", readonly=True),
    "GetConfigurationMaxKeys": Key("50", "int", readonly=True),
    "HeartbeatInterval": Key("300", "int"),
    "LocalAuthorizeOffline": Key("true", "bool"),
    "LocalPreAuthorize": Key("false", "bool"),
    "MeterValueSampleInterval": Key("60", "int"),
    "MeterValuesAlignedData": Key(""),
    "MeterValuesSampledData": Key(_SAMPLED),
    "NumberOfConnectors": Key("1", "int", readonly=True),
    "ResetRetries": Key("1", "int"),
    "StopTransactionOnEVSideDisconnect": Key("true", "bool"),
    "StopTransactionOnInvalidId": Key("true", "bool"),
    "StopTxnAlignedData": Key(""),
    "StopTxnSampledData": Key(""),
    "SupportedFeatureProfiles": Key("Core,RemoteTrigger", readonly=True),
    "TransactionMessageAttempts": Key("3", "int"),
    "TransactionMessageRetryInterval": Key("10", "int"),
    "UnlockConnectorOnEVSideDisconnect": Key("true", "bool"),
    "WebSocketPingInterval": Key("0", "int"),
    "AuthorizationKey": Key("", reboot=True),
}
_WRITE_ONLY = frozenset({"AuthorizationKey"})
_NAMES = {name.lower(): name for name in _KEYS}


class Configuration:
    """The keys' values; only those that differ from the defaults take memory. Names are matched in any case."""

    __slots__ = ("_changed",)

    def __init__(self, **values: object) -> None:
        self._changed = {name: str(value) for name, value in values.items()}

    def text(self, name: str) -> str:
        return self._changed.get(name, _KEYS[name].value)

    def number(self, name: str) -> int:
        return int(self.text(name))

    def flag(self, name: str) -> bool:
        return self.text(name).lower() == "true"

    def assign(self, name: str, value: str) -> None:
        """Set a key from inside the station."""
        self._changed[_NAMES[name.lower()]] = value

    def change(self, name: str, value: str) -> str:
        """ChangeConfiguration: returns the status of the answer."""
        known = _NAMES.get(name.lower())
        if known is None:
            return "NotSupported"
        key = _KEYS[known]
        if key.readonly or not _fits(key.kind, value):
            return "Rejected"
        self._changed[known] = value
        return "RebootRequired" if key.reboot else "Accepted"

    def read(self, names: list[str]) -> dict[str, list[object]]:
        """GetConfiguration: the answer's payload. No names: all keys."""
        rows: list[object] = []
        unknown: list[object] = []
        for asked in names or list(_KEYS):
            name = _NAMES.get(asked.lower())
            if name is None:
                unknown.append(asked)
                continue
            row: dict[str, object] = {"key": name, "readonly": _KEYS[name].readonly}
            if name not in _WRITE_ONLY:
                row["value"] = self.text(name)
            rows.append(row)
        return {"configurationKey": rows} | ({"unknownKey": unknown} if unknown else {})


def _fits(kind: str, value: str) -> bool:
    if kind == "int":
        return value.isascii() and value.isdigit()
    return kind != "bool" or value.lower() in ("true", "false")
