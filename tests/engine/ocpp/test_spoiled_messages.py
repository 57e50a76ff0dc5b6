"""A station may say anything: it is refused with a code, or understood and taken by the machine, and never more."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.charging.effects import Append, AppendMeters, Reply
from engine.errors import ProtocolError
from engine.journal.encoding import event_records, meter_records
from engine.ocpp.version import VERSIONS
from engine.projections import ledger_rows
from tests.engine.charging.world import World
from tests.engine.ocpp.examples import example
from tests.engine.ocpp.stations import circumstances
from tests.engine.ocpp.test_learned_from_anything import JUNK, spoiled
from tests.engine.ocpp.test_station_messages import MESSAGES, SCHEMAS


@given(
    said=st.sampled_from(MESSAGES),
    path=st.lists(st.integers(0, 20), min_size=1, max_size=6),
    junk=st.sampled_from(JUNK),
)
@settings(max_examples=400, deadline=None)
def test_spoiled_messages_do_no_harm(said: tuple[str, str], path: list[int], junk: Any) -> None:
    version, action = said
    payload = spoiled(example(SCHEMAS[version].request(action).schema, full=True), path, junk)
    refusal = None
    try:
        message = VERSIONS[version].understand(action, payload, circumstances())
    except ProtocolError as error:
        refusal = error
    if refusal is not None:
        assert refusal.code
        return
    harmless(version, message)


NUMBERS: tuple[Any, ...] = (3.0, -1.0, 0.5, 2**63 - 1, -(2**63), 2**63, 1e19, 1e300, True)


@pytest.mark.parametrize(("version", "action"), MESSAGES)
def test_odd_numbers_do_no_harm_either(version: str, action: str) -> None:
    sound = example(SCHEMAS[version].request(action).schema, full=True)
    for place in number_places(sound):
        for number in NUMBERS:
            payload = replaced(sound, place, number)
            try:
                message = VERSIONS[version].understand(action, payload, circumstances())
            except ProtocolError:
                continue
            harmless(version, message)


def number_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a payload there is a number."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from number_places(inner, (*place, key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place


def replaced(payload: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value there."""
    copy = deepcopy(payload)
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return copy


def harmless(version: str, message: Any) -> None:
    """The machines take it, its sessions', events, answers and snapshot can be written, and the ledger reads it all."""
    world = World(strict=False)
    effects = world.do(message)
    for effect in effects:
        if isinstance(effect, Append):
            record = event_records(effect.event)[0]
            ledger_rows.read(orjson.loads(record.data))
        elif isinstance(effect, AppendMeters):
            assert meter_records("CP-1", effect)
        elif isinstance(effect, Reply):
            VERSIONS[version].answer(effect.answer)
    before = world.state.kept
    world.host_dies()
    assert world.state.kept == before
