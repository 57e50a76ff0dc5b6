"""TransactionEvents of readings are understood without their schema once proven: to the same message, or not at all."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.charging.messages import TransactionReported
from engine.ocpp.v2 import transactions
from engine.ocpp.v2.known_readings import KnownReadings
from engine.ocpp.v2.registry import REGISTRY_21, REGISTRY_201, SCHEMAS_21, SCHEMAS_201
from tests.engine.ocpp.stations import circumstances

KWH = {"unit": "kWh", "multiplier": 0}
READING = {
    "timestamp": "2026-01-01T00:00:00Z",
    "sampledValue": [
        {
            "value": 1000,
            "measurand": "Energy.Active.Import.Register",
            "unitOfMeasure": {"unit": "kWh", "multiplier": 0},
        },
        {"value": 16.5, "measurand": "Current.Import", "phase": "L1", "unitOfMeasure": {"unit": "A"}},
        {"value": 229.3, "measurand": "Voltage", "context": "Sample.Periodic", "unitOfMeasure": {"unit": "V"}},
        {"value": 12},
    ],
}
EVENT = {
    "eventType": "Updated",
    "timestamp": "2026-01-01T00:00:01Z",
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 7,
    "transactionInfo": {"transactionId": "T-1", "chargingState": "Charging"},
    "meterValue": [READING],
}


def proven(*payloads: dict[str, Any]) -> KnownReadings:
    known = KnownReadings()
    for payload in payloads:
        assert SCHEMAS_201.request("TransactionEvent").strict.is_valid(payload)
        known.prove(payload)
    return known


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The event with another value at one place, or without it."""
    event: Any = copy.deepcopy(EVENT)
    at = event
    for step in path[:-1]:
        at = at[step]
    if value is ABSENT:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return event


ABSENT = object()


def test_a_proven_event_is_the_same_message_without_its_schema() -> None:
    found = proven(EVENT).at_once(EVENT, circumstances())
    assert found == transactions.understand(EVENT, circumstances())
    assert isinstance(found, TransactionReported)
    assert [sample.raw for sample in found.readings[0].samples] == ["1000", "16.5", "229.3", "12"]


def test_nothing_is_known_before_it_has_passed() -> None:
    assert KnownReadings().at_once(EVENT, circumstances()) is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("eventType",), "Ended"),
        (("triggerReason",), "MeterValueClock"),
        (("triggerReason",), ["MeterValuePeriodic"]),
        (("seqNo",), True),
        (("seqNo",), 7.0),
        (("seqNo",), 2**63),
        (("timestamp",), "yesterday"),
        (("timestamp",), "2036-01-01T00:00:00Z"),
        (("meterValue",), []),
        (("meterValue", 0, "sampledValue"), []),
        (("meterValue", 0, "timestamp"), "2026-01-01 00:00"),
        (("transactionInfo", "transactionId"), "T" * 37),
        (("transactionInfo", "chargingState"), "Idle"),
        (("transactionInfo", "chargingState"), ABSENT),
        (("transactionInfo", "timeSpentCharging"), 5),
        (("evse",), {"id": 1}),
        (("customData",), {"vendorId": "V"}),
        (("meterValue", 0, "sampledValue", 1, "phase"), "L2"),
        (("meterValue", 0, "sampledValue", 1, "phase"), ABSENT),
        (("meterValue", 0, "sampledValue", 1, "phase"), {"a": 1}),
        (("meterValue", 0, "sampledValue", 1, "value"), "16.5"),
        (("meterValue", 0, "sampledValue", 1, "value"), True),
        (("meterValue", 0, "sampledValue", 1, "value"), 1e40),
        (("meterValue", 0, "sampledValue", 1, "value"), ABSENT),
        (("meterValue", 0, "sampledValue", 1, "customData"), {"vendorId": "V"}),
        (("meterValue", 0, "sampledValue", 0, "unitOfMeasure", "multiplier"), False),
        (("meterValue", 0, "sampledValue", 0, "unitOfMeasure", "multiplier"), 0.0),
        (("meterValue", 0, "sampledValue", 0, "unitOfMeasure", "customData"), {"vendorId": "V"}),
        (("meterValue", 0, "sampledValue", 0, "unitOfMeasure"), "kWh"),
    ],
)
def test_what_differs_in_more_than_numbers_goes_the_long_way(path: tuple[str | int, ...], value: object) -> None:
    assert proven(EVENT).at_once(changed(path, value), circumstances()) is None


def test_what_only_one_version_lets_pass_the_other_does_not_know() -> None:
    event = changed(("triggerReason",), "LimitSet")
    assert SCHEMAS_21.request("TransactionEvent").strict.is_valid(event)
    assert not SCHEMAS_201.request("TransactionEvent").strict.is_valid(event)
    REGISTRY_21.understand("TransactionEvent", event, circumstances())
    after = circumstances()
    REGISTRY_21.understand("TransactionEvent", event, after)
    assert after.proven
    other = circumstances()
    REGISTRY_201.understand("TransactionEvent", event, other)
    assert not other.proven
    assert other.notes


def test_fractions_are_remembered_without_their_sign_being_lost() -> None:
    known = proven(EVENT)
    at = ("meterValue", 0, "sampledValue", 1, "value")
    for value, raw in ((0.0, "0.0"), (-0.0, "-0.0"), (0.0, "0.0"), (2.5, "2.5"), (2.5, "2.5")):
        found = known.at_once(changed(at, value), circumstances())
        assert found is not None
        assert found.readings[0].samples[1].raw == raw


NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | st.just([]) | st.just({}) | st.just([1])
SAMPLES = st.fixed_dictionaries(
    {"value": NUMBERS},
    optional={
        "measurand": st.sampled_from(["Voltage", "Current.Import", "Energy.Active.Import.Register", "Nonsense"]),
        "phase": st.sampled_from(["L1", "L1-N", "l1"]) | ANYTHING,
        "unitOfMeasure": ANYTHING
        | st.fixed_dictionaries({}, optional={"unit": st.sampled_from(["V", "kWh"]), "multiplier": ANYTHING}),
        "signedMeterValue": ANYTHING,
    },
)
EVENTS = st.fixed_dictionaries(
    {
        "eventType": st.sampled_from(["Updated", "Updated", "Started"]),
        "timestamp": st.sampled_from(["2026-01-01T00:00:01Z", "2026-01-01T00:00:01.250Z", "soon"]),
        "triggerReason": st.sampled_from(["MeterValuePeriodic", "Trigger", "Bored"]),
        "seqNo": st.integers(0, 5) | ANYTHING,
        "transactionInfo": st.fixed_dictionaries(
            {"transactionId": st.text(max_size=40)},
            optional={"chargingState": st.sampled_from(["Charging", "Idle", "Off"]), "remoteStartId": st.just(4)},
        ),
        "meterValue": st.lists(
            st.fixed_dictionaries(
                {"timestamp": st.just("2026-01-01T00:00:00Z"), "sampledValue": st.lists(SAMPLES, max_size=3)}
            ),
            max_size=2,
        ),
    },
    optional={"offline": st.booleans()},
)


@given(st.lists(EVENTS, min_size=2, max_size=6))
@example([EVENT, EVENT])
def test_whatever_is_proven_the_short_way_says_what_the_long_one_says(events: list[dict[str, Any]]) -> None:
    known, strict = KnownReadings(), SCHEMAS_201.request("TransactionEvent").strict
    for event in events:
        found = known.at_once(event, circumstances())
        if found is not None:
            assert strict.is_valid(event)
            long = circumstances()
            assert found == transactions.understand(event, long)
            assert not long.notes
        elif strict.is_valid(event):
            known.prove(event)
