"""An answer may hold anything: what is learnt from it never raises, and can be kept and shown."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.charging.kept import learning
from engine.charging.kept.view import VIEWS
from engine.charging.snapshots import charge_point_parts
from engine.charging.state import ChargePointState
from engine.ocpp.directions import DIRECTIONS
from engine.ocpp.version import VERSIONS
from tests.engine.ocpp.examples import example
from tests.engine.ocpp.stations import NOW
from tests.engine.ocpp.test_station_messages import FOLDERS, SCHEMAS

ASKED = [(version, action) for version, folder in FOLDERS.items() for action in sorted(DIRECTIONS[folder].to_station)]
JUNK: list[Any] = [None, True, -1, 1.5, "x", [], {}, [1], ["x"], [{}], {"x": 1}, 2**62]


def spoiled(value: Any, path: list[int], junk: Any) -> Any:
    """The value with what lies at `path` (the nth member of each level) replaced."""
    if not path or not isinstance(value, dict | list) or not value:
        return junk
    if isinstance(value, list):
        index = path[0] % len(value)
        return [spoiled(item, path[1:], junk) if i == index else item for i, item in enumerate(value)]
    name = list(value)[path[0] % len(value)]
    return {key: spoiled(item, path[1:], junk) if key == name else item for key, item in value.items()}


@pytest.mark.parametrize(("version", "action"), ASKED)
def test_whole_answers_teach_what_can_be_kept_and_shown(version: str, action: str) -> None:
    for full in (False, True):
        answer = example(SCHEMAS[version].response(action).schema, full=full)
        keep(version, action, answer, full=full)


@given(
    asked=st.sampled_from(ASKED),
    path=st.lists(st.integers(0, 20), min_size=1, max_size=6),
    junk=st.sampled_from(JUNK),
    full=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_spoiled_answers_do_no_harm(asked: tuple[str, str], path: list[int], junk: Any, full: bool) -> None:
    version, action = asked
    answer = spoiled(example(SCHEMAS[version].response(action).schema, full=True), path, junk)
    keep(version, action, answer if isinstance(answer, dict) else {}, full=full)


def keep(version: str, action: str, answer: dict[str, Any], *, full: bool) -> None:
    """Learn from the answer, keep it, and show what is kept."""
    words = VERSIONS[version]
    sent = example(SCHEMAS[version].request(action).schema, full=full)
    state = ChargePointState("CP-1")
    for fact in words.learned(action, sent, words.read_answer(action, answer, [])):
        learning.learn(state, fact, "command", NOW, [])
    parts = {name: data for name, data in charge_point_parts(state).items() if data is not None}
    for view in VIEWS.values():
        orjson.dumps(view(parts))
