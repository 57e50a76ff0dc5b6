"""Payloads of 2.0.1 and 2.1 stations and the messages they become, the same for both versions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest

from engine.charging.messages import (
    NOTHING_TO_SAY,
    AuthorizeAnswer,
    AuthorizeAsked,
    BootAnswer,
    Booted,
    Instant,
    MetersReported,
    StatusReported,
    TokenStanding,
    TransactionAnswer,
    TransactionReported,
)
from engine.errors import InvalidInput, ProtocolError
from engine.ocpp.version import VERSIONS
from tests.engine.ocpp.stations import NOW, circumstances

SAID = "2026-11-30T00:53:20.000Z"
AT = Instant(SAID, NOW, NOW)


@pytest.fixture(params=["ocpp2.0.1", "ocpp2.1"])
def version(request: pytest.FixtureRequest) -> Any:
    return VERSIONS[request.param]


def understood(version: Any, action: str, payload: Any) -> tuple[Any, dict[str, str]]:
    around = circumstances()
    message = version.understand(action, payload, around)
    return message, {deviation.name: deviation.detail for deviation in around.notes}


def transaction_event(*sampled: Any, **changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "eventType": "Updated", "timestamp": SAID, "triggerReason": "MeterValuePeriodic", "seqNo": 3,
        "transactionInfo": {"transactionId": "tx"},
    }  # fmt: skip
    if sampled:
        payload["meterValue"] = [{"timestamp": SAID, "sampledValue": list(sampled)}]
    return payload | changes


def test_boot(version: Any) -> None:
    station = {
        "vendorName": "Alfen", "model": "NG910", "serialNumber": "s1", "firmwareVersion": "6", "modem": {"iccid": "89"},
    }  # fmt: skip
    message, deviations = understood(version, "BootNotification", {"reason": "PowerUp", "chargingStation": station})
    assert message == Booted("Alfen", "NG910", "s1", "6", "89", reason="PowerUp", durable=True)
    assert deviations == {}
    answer = orjson.loads(version.answer(BootAnswer("Accepted", 300, NOW)))
    assert answer == {"status": "Accepted", "interval": 300, "currentTime": SAID}


def test_authorize_and_what_is_said_of_a_token(version: Any) -> None:
    message, _ = understood(version, "Authorize", {"idToken": {"idToken": "AA", "type": "ISO14443"}})
    assert message == AuthorizeAsked("AA", TokenStanding("Accepted", group="AA"))
    answer = orjson.loads(version.answer(AuthorizeAnswer(TokenStanding("Blocked", NOW, "G"))))
    assert answer == {
        "idTokenInfo": {
            "status": "Blocked", "cacheExpiryDateTime": SAID, "groupIdToken": {"idToken": "G", "type": "Central"},
        }
    }  # fmt: skip


def test_nobody_has_to_be_asked_about_a_token_that_stands_for_no_authorisation(version: Any) -> None:
    payload = {"idToken": {"idToken": "", "type": "NoAuthorization"}}
    message = version.understand("Authorize", payload, circumstances(standing=lambda _: TokenStanding("Invalid")))
    assert message.standing == TokenStanding("Accepted")


@pytest.mark.parametrize(
    ("said", "status", "error", "only_occupied"),
    [
        ("Available", "Available", "NoError", False),
        ("Occupied", "Preparing", "NoError", True),
        ("Faulted", "Faulted", "OtherError", False),
    ],
)
def test_status(version: Any, said: str, status: str, error: str, only_occupied: bool) -> None:
    payload = {"timestamp": SAID, "connectorStatus": said, "evseId": 2, "connectorId": 1}
    assert understood(version, "StatusNotification", payload) == (
        StatusReported(2, 1, status, error, AT, occupied=only_occupied),
        {},
    )


def test_a_transaction_event_with_all_that_it_can_say(version: Any) -> None:
    payload = transaction_event(
        {"value": 1.5, "unitOfMeasure": {"unit": "kWh", "multiplier": 1}, "context": "Transaction.Begin"},
        eventType="Started",
        offline=True,
        evse={"id": 2, "connectorId": 1},
        idToken={"idToken": "AA", "type": "ISO14443"},
        reservationId=9,
        transactionInfo={"transactionId": "tx", "chargingState": "Charging", "remoteStartId": 5},
    )
    message, deviations = understood(version, "TransactionEvent", payload)
    assert isinstance(message, TransactionReported)
    assert message[:13] == (
        *("Started", "tx", 3, AT, "MeterValuePeriodic", True, "Charging", "", 2, 1, "AA"),
        *(TokenStanding("Accepted", group="AA"), message.readings),
    )
    assert (message.remote_start, message.reservation) == (5, 9)
    ((sample,),) = (reading.samples for reading in message.readings)
    assert (sample.raw, sample.value, sample.base_unit) == ("1.5", Decimal(15000), "Wh")
    assert deviations == {}


def test_an_ended_without_a_reason_ended_locally(version: Any) -> None:
    message, _ = understood(version, "TransactionEvent", transaction_event(eventType="Ended"))
    assert message.reason == "Local"


def test_signed_values_are_kept_byte_for_byte(version: Any) -> None:
    signed = {
        "signedMeterData": "T0NNRnx7IkZWIjoi\\u00e9==", "signingMethod": "", "encodingMethod": "OCMF",
        "publicKey": "b2==",
    }  # fmt: skip
    message, _ = understood(version, "TransactionEvent", transaction_event({"value": 10, "signedMeterValue": signed}))
    plain, kept = message.readings[0].samples
    assert (plain.format, plain.value) == ("Raw", Decimal(10))
    assert (kept.format, kept.value, kept.measurand) == ("SignedData", None, "Energy.Active.Import.Register")
    assert orjson.loads(kept.raw) == signed


@pytest.mark.parametrize("value", [0, 230.1, 1e-7, 123456789.125, -5])
def test_numbers_are_exact(version: Any, value: float) -> None:
    payload = {
        "evseId": 1,
        "meterValue": [{"timestamp": SAID, "sampledValue": [{"value": value, "measurand": "Voltage"}]}],
    }
    message, _ = understood(version, "MeterValues", payload)
    assert isinstance(message, MetersReported)
    assert message.readings[0].samples[0].value == Decimal(repr(value))


def test_what_the_schema_refuses_is_repaired_and_noted(version: Any) -> None:
    payload = transaction_event(
        {"value": "12"}, seqNo="4", triggerReason="Whatever", evse={"id": 1, "connectorId": None}
    )
    message, deviations = understood(version, "TransactionEvent", payload)
    assert (message.seq, message.evse, message.readings[0].samples[0].value) == (4, 1, Decimal(12))
    assert set(deviations) == {"text_for_number", "unknown_member", "null_field"}


def test_a_whole_number_with_a_point_is_the_number(version: Any) -> None:
    """Draft 6 takes 1.0 for an integer; as a float it would reach keys, names of parts and the books."""
    sampled = {"value": 1.5, "unitOfMeasure": {"unit": "Wh", "multiplier": 3.0}}
    place = {"id": 1.0, "connectorId": 1.0}
    payload = transaction_event(sampled, seqNo=3.0, evse=place, reservationId=7.0)
    message, deviations = understood(version, "TransactionEvent", payload)
    numbers = (message.seq, message.evse, message.connector, message.reservation)
    assert (numbers, {type(number) for number in numbers}) == ((3, 1, 1, 7), {int})
    assert message.readings[0].samples[0].value == Decimal(1500)
    assert "fraction_for_integer" in deviations


def test_a_transaction_event_without_a_number_is_refused(version: Any) -> None:
    payload = transaction_event()
    del payload["seqNo"]
    with pytest.raises(ProtocolError, match="seqNo") as refused:
        understood(version, "TransactionEvent", payload)
    assert refused.value.code == "OccurrenceConstraintViolation"


def test_an_unknown_action_is_not_implemented(version: Any) -> None:
    with pytest.raises(ProtocolError) as refused:
        understood(version, "StartTransaction", {})
    assert refused.value.code == "NotImplemented"


def test_answers_to_a_transaction_event_leave_out_what_there_is_not(version: Any) -> None:
    assert version.answer(NOTHING_TO_SAY) == b"{}"
    answer = orjson.loads(version.answer(TransactionAnswer(TokenStanding("Accepted"), Decimal("3.50"))))
    assert answer == {"idTokenInfo": {"status": "Accepted"}, "totalCost": 3.5}


def test_a_call_is_checked_before_it_is_sent(version: Any) -> None:
    assert version.validate_call("Reset", {"type": "OnIdle"}) == {"type": "OnIdle"}
    with pytest.raises(InvalidInput) as refused:
        version.validate_call("Reset", {"type": "Soft"})
    assert refused.value.field == "payload.type"
    assert "OnIdle" in refused.value.remedy
    with pytest.raises(InvalidInput, match="TransactionEvent"):
        version.validate_call("TransactionEvent", transaction_event())


@pytest.mark.parametrize(
    ("action", "answer", "outcome"),
    [
        ("Reset", {"status": "Scheduled"}, "Accepted"),
        ("Reset", {"status": "Rejected"}, "Rejected"),
        ("UnpublishFirmware", {"status": "Unpublished"}, "Accepted"),
        ("UnpublishFirmware", {"status": "DownloadOngoing"}, "Rejected"),
        ("GetLocalListVersion", {"versionNumber": 1}, "Accepted"),
        ("GetVariables", {"getVariableResult": [{"attributeStatus": "UnknownVariable"}]}, "Rejected"),
        ("SetVariables", {"setVariableResult": [{"attributeStatus": "Rejected"}, {"attributeStatus": "Accepted"}]},
         "Accepted"),
        ("SetVariables", {"setVariableResult": [{"attributeStatus": "RebootRequired"}]}, "Accepted"),
        ("SetVariables", {}, "Failed"),
    ],
)  # fmt: skip
def test_outcomes(version: Any, action: str, answer: dict[str, Any], outcome: str) -> None:
    assert version.outcome(action, answer) == outcome
