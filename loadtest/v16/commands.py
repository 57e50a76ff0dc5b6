"""How a simulated 1.6 station answers the CSMS's calls: one function an action, in one table.

A function returns the answer's payload and what happens after the answer has left (or None). What the station cannot do
is refused with the CALLERROR that OCPP-J asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from loadtest.connector import FREE, Connector
from loadtest.speech import After, Answer, Refusal

if TYPE_CHECKING:
    from loadtest.station import Station

_ACCEPTED = {"status": "Accepted"}
_REJECTED = {"status": "Rejected"}

_KNOWN_ELSEWHERE = frozenset(
    {
        "CancelReservation", "ClearChargingProfile", "GetCompositeSchedule", "GetDiagnostics", "GetLocalListVersion",
        "ReserveNow", "SendLocalList", "SetChargingProfile", "UpdateFirmware", "ExtendedTriggerMessage",
    }
)  # fmt: skip
"""Actions of OCPP 1.6 that this station's profiles do not contain: NotSupported. Others it has never heard of."""


def answer_command(station: Station, action: str, payload: object) -> Answer:
    """The answer's payload and what to do after it. Raises Refusal."""
    handler = _HANDLERS.get(action)
    if handler is None:
        code = "NotSupported" if action in _KNOWN_ELSEWHERE else "NotImplemented"
        raise Refusal(code, f"This station does not do {action}.")
    if not isinstance(payload, dict):
        raise Refusal("FormationViolation", "The payload is not an object.")
    try:
        return handler(station, payload)
    except KeyError as missing:
        raise Refusal("FormationViolation", f"{missing.args[0]} is missing.") from missing
    except (TypeError, ValueError) as wrong:
        raise Refusal("TypeConstraintViolation", str(wrong)) from wrong


def _connector(station: Station, number: object) -> Connector | None:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"connectorId is {number!r}, not a number")
    return station.connectors[number] if 0 <= number < len(station.connectors) else None


def _remote_start(station: Station, payload: dict[str, Any]) -> Answer:
    id_tag = str(payload["idTag"])
    if "connectorId" in payload:
        wanted = _connector(station, payload["connectorId"])
        candidates = [wanted] if wanted is not None and wanted.number else []
    else:
        candidates = station.connectors[1:]
    free = next((c for c in candidates if c.status in FREE and c.transaction is None), None)
    if free is None:
        return _REJECTED, None
    number = free.number

    def start(now: int) -> None:
        # The simulated driver stands beside the car and plugs it in at once.
        station.plug_in(number, now)
        if station.configuration.flag("AuthorizeRemoteTxRequests"):
            station.present(number, id_tag, now)
        else:
            station.begin(number, id_tag, now)

    return _ACCEPTED, start


def _remote_stop(station: Station, payload: dict[str, Any]) -> Answer:
    wanted = payload["transactionId"]
    for connector in station.connectors:
        if connector.transaction is not None and connector.transaction.number == wanted:
            return _ACCEPTED, partial(_stop, station, connector.number, "Remote")
    return _REJECTED, None


def _reset(station: Station, payload: dict[str, Any]) -> Answer:
    hard = payload["type"] == "Hard"
    return _ACCEPTED, lambda now: station.reset(now, hard=hard)


def _unlock(station: Station, payload: dict[str, Any]) -> Answer:
    connector = _connector(station, payload["connectorId"])
    if connector is None or not connector.number:
        return {"status": "NotSupported"}, None
    return {"status": "Unlocked"}, partial(_stop, station, connector.number, "UnlockCommand")


def _availability(station: Station, payload: dict[str, Any]) -> Answer:
    connector = _connector(station, payload["connectorId"])
    if connector is None or payload["type"] not in ("Operative", "Inoperative"):
        return _REJECTED, None
    operative = payload["type"] == "Operative"
    meant = [connector] if connector.number else station.connectors
    busy = any(c.transaction is not None for c in meant)

    def change(now: int) -> None:
        for each in meant:
            each.operative = operative
            if each.transaction is None and each.status in ("Available", "Preparing", "Unavailable"):
                station.set_status(each, each.resting_status, now)

    return {"status": "Scheduled" if busy else "Accepted"}, change


def _change_configuration(station: Station, payload: dict[str, Any]) -> Answer:
    key, value = str(payload["key"]), str(payload["value"])
    status = station.configuration.change(key, value)
    rearm = status == "Accepted" and key.lower() == "heartbeatinterval"
    return {"status": status}, station.send_heartbeat if rearm else None


def _get_configuration(station: Station, payload: dict[str, Any]) -> Answer:
    keys = payload.get("key") or []
    if not isinstance(keys, list):
        raise TypeError("key is not a list")
    return station.configuration.read([str(key) for key in keys]), None


def _clear_cache(_: Station, __: dict[str, Any]) -> Answer:
    return _ACCEPTED, None


def _trigger(station: Station, payload: dict[str, Any]) -> Answer:
    wanted = payload["requestedMessage"]
    connector = _connector(station, payload["connectorId"]) if "connectorId" in payload else None
    if "connectorId" in payload and connector is None:
        return _REJECTED, None
    meant = [connector] if connector is not None else station.connectors

    def status(now: int) -> None:
        for each in meant:
            station.report_status(each, now, repeat=True)

    def meters(now: int) -> None:
        for each in meant:
            if each.number:
                station.report_meters(each.number, now)

    messages: dict[str, After] = {
        "BootNotification": station.send_boot,
        "Heartbeat": station.send_heartbeat,
        "StatusNotification": status,
        "MeterValues": meters,
    }
    if wanted not in messages:
        return {"status": "NotImplemented"}, None
    return _ACCEPTED, messages[wanted]


def _data_transfer(station: Station, payload: dict[str, Any]) -> Answer:
    if payload["vendorId"] != station.traits.vendor:
        return {"status": "UnknownVendorId"}, None
    return _ACCEPTED, None


def _stop(station: Station, number: int, reason: str, now: int) -> None:
    station.stop(number, now, reason)


_HANDLERS: dict[str, Callable[[Station, dict[str, Any]], Answer]] = {
    "ChangeAvailability": _availability,
    "ChangeConfiguration": _change_configuration,
    "ClearCache": _clear_cache,
    "DataTransfer": _data_transfer,
    "GetConfiguration": _get_configuration,
    "RemoteStartTransaction": _remote_start,
    "RemoteStopTransaction": _remote_stop,
    "Reset": _reset,
    "TriggerMessage": _trigger,
    "UnlockConnector": _unlock,
}
