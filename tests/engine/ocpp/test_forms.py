"""What is known by its form is what the parser and the schema would have made of it, or it is not known."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charging.messages import Sample, StationMessage
from engine.ocpp.deviations import Deviated
from engine.ocpp.forms import Form, KnownSamples, is_natural
from engine.ocpp.frames import Call, parse
from engine.ocpp.port import OcppVersion
from engine.ocpp.v2.protocol import OCPP_21, OCPP_201
from engine.ocpp.v16.protocol import Ocpp16
from tests.engine.ocpp.stations import NOW, circumstances

OCPP_16 = Ocpp16()
TIMES = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.125Z", "2026-01-01T05:30:01+05:30")
SPELLINGS = ((",", ":"), (", ", ": "), (",\n ", " : "))
NUMBERS = st.one_of(st.integers(0, 10**9), st.sampled_from([0.5, 11.0, 229.3, 16.25, 1234567.125, -3.5]))


def ordinarily(version: OcppVersion, text: str) -> tuple[str, str, StationMessage] | None:
    """What the parser and the schema make of a text; None where anything about it is odd."""
    notes: list[Deviated] = []
    told = circumstances(notes=notes)
    try:
        frame = parse(text.encode(), notes)
        if not isinstance(frame, Call):
            return None
        message = version.understand(frame.action, frame.payload, told)
    except Exception:  # noqa: BLE001 - whatever is refused is nothing that a form may know
        return None
    return None if notes else (frame.message_id, frame.action, message)


def learned(version: OcppVersion, text: str) -> Form | None:
    """The form of a text, after it has been understood twice: what passes the schema first is proven then."""
    for _ in range(2):
        told = circumstances()
        frame = parse(text.encode(), told.notes)
        assert isinstance(frame, Call)
        message = version.understand(frame.action, frame.payload, told)
    assert told.proven
    return version.form_of(frame.action, text, frame.payload, message)


@st.composite
def meter_values(draw: st.DrawFn) -> Any:
    """A payload of 1.6 with one reading, and its numbers as texts; another draw differs in values only."""
    samples = [
        {"value": str(draw(NUMBERS)), "measurand": "Energy.Active.Import.Register", "unit": "kWh"},
        {"measurand": "Voltage", "value": str(draw(NUMBERS)), "phase": "L1", "context": "Sample.Periodic"},
        {"value": str(draw(NUMBERS))},
    ]
    reading = {"timestamp": draw(st.sampled_from(TIMES)), "sampledValue": samples}
    return {
        "connectorId": draw(st.integers(0, 4)),
        "transactionId": draw(st.integers(0, 2**40)),
        "meterValue": [reading],
    }


@st.composite
def events(draw: st.DrawFn) -> Any:
    samples = [
        {"value": draw(NUMBERS), "measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "kWh"}},
        {"measurand": "Voltage", "unitOfMeasure": {"unit": "V", "multiplier": -1}, "value": draw(NUMBERS)},
        {"value": draw(NUMBERS)},
    ]
    return {
        "eventType": "Updated",
        "timestamp": draw(st.sampled_from(TIMES)),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": draw(st.integers(0, 10**6)),
        "transactionInfo": {"transactionId": draw(st.sampled_from(["T-1", "a b", "9"])), "chargingState": "Charging"},
        "meterValue": [{"timestamp": draw(st.sampled_from(TIMES)), "sampledValue": samples}],
    }


KINDS = {
    "1.6": (OCPP_16, "MeterValues", meter_values()),
    "2.0.1": (OCPP_201, "TransactionEvent", events()),
    "2.1": (OCPP_21, "TransactionEvent", events()),
}


def turned(payload: dict[str, Any], order: int) -> dict[str, Any]:
    """The same payload with its fields in another order."""
    names = sorted(payload)
    return {name: payload[name] for name in names[order % len(names) :] + names[: order % len(names)]}


@pytest.mark.parametrize("kind", list(KINDS))
@given(data=st.data())
def test_another_text_of_the_form_is_the_same_message_as_the_ordinary_way(kind: str, data: st.DataObject) -> None:
    version, action, payloads = KINDS[kind]
    separators, order = data.draw(st.sampled_from(SPELLINGS)), data.draw(st.integers(0, 5))
    first, second = (
        json.dumps([2, data.draw(st.sampled_from(["1", "id-2", "a b {"])), action, turned(payload, order)],
                   separators=separators)
        for payload in (data.draw(payloads), data.draw(payloads))
    )  # fmt: skip
    form = learned(version, first)
    assert form is not None
    assert form.read(second, NOW) == ordinarily(version, second) is not None
    assert learned(version, second) is form, "stations that say the same share a form"


@pytest.mark.parametrize("kind", list(KINDS))
@given(data=st.data())
def test_a_spoiled_text_is_known_as_what_it_is_or_not_at_all(kind: str, data: st.DataObject) -> None:
    version, action, payloads = KINDS[kind]
    text = json.dumps([2, "id-1", action, data.draw(payloads)], separators=(",", ":"))
    form = learned(version, text)
    assert form is not None
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        scrap = st.text(st.sampled_from('"\\{}[],:-+.eE0123456789 \n\x00\x7féT'), max_size=4)
        text = text[:at] + data.draw(scrap) + text[at + data.draw(st.integers(0, 3)) :]
    seen = form.read(text, NOW)
    assert seen is None or seen == ordinarily(version, text)


def test_what_is_said_again_is_the_very_sample_and_other_meanings_have_their_own() -> None:
    form = learned(OCPP_16, METER_VALUES)
    assert form is not None
    read = [form.read(METER_VALUES.replace('"value":"10"', '"value":"230.5"'), NOW) for _ in range(2)]
    (voltage, current), again = (seen.message.readings[0].samples for seen in read)  # type: ignore[union-attr]
    assert (voltage.measurand, current.measurand) == ("Voltage", "Current.Import")
    assert again[0] is voltage
    assert again[1] is current


def test_remembered_samples_have_a_bound_and_a_meaning_never_another_s_number() -> None:
    memory = KnownSamples()
    taken = {memory.number_of((text,)) for text in range(5_000)}
    assert len(taken) == 5_000
    assert memory.number_of((4_999,)) == memory.number_of((4_999,))
    sample = Sample("Voltage", "", "Outlet", "Sample.Periodic", "Raw", "V", "1", Decimal(1), "V")
    memory.keep(1, "1234567", sample)
    assert memory.get(1, "1234567") is None, "too long to come again"
    for number in range(40_000):
        memory.keep(number, "1", sample)
    kept = sum(memory.get(number, "1") is not None for number in range(40_000))
    assert 0 < kept <= 16_384


METER_VALUES = (
    '[2,"1","MeterValues",{"connectorId":1,"transactionId":5,"meterValue":[{"timestamp":"2026-01-01T00:00:00Z",'
    '"sampledValue":[{"value":"10","measurand":"Voltage"},{"value":"10","measurand":"Current.Import"}]}]}]'
)
READING = '{"timestamp":"2026-01-01T00:00:00Z","sampledValue":[{"value":"1"}]}'
EVENT = (
    '[2,"1","TransactionEvent",{"eventType":"Updated","timestamp":"2026-01-01T00:00:00Z","seqNo":3,'
    '"triggerReason":"MeterValuePeriodic","transactionInfo":{"transactionId":"T","chargingState":"Charging"},'
    '"meterValue":[{"timestamp":"2026-01-01T00:00:00Z","sampledValue":[{"value":10}]}]}]'
)


@pytest.mark.parametrize(
    ("version", "text", "known"),
    [
        (OCPP_16, METER_VALUES, True),
        (OCPP_201, EVENT, True),
        # Whichever comes last counts, and which that is a form does not know.
        (OCPP_16, METER_VALUES.replace('"value":"10","m', '"value":"10","value":"10","m', 1), False),
        (OCPP_16, METER_VALUES.replace('"value":"10","m', '"val\\u0075e":"10","value":"10","m', 1), False),
        (OCPP_16, METER_VALUES.replace('"sampled', '"timestamp":"2026-01-01T00:00:00Z","sampled'), False),
        (OCPP_16, METER_VALUES.replace('"connectorId":1', '"connectorId":1,"connectorId":1'), False),
        (OCPP_201, EVENT.replace('"seqNo":3', '"seqNo":3,"seqNo":3'), False),
        (OCPP_201, EVENT.replace('"seqNo":3', '"timestamp":"2026-01-01T00:00:00Z","seqNo":3'), False),
        # Where the readings begin cannot be told.
        (OCPP_201, EVENT.replace('"T"', '"meterValue"'), False),
        # A second reading: they go the ordinary way.
        (OCPP_16, METER_VALUES.replace("[{", f"[{READING},{{", 1), False),
    ],
)  # fmt: skip
def test_only_what_says_each_thing_once_has_a_form(version: OcppVersion, text: str, known: bool) -> None:
    assert (learned(version, text) is not None) == known


def test_the_event_s_time_and_the_reading_s_are_told_apart_wherever_they_stand() -> None:
    early, late = '"timestamp":"2026-01-01T00:00:00Z"', '"timestamp":"2026-01-01T00:00:09Z"'
    behind = EVENT.replace(f"{early},", "", 1)[:-2] + f",{early}" + EVENT[-2:]
    for text in (EVENT, behind):
        form = learned(OCPP_201, text)
        assert form is not None
        for place in (text.index(early), text.rindex(early)):
            other = text[:place] + late + text[place + len(early) :]
            assert form.read(other, NOW) == ordinarily(OCPP_201, other) is not None


@pytest.mark.parametrize(
    ("number", "known"),
    [
        ("11", True), ("11.50", True), ("1.0", True), ("-3.5", True), ("-0.0", True), ("123456789.123456", True),
        ("-0", False), ("01", False), ("1.", False), ("1e3", False), ("12345678901234567890", False), ('"11"', False),
    ],
)  # fmt: skip
def test_a_number_is_read_as_the_parser_reads_it(number: str, known: bool) -> None:
    form = learned(OCPP_201, EVENT)
    assert form is not None
    text = EVENT.replace('"value":10', f'"value":{number}')
    seen = form.read(text, NOW)
    assert (seen is not None) == known
    assert seen is None or seen == ordinarily(OCPP_201, text)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"value":"10","measurand":"Voltage"', '"value":"10","measurand":"Current"'),
        ('"connectorId":1', '"connectorId":01'),
        ('"connectorId":1', '"connectorId":1e0'),
        ('"connectorId":1', '"connectorId":70000'),
        ('"transactionId":5', '"transactionId":-5'),
        ('"transactionId":5', '"transactionId":99999999999999999999'),
        ('"value":"10"', '"value":"ten"'),
        ('"value":"10"', '"value":""'),
        ('"1"', '"' + "1" * 37 + '"'),
        ('"1"', '""'),
        ('"1"', '"\x07"'),
        ('"1"', '"a\\n"'),
        ('"1"', '"é"'),
        ("2026-01-01T00:00:00Z", "2036-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00Z", "2026-01-01T0:00:00Z\n"),
        ("2026-01-01T00:00:00Z", "noon"),
        ("}]}]}]", "}]}]}] "),
        ("}]}]}]", "}]}]"),
        ("MeterValues", "Metervalues"),
    ],
)
def test_what_differs_in_more_than_plain_values_goes_the_ordinary_way(was: str, becomes: str) -> None:
    form = learned(OCPP_16, METER_VALUES)
    assert form is not None
    assert was in METER_VALUES
    assert form.read(METER_VALUES.replace(was, becomes, 1), NOW) is None


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("0", True), ("7", True), ("10", True), ("9" * 18, True), ("07", False), ("", False), ("-1", False),
     ("1.0", False), ("1e3", False), ("9" * 19, False)],
)  # fmt: skip
def test_a_natural_number_is_spelled_as_json_does(text: str, is_one: bool) -> None:
    assert is_natural(text) == is_one
