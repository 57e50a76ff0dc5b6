"""A station may say anything: it is refused with a code, or understood and taken by the machine, and never more."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.charging import charge_point
from engine.charging.config import MachineConfig
from engine.charging.effects import Append, Reply
from engine.charging.snapshots import charge_point_parts, restore_charge_point
from engine.charging.state import ChargePointState
from engine.errors import ProtocolError
from engine.journal.encoding import event_records
from engine.ocpp.version import VERSIONS
from tests.engine.ocpp.examples import example
from tests.engine.ocpp.stations import NOW, circumstances
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
    state = ChargePointState("CP-1")
    state, effects = charge_point.step(state, message, NOW, MachineConfig())
    for effect in effects:
        if isinstance(effect, Append):
            assert event_records(effect.event)
        elif isinstance(effect, Reply):
            VERSIONS[version].answer(effect.answer)
    parts = {name: data for name, data in charge_point_parts(state).items() if data is not None}
    assert restore_charge_point("CP-1", parts).kept == state.kept
