"""TransactionEvent (2.0.1 block E): everything that a 2.x station tells of a transaction.

evse and idToken are said once and carried forward by the machine; what is absent here is None or "".
"""

from __future__ import annotations

from typing import Any, Final

from engine.charging.messages import Instant, TransactionReported
from engine.ocpp.deviations import Deviation
from engine.ocpp.fields import MAX_CONNECTOR, checked_connector, instant
from engine.ocpp.port import Circumstances
from engine.ocpp.times import read_time
from engine.ocpp.v2.meter_values import readings
from engine.ocpp.v2.tokens import standing

_new_tuple: Final = tuple.__new__


def understand(payload: dict[str, Any], circumstances: Circumstances) -> TransactionReported:
    get = payload.get
    info: dict[str, Any] = payload["transactionInfo"]
    received = circumstances.received
    said = get("timestamp")
    believed, deviation = read_time(said, received) if said else (received, Deviation.MISSING_TIME)
    at = _new_tuple(Instant, (said, believed, received)) if deviation is None else instant(payload, circumstances)
    evse = connector = 0
    place = get("evse")
    if place is not None:
        evse, connector = place["id"], place.get("connectorId", 0)
        if not (0 <= evse <= MAX_CONNECTOR and 0 <= connector <= MAX_CONNECTOR):
            checked_connector(evse, "evse.id"), checked_connector(connector, "evse.connectorId")
    token = get("idToken")
    values = get("meterValue")
    event: str = payload["eventType"]
    parts = (
        event,
        info["transactionId"],
        payload["seqNo"],
        at,
        get("triggerReason", ""),
        get("offline", False),
        info.get("chargingState", ""),
        # An absent reason means Local (E06.FR.08).
        info.get("stoppedReason", "Local") if event == "Ended" else "",
        evse,
        connector,
        None if token is None else token["idToken"],
        None if token is None else standing(token, circumstances),
        readings(values, circumstances) if values else (),
        info.get("remoteStartId"),
        get("reservationId"),
    )
    return _new_tuple(TransactionReported, parts)
