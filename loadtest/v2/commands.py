"""How a simulated 2.x station answers the CSMS's calls: remote control here, the rest in the modules of its blocks.

A handler returns the answer's payload and what happens after the answer has left (or None). What the station does not
do is refused with the CALLERROR of Part 4: NotSupported if it knows the action, NotImplemented if it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.ocpp.directions import DIRECTIONS
from loadtest.connector import FREE, Connector
from loadtest.speech import After, Answer, Refusal
from loadtest.v2 import certificates, charging_profiles, device_model, jobs, local_list, reservations

if TYPE_CHECKING:
    from loadtest.v2.speech import Speech2

Handler = Callable[["Speech2", dict[str, Any]], Answer]
_ACCEPTED = {"status": "Accepted"}
_REJECTED = {"status": "Rejected"}
_FOLDERS = {"ocpp2.0.1": "v201", "ocpp2.1": "v21"}


def answer_command(speech: Speech2, action: str, payload: object) -> Answer:
    """The answer's payload and what to do after it. Raises Refusal."""
    handler = _HANDLERS.get(action)
    if handler is None:
        known = action in DIRECTIONS[_FOLDERS[speech.version]].to_station
        raise Refusal("NotSupported" if known else "NotImplemented", f"This station does not do {action}.")
    if not isinstance(payload, dict):
        raise Refusal("FormatViolation", "The payload is not an object.")
    try:
        return handler(speech, payload)
    except KeyError as missing:
        raise Refusal("OccurrenceConstraintViolation", f"{missing.args[0]} is missing.") from missing
    except (TypeError, ValueError, AttributeError) as wrong:
        raise Refusal("TypeConstraintViolation", str(wrong)) from wrong


def connector_of(speech: Speech2, evse: object) -> Connector | None:
    """The connector of an EVSE's number. Raises TypeError if it is no number."""
    if isinstance(evse, bool) or not isinstance(evse, int):
        raise TypeError(f"the EVSE is {evse!r}, not a number")
    connectors = speech.station.connectors
    return connectors[evse] if 0 < evse < len(connectors) else None


# --- transactions -----------------------------------------------------------------------------------------------------


def _request_start(speech: Speech2, payload: dict[str, Any]) -> Answer:
    token, remote_start = dict(payload["idToken"]), int(payload["remoteStartId"])
    id_tag = str(token["idToken"])
    station = speech.station
    if "evseId" in payload:
        wanted = connector_of(speech, payload["evseId"])
        candidates = [wanted] if wanted is not None else []
    else:
        candidates = station.connectors[1:]
    free = next((c for c in candidates if c.transaction is None and _may_start(speech, c, id_tag)), None)
    if free is None:
        return _REJECTED, None
    number = free.number
    answer = dict(_ACCEPTED)
    if number in speech.open:
        answer["transactionId"] = speech.open[number].identity  # F01.FR.13: it began when the cable came

    def start(now: int) -> None:
        speech.remote[number] = (remote_start, token)
        speech.reservations.make_way(free, id_tag, now)
        # The simulated driver stands beside the car and plugs it in at once.
        station.plug_in(number, now)
        if "chargingProfile" in payload:
            speech.profiles.keep(number, payload["chargingProfile"])
        if station.configuration.flag("AuthorizeRemoteTxRequests"):
            station.present(number, id_tag, now)
        else:
            station.begin(number, id_tag, now)

    return answer, start


def _may_start(speech: Speech2, connector: Connector, id_tag: str) -> bool:
    return connector.status in FREE or speech.reservations.is_for(connector, id_tag)


def _request_stop(speech: Speech2, payload: dict[str, Any]) -> Answer:
    wanted = payload["transactionId"]
    for number, transaction in speech.open.items():
        if transaction.identity == wanted and speech.station.connectors[number].transaction is not None:
            return _ACCEPTED, partial(_stop, speech, number)
    return _REJECTED, None


def _stop(speech: Speech2, number: int, now: int) -> None:
    speech.station.stop(number, now, "Remote")


def _transaction_status(speech: Speech2, payload: dict[str, Any]) -> Answer:
    wanted = payload.get("transactionId")
    outbox = speech.station.outbox
    waiting = [*outbox.durable, *([outbox.under_way] if outbox.under_way is not None else [])]
    queued = [call for call in waiting if call.action == "TransactionEvent"]
    if wanted is None:
        return {"messagesInQueue": bool(queued)}, None
    mine = any(call.payload["transactionInfo"]["transactionId"] == wanted for call in queued)
    ongoing = any(transaction.identity == wanted for transaction in speech.open.values())
    return {"ongoingIndicator": ongoing, "messagesInQueue": mine}, None


# --- the station ------------------------------------------------------------------------------------------------------


def _reset(speech: Speech2, payload: dict[str, Any]) -> Answer:
    station, kind = speech.station, payload["type"]
    if kind not in ("Immediate", "OnIdle"):
        raise ValueError(f"type {kind!r} is no ResetEnumType of this station")
    at_once = kind == "Immediate"
    if "evseId" in payload:
        connector = connector_of(speech, payload["evseId"])
        if connector is None or (not at_once and connector.transaction is not None):
            return _REJECTED, None
        return _ACCEPTED, lambda now: _stop_for_reset(speech, connector, now)
    if not at_once and speech.open:
        speech.reset_when_idle = True
        return {"status": "Scheduled"}, None
    return _ACCEPTED, lambda now: station.reset(now, hard=at_once)


def _stop_for_reset(speech: Speech2, connector: Connector, now: int) -> None:
    speech.station.stop(connector.number, now, "HardReset")


def _availability(speech: Speech2, payload: dict[str, Any]) -> Answer:
    station = speech.station
    operative = {"Operative": True, "Inoperative": False}[payload["operationalStatus"]]
    meant = station.connectors
    if "evse" in payload:
        connector = connector_of(speech, payload["evse"]["id"])
        if connector is None:
            return _REJECTED, None
        meant = [connector]
    busy = any(connector.transaction is not None for connector in meant)

    def change(now: int) -> None:
        for each in meant:
            each.operative = operative
            if each.transaction is None and each.status in ("Available", "Preparing", "Unavailable"):
                station.set_status(each, each.resting_status, now)

    return {"status": "Scheduled" if busy and not operative else "Accepted"}, change


def _unlock(speech: Speech2, payload: dict[str, Any]) -> Answer:
    connector = connector_of(speech, payload["evseId"])
    if connector is None or payload["connectorId"] != 1:
        return {"status": "UnknownConnector"}, None
    if connector.transaction is not None:
        return {"status": "OngoingAuthorizedTransaction"}, None
    return {"status": "Unlocked"}, None


def _clear_cache(_: Speech2, __: dict[str, Any]) -> Answer:
    return _ACCEPTED, None


def _cost_updated(speech: Speech2, payload: dict[str, Any]) -> Answer:
    speech.station.observer.noted(f"cost {payload['totalCost']} of {payload['transactionId']}")
    return {}, None


def _data_transfer(speech: Speech2, payload: dict[str, Any]) -> Answer:
    known = payload["vendorId"] == speech.station.traits.vendor
    return {"status": "Accepted" if known else "UnknownVendorId"}, None


# --- triggers ---------------------------------------------------------------------------------------------------------


def _trigger(speech: Speech2, payload: dict[str, Any]) -> Answer:
    station = speech.station
    wanted = payload["requestedMessage"]
    meant = station.connectors[1:]
    if "evse" in payload:
        connector = connector_of(speech, payload["evse"]["id"])
        if connector is None:
            return _REJECTED, None
        meant = [connector]
    if wanted == "BootNotification" and station.registered:
        return _REJECTED, None  # F06.FR.17
    charging = [connector for connector in meant if connector.transaction is not None]
    if wanted == "TransactionEvent" and not charging:
        return _REJECTED, None

    def status(now: int) -> None:
        for each in meant:
            station.report_status(each, now, repeat=True)

    def meters(now: int) -> None:
        for each in meant:
            each.advance(now)
            station.say(speech.meters(each, None, "Trigger", now), now)

    def events(now: int) -> None:
        for each in charging:
            station.report_meters(each.number, now)

    messages: dict[str, After] = {
        "BootNotification": station.send_boot,
        "Heartbeat": station.send_heartbeat,
        "StatusNotification": status,
        "MeterValues": meters,
        "TransactionEvent": events,
        "LogStatusNotification": partial(jobs.say_idle, speech, "LogStatusNotification"),
        "FirmwareStatusNotification": partial(jobs.say_idle, speech, "FirmwareStatusNotification"),
        "SignChargingStationCertificate": partial(certificates.ask_for_signature, speech),
    }
    if wanted not in messages:
        return {"status": "NotImplemented"}, None
    return _ACCEPTED, messages[wanted]


_HANDLERS: dict[str, Handler] = {
    "ChangeAvailability": _availability,
    "ClearCache": _clear_cache,
    "CostUpdated": _cost_updated,
    "DataTransfer": _data_transfer,
    "GetTransactionStatus": _transaction_status,
    "RequestStartTransaction": _request_start,
    "RequestStopTransaction": _request_stop,
    "Reset": _reset,
    "TriggerMessage": _trigger,
    "UnlockConnector": _unlock,
    **certificates.HANDLERS,
    **charging_profiles.HANDLERS,
    **device_model.HANDLERS,
    **jobs.HANDLERS,
    **local_list.HANDLERS,
    **reservations.HANDLERS,
}
ACTIONS = frozenset(_HANDLERS)
"""What this station does when it is asked."""
