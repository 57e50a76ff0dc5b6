"""Payloads of 1.6 stations, as specified and as found in the field, and the messages they become."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charging.messages import (
    AuthorizeAsked,
    Booted,
    DataTransferred,
    Deviated,
    Heartbeat,
    Instant,
    MeterReading,
    MetersReported,
    Sample,
    StartReported,
    StatusReported,
    StopReported,
    TokenStanding,
)
from engine.errors import ProtocolError
from engine.ocpp.tolerant import repaired
from engine.ocpp.v16.registry import FROM_STATION, SCHEMAS
from tests.engine.ocpp.stations import NOW, V16, circumstances, understood

SAID = "2026-11-30T00:53:20.000Z"
AT = Instant(SAID, NOW, NOW)


def meter_values(*sampled: Any, **changes: Any) -> dict[str, Any]:
    payload = {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": SAID, "sampledValue": list(sampled)}]}
    return payload | changes


def only_sample(payload: Any) -> tuple[Sample, dict[str, str]]:
    message, deviations = understood("MeterValues", payload)
    assert isinstance(message, MetersReported)
    [reading] = message.readings
    [sample] = reading.samples
    return sample, deviations


def test_boot() -> None:
    payload = {
        "chargePointVendor": "Alfen BV", "chargePointModel": "NG910", "chargePointSerialNumber": "ace1",
        "chargeBoxSerialNumber": "box", "firmwareVersion": "4.15", "iccid": "8931", "imsi": "2044",
        "meterType": "DSMR", "meterSerialNumber": "m1",
    }  # fmt: skip
    assert understood("BootNotification", payload) == (
        Booted("Alfen BV", "NG910", "ace1", "4.15", "8931", "2044", "DSMR", "m1", durable=True),
        {},
    )


def test_boot_while_the_journal_is_away_says_so() -> None:
    payload = {"chargePointVendor": "v", "chargePointModel": "m"}
    assert V16.understand("BootNotification", payload, circumstances(durable=False)) == Booted("v", "m", durable=False)


@pytest.mark.parametrize(
    ("payload", "expected", "deviations"),
    [
        ({"chargePointVendor": "", "chargePointModel": "ACChargePoint"}, Booted("", "ACChargePoint"), set()),
        ({"chargePointVendor": "v" * 60, "chargePointModel": "m"}, Booted("v" * 60, "m"), {"long_text"}),
        ({"chargePointVendor": "v" * 900, "chargePointModel": "m"}, Booted("v" * 255, "m"), {"long_text"}),
        ({"chargePointModel": "m"}, Booted("", "m"), {"missing_field"}),
        ({"chargePointVendor": None, "chargePointModel": "m"}, Booted("", "m"), {"null_field", "missing_field"}),
        ({"chargePointVendor": "v", "chargePointModel": "m", "imsi": None}, Booted("v", "m"), {"null_field"}),
        ({"chargePointVendor": "v", "chargePointModel": 17}, Booted("v", "17"), {"number_for_text"}),
        ({"ChargePointVendor": "v", "chargepointmodel": "m"}, Booted("v", "m"), {"field_spelling"}),
        ({"chargePointVendor": "v", "chargePointModel": "m", "x": {"y": 1}}, Booted("v", "m"), {"unknown_field"}),
    ],
)  # fmt: skip
def test_an_odd_boot_is_understood(payload: Any, expected: Booted, deviations: set[str]) -> None:
    message, noted = understood("BootNotification", payload)
    assert message == expected
    assert set(noted) == deviations


@pytest.mark.parametrize("payload", [{}, None, [], "", {"vendor": 1}])
def test_a_heartbeat_is_one_whatever_it_carries(payload: Any) -> None:
    assert understood("Heartbeat", payload)[0] == Heartbeat()


def test_an_action_in_other_case_is_understood_and_noted() -> None:
    assert understood("heartBeat", {}) == (Heartbeat(), {"action_spelling": "heartBeat"})


def test_authorize_keeps_the_tag_as_said_and_looks_up_its_standing() -> None:
    assert understood("Authorize", {"idTag": "Ab12"}) == (
        AuthorizeAsked("Ab12", TokenStanding("Accepted", group="Ab12")),
        {},
    )


def test_status_with_everything() -> None:
    payload = {
        "connectorId": 2, "errorCode": "OtherError", "status": "Faulted", "timestamp": SAID, "info": "i",
        "vendorId": "EN+", "vendorErrorCode": "0x01",
    }  # fmt: skip
    expected = StatusReported(2, 1, "Faulted", "OtherError", AT, info="i", vendor="EN+", vendor_error="0x01")
    assert understood("StatusNotification", payload) == (expected, {})


def test_status_of_the_whole_station_without_a_time() -> None:
    message, deviations = understood(
        "StatusNotification", {"connectorId": 0, "errorCode": "NoError", "status": "Available"}
    )
    assert message == StatusReported(0, 0, "Available", "NoError", Instant(None, NOW, NOW))
    assert deviations == {}


@pytest.mark.parametrize(
    ("change", "status", "error", "deviation"),
    [
        ({"connectorId": "1"}, "Charging", "NoError", "text_for_number"),
        ({"connectorId": 1.0}, "Charging", "NoError", "fraction_for_integer"),
        ({"status": "charging"}, "Charging", "NoError", "member_spelling"),
        ({"status": "Suspended_EV"}, "SuspendedEV", "NoError", "member_spelling"),
        ({"status": "Occupied"}, "Preparing", "NoError", "unknown_member"),
        ({"errorCode": "Mode3Error"}, "Charging", "OtherError", "unknown_member"),
        ({"errorCode": None}, "Charging", "NoError", "missing_field"),
        ({"info": "x" * 80}, "Charging", "NoError", "long_text"),
        ({"timestamp": None}, "Charging", "NoError", "null_field"),
        ({"vendorErrorCode": 17}, "Charging", "NoError", "number_for_text"),
    ],
)
def test_an_odd_status_is_understood(change: Any, status: str, error: str, deviation: str) -> None:
    payload = {"connectorId": 1, "errorCode": "NoError", "status": "Charging"} | change
    if change == {"errorCode": None}:
        del payload["errorCode"]
    message, noted = understood("StatusNotification", payload)
    assert isinstance(message, StatusReported)
    assert (message.evse, message.status, message.error) == (1, status, error)
    assert set(noted) == {deviation}


def test_an_unknown_error_code_is_kept_as_the_vendors() -> None:
    message, _ = understood("StatusNotification", {"connectorId": 1, "errorCode": "Mode3Error", "status": "Faulted"})
    assert isinstance(message, StatusReported)
    assert message.vendor_error == "Mode3Error"


def test_a_start() -> None:
    payload = {"connectorId": 1, "idTag": "TAG", "meterStart": 1200, "timestamp": SAID, "reservationId": 9}
    expected = StartReported(
        1, 1, "TAG", Decimal(1200), AT, TokenStanding("Accepted", group="TAG"), 4711, "session-1", 9
    )
    assert understood("StartTransaction", payload) == (expected, {})


def test_a_reservation_that_cannot_be_ours_is_none() -> None:
    payload = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": SAID, "reservationId": 2**64 - 1}
    message, _ = understood("StartTransaction", payload)
    assert isinstance(message, StartReported)
    assert message.reservation is None


def test_a_register_with_a_fraction_keeps_it() -> None:
    message, noted = understood(
        "StartTransaction", {"connectorId": 1, "idTag": "T", "meterStart": 12.25, "timestamp": SAID}
    )
    assert isinstance(message, StartReported)
    assert message.meter_start == Decimal("12.25")
    assert set(noted) == {"fraction_for_integer"}


def test_a_register_as_text_is_a_number() -> None:
    message, noted = understood("StopTransaction", {"transactionId": "7", "meterStop": "99", "timestamp": SAID})
    assert isinstance(message, StopReported)
    assert (message.transaction, message.meter_stop) == ("7", Decimal(99))
    assert set(noted) == {"text_for_number"}


@pytest.mark.parametrize("transaction", [0, -1, 2**63 - 1, 9223372036854766666])
def test_transaction_ids_that_we_never_gave_are_kept(transaction: int) -> None:
    payload = {"transactionId": transaction, "meterStop": 5, "timestamp": SAID}
    message, noted = understood("StopTransaction", payload)
    assert isinstance(message, StopReported)
    assert (message.transaction, message.id_token, message.standing) == (str(transaction), "", None)
    assert (message.reason, message.readings, noted) == ("Local", (), {})


def test_a_stop_with_readings_and_a_long_tag() -> None:
    payload = {
        "transactionId": 1, "idTag": "X16WG99J2QIEGCC0AAA5-", "meterStop": 1625, "timestamp": SAID, "connectorId": 1,
        "disconnectReason": "EVDisconnected", "reason": "Cable",
        "transactionData": [{"timestamp": SAID, "sampledValue": [{"value": "1.6250000000000002", "unit": "kWh"}]}],
    }  # fmt: skip
    message, noted = understood("StopTransaction", payload)
    assert isinstance(message, StopReported)
    assert message.id_token == "X16WG99J2QIEGCC0AAA5-"
    assert message.standing == TokenStanding("Accepted", group=message.id_token)
    assert message.reason == "Other"
    assert message.readings[0].samples[0].value == Decimal(1625) + Decimal("2E-13").quantize(Decimal("1E-9"))
    assert set(noted) == {"long_text", "unknown_field", "unknown_member", "value_rounded"}


def test_data_transfer_passes_its_data_on() -> None:
    payload = {"vendorId": "EV-BOX", "messageId": "wifi", "data": "7,Home"}
    assert understood("DataTransfer", payload) == (DataTransferred("EV-BOX", "wifi", "7,Home"), {})
    message, noted = understood("DataTransfer", {"vendorId": "v", "data": {"a": [1]}})
    assert message == DataTransferred("v", "", '{"a":[1]}')
    assert set(noted) == {"structure_for_text"}


def test_a_meter_value_with_defaults() -> None:
    message, deviations = understood("MeterValues", meter_values({"value": "12"}))
    sample = Sample(
        "Energy.Active.Import.Register", "", "Outlet", "Sample.Periodic", "Raw", "Wh", "12", Decimal(12), "Wh"
    )
    assert message == MetersReported(1, 1, "7", (MeterReading(AT, (sample,)),))
    assert deviations == {}


def test_a_meter_value_with_everything() -> None:
    said = {
        "value": "7.2", "measurand": "Power.Active.Import", "unit": "kW", "phase": "L1", "location": "Inlet",
        "context": "Trigger", "format": "Raw",
    }  # fmt: skip
    assert only_sample(meter_values(said)) == (
        Sample("Power.Active.Import", "L1", "Inlet", "Trigger", "Raw", "kW", "7.2", Decimal(7200), "W"),
        {},
    )


def test_outside_of_a_transaction_there_is_none() -> None:
    payload = meter_values({"value": "1"})
    del payload["transactionId"]
    message, _ = understood("MeterValues", payload)
    assert isinstance(message, MetersReported)
    assert message.transaction == ""


@pytest.mark.parametrize(
    ("said", "value", "base", "deviations"),
    [
        ({"value": 604.213}, "604.213", "Wh", {"number_for_text"}),
        ({"value": 0}, "0", "Wh", {"number_for_text"}),
        ({"value": ""}, None, "Wh", {"value_not_a_number"}),
        ({"value": None}, None, "Wh", {"null_field", "value_not_a_number"}),
        ({}, None, "Wh", {"value_not_a_number"}),
        ({"value": "NaN"}, None, "Wh", {"value_not_a_number"}),
        ({"value": "50", "unit": "Hz", "measurand": "Frequency"}, "50", "Hertz", {"unit_spelling"}),
        ({"value": "21", "unit": "Celcius", "measurand": "Temperature"}, "21", "Celsius", set()),
        ({"value": "21", "unit": "celsius", "measurand": "Temperature"}, "21", "Celsius", {"member_spelling"}),
        ({"value": "5", "unit": "Wh", "measurand": "Power.Active.Import"}, "5", "W", {"unit_misfit"}),
        ({"value": "5", "measurand": "Vendor.Flux", "unit": "Gauss"}, "5", "Gauss", {"unknown_member", "unknown_unit"}),
        ({"value": "5", "phase": None, "x-vendor": 1}, "5", "Wh", {"null_field", "unknown_field"}),
        ({"value": "5", "context": "Sample.periodic"}, "5", "Wh", {"member_spelling"}),
        ({"value": "MEUCIQ==", "format": "SignedData"}, None, "Wh", set()),
        ({"value": "9" * 5000}, None, "Wh", {"value_out_of_range"}),
    ],
)
def test_an_odd_sample_is_understood(said: Any, value: str | None, base: str, deviations: set[str]) -> None:
    sample, noted = only_sample(meter_values(said))
    assert (sample.value, sample.base_unit) == (None if value is None else Decimal(value), base)
    assert set(noted) == deviations


def test_what_is_odd_about_a_sample_is_noted_each_time() -> None:
    for _ in range(2):
        assert set(only_sample(meter_values({"value": "1", "unit": "Furlong"}))[1]) == {"unknown_unit"}


def test_the_raw_text_is_kept_as_said() -> None:
    sample, _ = only_sample(meter_values({"value": "0130.500", "unit": "kWh"}))
    assert (sample.raw, sample.unit, sample.value) == ("0130.500", "kWh", Decimal("130500"))


def test_a_single_meter_value_stands_for_a_list() -> None:
    payload = meter_values(meterValue={"timestamp": SAID, "sampledValue": {"value": "3"}})
    sample, noted = only_sample(payload)
    assert sample.value == 3
    assert set(noted) == {"item_for_list"}


def test_empty_samples_are_acknowledged_and_say_nothing() -> None:
    message, noted = understood("MeterValues", meter_values())
    assert message == MetersReported(1, 1, "7", ())
    assert set(noted) == {"empty_list"}


@pytest.mark.parametrize(
    ("said", "believed", "kept", "deviation"),
    [
        (None, NOW, None, "null_field"),
        ("1970-01-01T00:00:00Z", NOW, "1970-01-01T00:00:00Z", "clock_not_set"),
        ("2026-11-30T00:53:20", NOW, "2026-11-30T00:53:20", "no_zone"),
        (1_796_000_000, NOW, "1796000000", "epoch_time"),
    ],
)
def test_an_odd_time_is_kept_and_something_believed(said: Any, believed: int, kept: str | None, deviation: str) -> None:
    payload = meter_values(meterValue=[{"timestamp": said, "sampledValue": [{"value": "1"}]}])
    message, noted = understood("MeterValues", payload)
    assert isinstance(message, MetersReported)
    assert message.readings[0].at == Instant(kept or message.readings[0].at.said, believed, NOW)
    assert deviation in noted


STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
START = {"connectorId": 1, "idTag": "T", "meterStart": 1, "timestamp": SAID}
PROPERTY, OCCURRENCE = "PropertyConstraintViolation", "OccurrenceConstraintViolation"
TYPE = "TypeConstraintViolation"


@pytest.mark.parametrize(
    ("action", "payload", "code", "names"),
    [
        ("Authorize", {}, OCCURRENCE, "idTag"),
        ("Authorize", {"idTag": {"x": 1}}, TYPE, "idTag"),
        ("Authorize", {"idTag": None, "idtag": None}, OCCURRENCE, "idTag"),
        ("StatusNotification", STATUS | {"connectorId": "one"}, TYPE, "connectorId"),
        ("StatusNotification", STATUS | {"connectorId": "9" * 5000}, TYPE, "connectorId"),
        ("StatusNotification", STATUS | {"connectorId": "-9999999999999999999"}, TYPE, "connectorId"),
        ("StatusNotification", STATUS | {"connectorId": -1}, PROPERTY, "connectorId"),
        ("StatusNotification", STATUS | {"connectorId": 10**9}, PROPERTY, "connectorId"),
        ("StatusNotification", STATUS | {"status": "Dancing"}, PROPERTY, "Dancing"),
        ("StatusNotification", {"status": "Available"}, OCCURRENCE, "connectorId"),
        ("StopTransaction", {"transactionId": 1, "timestamp": SAID}, OCCURRENCE, "meterStop"),
        ("StartTransaction", START | {"meterStart": 1e300}, PROPERTY, "meterStart"),
        ("StartTransaction", START | {"idTag": ["T"]}, TYPE, "idTag"),
        ("MeterValues", {"connectorId": 1}, OCCURRENCE, "meterValue"),
        ("MeterValues", {"connectorId": 1, "meterValue": ["x"]}, TYPE, "meterValue.0"),
        ("Heartbeat", [1], TYPE, "Heartbeat"),
        ("Reset", {"type": "Soft"}, "NotSupported", "Reset"),
        ("FirmwareStatusNotification", {}, OCCURRENCE, "status"),
        ("MakeCoffee", {}, "NotImplemented", "MakeCoffee"),
        ("", {}, "NotImplemented", ""),
    ],
)
def test_what_cannot_be_understood_is_refused_with_code_and_field(
    action: str, payload: Any, code: str, names: str
) -> None:
    with pytest.raises(ProtocolError) as caught:
        understood(action, payload)
    assert caught.value.code == code
    assert names in caught.value.description
    assert len(caught.value.description) <= 255


ACTIONS = st.sampled_from(sorted(FROM_STATION | {"Reset", "Nonsense"}))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ("connectorId", "idTag", "meterStart", "meterStop", "timestamp", "transactionId", "status", "errorCode")
) | st.sampled_from(
    ("info", "vendorId", "data", "reason", "meterValue", "transactionData", "sampledValue", "value", "unit")
)


@given(ACTIONS, VALUES | st.dictionaries(FIELDS, VALUES, max_size=6))
def test_no_payload_raises_anything_but_a_protocol_error(action: str, payload: Any) -> None:
    with contextlib.suppress(ProtocolError):
        understood(action, payload)


VALID = {
    "BootNotification": {"chargePointVendor": "v", "chargePointModel": "m"},
    "StatusNotification": STATUS | {"timestamp": SAID, "info": "i", "vendorId": "v", "vendorErrorCode": "e"},
    "StartTransaction": START,
    "StopTransaction": {"transactionId": 1, "meterStop": 9, "timestamp": SAID, "idTag": "T", "reason": "Local"},
    "Authorize": {"idTag": "T"},
    "MeterValues": meter_values({"value": "1", "unit": "kWh"}, {"value": "2", "measurand": "Voltage", "unit": "V"}),
}


@given(st.data())
def test_one_field_replaced_in_a_valid_payload_raises_nothing_but_a_protocol_error(data: st.DataObject) -> None:
    action = data.draw(st.sampled_from(sorted(VALID)))
    payload = orjson.loads(orjson.dumps(VALID[action]))
    places = [(payload, name) for name in payload]
    for reading in payload.get("meterValue", ()):
        places += [(reading, name) for name in reading]
        places += [(sampled, name) for sampled in reading["sampledValue"] for name in sampled]
    container, name = data.draw(st.sampled_from(range(len(places))).map(places.__getitem__))
    container[name] = data.draw(VALUES)
    with contextlib.suppress(ProtocolError):
        understood(action, payload)


@pytest.mark.parametrize("action", sorted(VALID))
def test_a_valid_payload_is_never_changed_by_repair(action: str) -> None:
    notes: list[Deviated] = []
    assert repaired(action, VALID[action], SCHEMAS.request(action), notes, {}) == VALID[action]
    assert notes == []
