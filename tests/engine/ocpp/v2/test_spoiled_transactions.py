"""TransactionEvents as no station should send them: refused with a code or answered as specified, and survived."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.charging.effects import Reply
from engine.charging.messages import Booted
from engine.errors import ProtocolError
from engine.ocpp.frames import CallError, CallResult, parse
from engine.ocpp.rpc import CallReceived, Rpc, refusal_of
from engine.ocpp.v2.registry import SCHEMAS_21, SCHEMAS_201
from engine.ocpp.version import VERSIONS
from tests.engine.charging.world import World, of
from tests.engine.ocpp.stations import NOW, circumstances

SAID = "2026-11-30T00:53:20.000Z"
SCHEMAS = {"ocpp2.0.1": SCHEMAS_201, "ocpp2.1": SCHEMAS_21}
GONE: Any = object()

HUGE = [-1, 2**31, 2**63 - 1, 2**63, 2**64 - 1, 2**70, 10**30, 3.0, 1.5, -(2**63), 1e300]
JUNK: list[Any] = [GONE, None, True, "", "x", "5", [], {}, [{}], [None], {"x": 1}]
TIMES = ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-99-99", "yesterday", 1_796_000_000, "0" * 70]
SAMPLED = [{"value": 1.5}, {"value": "1,5"}, {"value": 1e300}, {}, {"value": None}, {"value": 1, "signedMeterValue": 5}]
METERS: list[Any] = [
    {"timestamp": SAID, "sampledValue": [{"value": 1}]},
    [{"timestamp": "1970-01-01T00:00:00Z", "sampledValue": SAMPLED}],
    [{"sampledValue": {"value": 1, "unitOfMeasure": {"unit": "Wh", "multiplier": 10**9}}}],
    *([{"timestamp": SAID, "sampledValue": [sample]}] for sample in SAMPLED),
]
TOKENS: list[Any] = [{"idToken": "A"}, {"type": "Central"}, {"idToken": "A" * 300, "type": "Dream"}, "A"]
EVSES: list[Any] = [1, {"id": -1}, {"id": 10**9}, {"id": 2**70}, {"id": 1.0}, {"id": 1, "connectorId": 10**20}]
ODD: dict[str, list[Any]] = {
    "eventType": ["Paused", "started", 7],
    "timestamp": TIMES,
    "triggerReason": ["Whim", 5, "x" * 9_999],
    "seqNo": HUGE,
    "transactionInfo": [{}, {"transactionId": ""}, {"transactionId": 7}, {"transactionId": "x" * 9_999}],
    "meterValue": METERS,
    "evse": EVSES,
    "idToken": TOKENS,
    "offline": ["yes", 5],
    "reservationId": HUGE,
    "cableMaxCurrent": HUGE,
}
INFO: dict[str, list[Any]] = {"chargingState": ["Dreaming"], "stoppedReason": ["Whim"], "remoteStartId": HUGE}


def sane(event: str = "Updated", number: int = 3, transaction: str = "tx") -> dict[str, Any]:
    return {
        "eventType": event, "timestamp": SAID, "triggerReason": "MeterValuePeriodic", "seqNo": number,
        "transactionInfo": {"transactionId": transaction}, "evse": {"id": 1, "connectorId": 1},
    }  # fmt: skip


@st.composite
def spoiled_events(draw: st.DrawFn) -> dict[str, Any]:
    """A TransactionEvent in which some members are odd, missing or of another kind."""
    payload = sane(draw(st.sampled_from(["Started", "Updated", "Ended"])), draw(st.integers(0, 4)))
    for name in draw(st.lists(st.sampled_from(sorted(ODD)), max_size=3, unique=True)):
        payload[name] = draw(st.sampled_from(ODD[name] + JUNK))
    if isinstance(payload["transactionInfo"], dict):
        payload["transactionInfo"] = info = dict(payload["transactionInfo"])
        for name in draw(st.lists(st.sampled_from(sorted(INFO)), max_size=2, unique=True)):
            info[name] = draw(st.sampled_from(INFO[name] + JUNK[1:]))
    return {name: value for name, value in payload.items() if value is not GONE}


class Told:
    """A station of a version and its machine; what is said goes through frames, as on the wire."""

    def __init__(self, subprotocol: str) -> None:
        self.version, self.schemas = VERSIONS[subprotocol], SCHEMAS[subprotocol]
        self.rpc = Rpc(self.version)
        self.world = World(strict=False)
        self.world.now = NOW
        self.world.do(Booted("V", "M"))

    def say(self, payload: Any) -> CallResult | CallError:
        """Send a TransactionEvent and return the one answer to it, which is valid."""
        heard = self.rpc.receive(json.dumps([2, "id", "TransactionEvent", payload]).encode(), self.world.now)
        assert isinstance(heard, CallReceived)
        around = circumstances(received=self.world.now)
        try:
            message = self.version.understand(heard.action, heard.payload, around)
        except ProtocolError as error:
            frames = self.rpc.refuse(heard.number, *refusal_of(error))
        else:
            reply = of(Reply, self.world.do(message))[-1]
            frames = self.rpc.answer(heard.number, self.version.answer(reply.answer))
        for deviation in around.notes:
            self.world.do(deviation)
        (text,) = frames
        answer = parse(text, [])
        assert isinstance(answer, CallResult | CallError)
        if isinstance(answer, CallResult):
            assert self.schemas.response("TransactionEvent").checked.is_valid(answer.payload)
        return answer


@pytest.mark.parametrize("subprotocol", SCHEMAS)
@given(events=st.lists(spoiled_events(), min_size=1, max_size=5))
@settings(max_examples=150)
def test_whatever_is_said_is_answered_once_and_survives_a_restart(
    subprotocol: str, events: list[dict[str, Any]]
) -> None:
    told = Told(subprotocol)
    for payload in events:
        told.say(payload)
        told.world.now += 1_000_000
    told.world.host_dies()
    # The next one is served as ever.
    for number, event in enumerate(("Started", "Updated", "Ended")):
        assert isinstance(told.say(sane(event, number, "next")), CallResult)
        told.world.now += 1_000_000
    told.world.host_dies()
    assert not told.world.state.open.keys() & {"next"}


REFUSED = [
    ({"transactionInfo": GONE}, "OccurrenceConstraintViolation"),
    ({"transactionInfo": "tx"}, "TypeConstraintViolation"),
    ({"seqNo": 2**70}, "TypeConstraintViolation"),
    ({"seqNo": 2**63}, "PropertyConstraintViolation"),
    ({"seqNo": 1.5}, "TypeConstraintViolation"),
    ({"evse": {"id": -1}}, "PropertyConstraintViolation"),
    ({"evse": {"id": 10**9}}, "PropertyConstraintViolation"),
    ({"evse": {"id": 1, "connectorId": 10**9}}, "PropertyConstraintViolation"),
    ({"idToken": {"idToken": "A"}}, "OccurrenceConstraintViolation"),
    ({"meterValue": "x"}, "TypeConstraintViolation"),
]


@pytest.mark.parametrize("subprotocol", SCHEMAS)
@pytest.mark.parametrize(("wrong", "code"), REFUSED)
def test_what_cannot_be_understood_is_refused_with_its_code(subprotocol: str, wrong: dict[str, Any], code: str) -> None:
    payload = {name: value for name, value in (sane() | wrong).items() if value is not GONE}
    answer = Told(subprotocol).say(payload)
    assert isinstance(answer, CallError)
    assert answer.code == code
    (field,) = wrong
    assert field in answer.description


UNDERSTOOD: list[tuple[dict[str, Any], set[str]]] = [
    ({"seqNo": 3.0}, {"fraction_for_integer"}),
    ({"reservationId": 2**64 - 1}, {"number_out_of_bounds"}),
    ({"evse": {"id": 1, "connectorId": 10**20}}, {"number_out_of_bounds", "fraction_for_integer"}),
    ({"triggerReason": "Whim"}, {"unknown_member"}),
    ({"timestamp": "1970-01-01T00:00:00Z"}, {"clock_not_set"}),
    ({"meterValue": {"timestamp": SAID, "sampledValue": [{"value": 1}]}}, {"item_for_list"}),
]


@pytest.mark.parametrize("subprotocol", SCHEMAS)
@pytest.mark.parametrize(("odd", "noted"), UNDERSTOOD)
def test_what_can_be_meant_is_understood_and_counted(subprotocol: str, odd: dict[str, Any], noted: set[str]) -> None:
    told = Told(subprotocol)
    assert isinstance(told.say(sane() | odd), CallResult)
    assert told.world.state.deviations.keys() >= noted


def test_bounds_of_2_1_are_no_reason_to_refuse_a_transaction() -> None:
    """2.0.1 has no such bounds; what depends on them is looked at by its own rules."""
    for odd in ({"seqNo": -1}, {"reservationId": -1}, {"numberOfPhasesUsed": 9}):
        told = Told("ocpp2.1")
        assert isinstance(told.say(sane() | odd), CallResult)
        assert "number_out_of_bounds" in told.world.state.deviations


@pytest.mark.parametrize("subprotocol", SCHEMAS)
def test_whole_numbers_are_whole_in_the_machine(subprotocol: str) -> None:
    around = circumstances()
    payload = orjson.loads(orjson.dumps(sane() | {"seqNo": 3.0, "evse": {"id": 2.0, "connectorId": 1.0}}))
    message: Any = VERSIONS[subprotocol].understand("TransactionEvent", payload, around)
    assert [(type(number), number) for number in (message.seq, message.evse, message.connector)] == [
        (int, 3),
        (int, 2),
        (int, 1),
    ]


@pytest.mark.parametrize("subprotocol", SCHEMAS)
def test_ten_thousand_samples_are_one_events(subprotocol: str) -> None:
    told = Told(subprotocol)
    samples = [{"value": number} for number in range(10_000)]
    answer = told.say(sane("Started", 0) | {"meterValue": [{"timestamp": SAID, "sampledValue": samples}]})
    assert isinstance(answer, CallResult)
