"""The versions of OCPP that are served, by WebSocket subprotocol, and how to tell which one a station speaks."""

from __future__ import annotations

from engine.charging.messages import Json
from engine.ocpp.directions import DIRECTIONS
from engine.ocpp.port import Circumstances, OcppVersion
from engine.ocpp.v2.protocol import OCPP_21, OCPP_201
from engine.ocpp.v16.protocol import Ocpp16

__all__ = ["DEFAULT_SUBPROTOCOL", "VERSIONS", "Circumstances", "OcppVersion", "other_version", "speaks"]

DEFAULT_SUBPROTOCOL = "ocpp1.6"
"""What a station is taken to speak that has not told."""

VERSIONS: dict[str, OcppVersion] = {version.subprotocol: version for version in (Ocpp16(), OCPP_201, OCPP_21)}

_V16, _V2, _V21 = "ocpp1.6", "ocpp2.0.1", "ocpp2.1"
_SAID = {name: DIRECTIONS[folder].from_station for name, folder in ((_V16, "v16"), (_V2, "v201"), (_V21, "v21"))}
_ONLY_IN = (
    dict.fromkeys(_SAID[_V21] - _SAID[_V2] - _SAID[_V16], _V21)
    | dict.fromkeys(_SAID[_V2] - _SAID[_V16], _V2)
    | dict.fromkeys(_SAID[_V16] - _SAID[_V2] - _SAID[_V21], _V16)
)
"""What a station says in one version only, or in none before it."""

_FIELDS = {
    "BootNotification": ((_V2, "chargingStation"), (_V16, "chargePointVendor"), (_V16, "chargePointModel")),
    "StatusNotification": ((_V2, "connectorStatus"), (_V2, "evseId"), (_V16, "errorCode"), (_V16, "status")),
    "Authorize": ((_V2, "idToken"), (_V16, "idTag")),
    "MeterValues": ((_V2, "evseId"), (_V16, "connectorId")),
}


def speaks(action: str, payload: Json) -> str | None:
    """The subprotocol whose words these are, whatever was negotiated; None if they do not tell.

    2.0.1 and 2.1 cannot be told apart by what a station sends at first: "ocpp2.0.1" stands for both, but for what only
    2.1 has.
    """
    known = _ONLY_IN.get(action)
    if known is not None or not isinstance(payload, dict):
        return known
    for subprotocol, field in _FIELDS.get(action, ()):
        if field in payload:
            return subprotocol
    return None


def other_version(action: str, payload: Json, negotiated: str) -> OcppVersion | None:
    """The version whose words these are, if that is another one than was negotiated."""
    spoken = speaks(action, payload)
    if spoken is None or spoken == negotiated or (spoken == _V2 and negotiated == _V21):
        return None
    return VERSIONS[spoken]
