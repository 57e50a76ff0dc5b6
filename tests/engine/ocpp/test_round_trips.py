"""Every message of the three versions, both ways: what the schemas allow is understood, answered and sent as it is.

Two examples a message; RAYCHARGE_TEST_EXAMPLES=200 asks for more.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.charging.charge_point import ChargePointState
from engine.charging.charge_point import step as step_charge_point
from engine.charging.config import MachineConfig
from engine.charging.effects import OpenSession, Reply, TellSession
from engine.charging.events import CommandOutcome
from engine.charging.messages import Answer, Connected, DataTransferred, Deviated, Message, StationMessage
from engine.charging.session.machine import SessionState
from engine.charging.session.machine import step as step_session
from engine.errors import InvalidInput, ProtocolError
from engine.ocpp.errors import ErrorCode
from engine.ocpp.frames import Call, Send, call_text, parse, result_text, send_text
from engine.ocpp.schemas import SchemaSet, first_flaw
from engine.ocpp.v2.registry import SCHEMAS_21, SCHEMAS_201
from engine.ocpp.v16.registry import SCHEMAS as SCHEMAS_16
from engine.ocpp.version import VERSIONS
from tests.engine.ocpp.payloads import payloads, spoilt
from tests.engine.ocpp.stations import NOW, circumstances

EXAMPLES = int(os.environ.get("RAYCHARGE_TEST_EXAMPLES", "2"))
few = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 10,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
SCHEMAS: dict[str, SchemaSet] = {"ocpp1.6": SCHEMAS_16, "ocpp2.0.1": SCHEMAS_201, "ocpp2.1": SCHEMAS_21}
REASONS = {
    "connectorId": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "evse": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "is too large for": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
}
"""What a valid payload may still be refused for: numbers that no station's connector has."""

CONFIG = MachineConfig()


def every(direction: str) -> list[Any]:
    return [
        pytest.param(version, action, id=f"{version}-{action}")
        for version, schemas in SCHEMAS.items()
        for action in sorted(getattr(schemas.directions, direction))
    ]


def of(version: str, action: str, *, request: bool = True) -> Any:
    schemas = SCHEMAS[version]
    return payloads((schemas.request(action) if request else schemas.response(action)).schema)


def answered(version: str, message: StationMessage) -> list[Answer]:
    """What the machines say to a message, of a charge point that has just connected."""
    state, _ = step_charge_point(ChargePointState("CP-1"), Connected(1, version, "here"), NOW, CONFIG)
    sessions: dict[str, SessionState] = {}
    found: list[Answer] = []

    def perform(effects: Any) -> None:
        for effect in effects:
            if isinstance(effect, OpenSession):
                sessions[effect.session] = SessionState("CP-1", effect.session)
            elif isinstance(effect, TellSession):
                sessions[effect.session], told = step_session(sessions[effect.session], effect.message, NOW, CONFIG)
                perform(told)
            elif isinstance(effect, Reply):
                found.append(effect.answer)

    machine_message: Message = message
    perform(step_charge_point(state, machine_message, NOW, CONFIG)[1])
    return found


def heard(version: str, action: str, payload: Any) -> tuple[StationMessage | None, str]:
    """The message and "understood"; or None and the code it is refused with, for a reason that we can name."""
    speaker = VERSIONS[version]
    try:
        return speaker.understand(action, payload, circumstances()), "understood"
    except ProtocolError as error:
        refused = error
    named = any(reason in refused.description and refused.code == code for reason, code in REASONS.items())
    assert named, refused.description
    assert speaker.error_code(refused.code)
    return None, refused.code


@pytest.mark.parametrize(("version", "action"), every("actions"))
def test_a_frame_comes_through_byte_for_byte(version: str, action: str) -> None:
    schemas = SCHEMAS[version]
    unconfirmed = action in schemas.directions.unconfirmed

    @few
    @given(of(version, action), of(version, action, request=False) if not unconfirmed else st.just({}))
    def come_through(payload: Any, answer: Any) -> None:
        assert first_flaw(schemas.request(action).checked, payload) is None
        text = (send_text if unconfirmed else call_text)("id-1", action, payload)
        notes: list[Deviated] = []
        frame = parse(text, notes)
        assert isinstance(frame, Send if unconfirmed else Call)
        assert (frame.message_id, frame.action, notes) == ("id-1", action, [])
        assert orjson.dumps(frame.payload) == orjson.dumps(payload)
        if unconfirmed:
            return
        assert first_flaw(schemas.response(action).checked, answer) is None
        back = parse(result_text("id-1", orjson.dumps(answer)), notes)
        assert orjson.dumps(back[-1]) == orjson.dumps(answer)

    come_through()


@pytest.mark.parametrize(("version", "action"), every("from_station"))
def test_what_a_station_may_say_is_understood_and_answered(version: str, action: str) -> None:
    speaker, schemas = VERSIONS[version], SCHEMAS[version]
    counts: Counter[str] = Counter()

    @few
    @given(of(version, action))
    def understand(payload: Any) -> None:
        before = orjson.dumps(payload)
        message, code = heard(version, action, payload)
        counts[code] += 1
        assert orjson.dumps(payload) == before, "what was said is left as it was said"
        if message is None:
            return
        if isinstance(message, DataTransferred):
            assert message.data == payload.get("data")
        for answer in answered(version, message):
            said = orjson.loads(speaker.answer(answer))
            if action not in schemas.directions.unconfirmed:
                assert first_flaw(schemas.response(action).checked, said) is None

    understand()
    assert counts["understood"] > 0, counts
    assert counts.keys() <= {"understood", ErrorCode.PROPERTY_CONSTRAINT_VIOLATION}, counts


@pytest.mark.parametrize(("version", "action"), every("to_station"))
def test_what_we_may_say_passes_and_what_is_spoilt_is_named(version: str, action: str) -> None:
    speaker, schema = VERSIONS[version], SCHEMAS[version].request(action).schema

    @few
    @given(of(version, action), st.data())
    def send(payload: Any, data: Any) -> None:
        assert orjson.dumps(speaker.validate_call(action, payload)) == orjson.dumps(payload)
        assert speaker.intent(action, payload).kind
        field, wrong = data.draw(st.sampled_from(spoilt(schema, payload)))
        with pytest.raises(InvalidInput) as refused:
            speaker.validate_call(action, wrong)
        assert refused.value.field == f"payload.{field}"
        assert refused.value.remedy

    send()


@pytest.mark.parametrize(("version", "action"), every("to_station"))
def test_what_a_station_may_answer_is_read_as_it_is(version: str, action: str) -> None:
    speaker = VERSIONS[version]
    outcomes = {CommandOutcome.ACCEPTED, CommandOutcome.REJECTED, CommandOutcome.FAILED}

    @few
    @given(of(version, action), of(version, action, request=False))
    def read(payload: Any, answer: Any) -> None:
        notes: list[Deviated] = []
        assert orjson.dumps(speaker.read_answer(action, answer, notes)) == orjson.dumps(answer)
        assert notes == []
        assert speaker.outcome(action, answer) in outcomes
        assert isinstance(speaker.learned(action, payload, answer), tuple)

    read()


@pytest.mark.parametrize("version", VERSIONS)
def test_actions_of_the_other_direction_are_refused(version: str) -> None:
    speaker, directions = VERSIONS[version], SCHEMAS[version].directions
    for action in directions.from_station - directions.both:
        with pytest.raises(InvalidInput, match="no action"):
            speaker.validate_call(action, {})
    for action in directions.to_station - directions.both:
        with pytest.raises(ProtocolError) as refused:
            speaker.understand(action, {}, circumstances())
        assert refused.value.code == ErrorCode.NOT_SUPPORTED
