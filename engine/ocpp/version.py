"""The versions of OCPP that are served, by WebSocket subprotocol, and how to tell which one a station speaks."""

from __future__ import annotations

from engine.charging.messages import Json
from engine.ocpp.port import Circumstances, OcppVersion
from engine.ocpp.v2.protocol import OCPP_21, OCPP_201
from engine.ocpp.v16.protocol import Ocpp16

__all__ = ["DEFAULT_SUBPROTOCOL", "VERSIONS", "Circumstances", "OcppVersion", "speaks"]

DEFAULT_SUBPROTOCOL = "ocpp1.6"
"""What a station is taken to speak that has not told."""

VERSIONS: dict[str, OcppVersion] = {version.subprotocol: version for version in (Ocpp16(), OCPP_201, OCPP_21)}

_V16, _V2 = "ocpp1.6", "ocpp2.0.1"
_ONLY_IN = {
    "StartTransaction": _V16,
    "StopTransaction": _V16,
    "DiagnosticsStatusNotification": _V16,
    "TransactionEvent": _V2,
    "NotifyReport": _V2,
    "NotifyEvent": _V2,
}
_FIELDS = {
    "BootNotification": ((_V2, "chargingStation"), (_V16, "chargePointVendor"), (_V16, "chargePointModel")),
    "StatusNotification": ((_V2, "connectorStatus"), (_V2, "evseId"), (_V16, "errorCode"), (_V16, "status")),
    "Authorize": ((_V2, "idToken"), (_V16, "idTag")),
    "MeterValues": ((_V2, "evseId"), (_V16, "connectorId")),
}


def speaks(action: str, payload: Json) -> str | None:
    """The subprotocol whose words these are, whatever was negotiated; None if they do not tell.

    2.0.1 and 2.1 cannot be told apart by what a station sends at first: "ocpp2.0.1" stands for both.
    """
    known = _ONLY_IN.get(action)
    if known is not None or not isinstance(payload, dict):
        return known
    for subprotocol, field in _FIELDS.get(action, ()):
        if field in payload:
            return subprotocol
    return None
