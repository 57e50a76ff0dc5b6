"""Answers in any order, number and kind: each CALL of ours ends once, by the first answer that is its own."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ocpp.rpc import CallReceived, ErrorReceived, Ignored, Rejected, ResultReceived, Rpc
from engine.ocpp.version import VERSIONS
from tests.engine.ocpp.stations import NOW

PATIENCE = 30
ANOTHERS = "another-connection"
STEPS = st.one_of(
    st.tuples(st.just("call"), st.just(0)),
    st.tuples(st.sampled_from(["result", "junk", "error", "result error"]), st.integers(0, 8)),
    st.tuples(st.sampled_from(["send", "heartbeat"]), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1, PATIENCE])),
)


def said(kind: str, message_id: str) -> bytes:
    frames = {
        "result": [3, message_id, {"status": "Accepted"}],
        "junk": [3, message_id, {"status": ["what"]}],
        "error": [4, message_id, "GenericError", "", {}],
        "result error": [5, message_id, "FormatViolation", "", {}],
        "send": [6, "s", "NotifyPeriodicEventStream", {"id": 1, "pending": 0, "data": [{"t": 0, "v": "1"}]}],
        "heartbeat": [2, "h", "Heartbeat", {}],
    }
    return orjson.dumps(frames[kind])


@pytest.mark.parametrize("subprotocol", VERSIONS)
@given(steps=st.lists(STEPS, max_size=30))
def test_each_call_ends_once_by_its_own_first_answer(subprotocol: str, steps: list[tuple[str, int]]) -> None:
    rpc, now = Rpc(VERSIONS[subprotocol]), NOW
    made: list[str] = []
    ended: list[str] = []
    payload = {"type": "Soft"} if subprotocol == "ocpp1.6" else {"type": "OnIdle"}
    for kind, number in steps:
        if kind == "wait":
            now += number
            given_up = rpc.expire(now)
            if given_up is not None:
                ended.append(given_up.message_id)
        elif kind == "call":
            if rpc.outstanding is None:
                made.append(f"c{len(made)}")
                rpc.call(made[-1], f"command-{made[-1]}", "Reset", payload, now + PATIENCE, now)
        else:
            # The last ones made, or what was made elsewhere.
            message_id = made[-number] if 0 < number <= len(made) else ANOTHERS
            before = rpc.outstanding
            heard = rpc.receive(said(kind, message_id), now)
            if isinstance(heard, ResultReceived | ErrorReceived):
                assert before is not None
                assert (heard.message_id, heard.command) == (before.message_id, f"command-{before.message_id}")
                assert message_id == before.message_id
                assert now < before.deadline
                ended.append(message_id)
            elif isinstance(heard, CallReceived):
                assert kind in ("send", "heartbeat")
                assert len(rpc.answer(heard.number, b"{}")) == (kind == "heartbeat")
                assert rpc.outstanding == before
            else:
                assert isinstance(heard, Ignored | Rejected)
                assert not isinstance(heard, Rejected) or (kind in ("send", "result error") and heard.answer is None)
                assert rpc.outstanding == before
    assert ended == made[: len(ended)]
    assert len(made) - len(ended) == (rpc.outstanding is not None)
