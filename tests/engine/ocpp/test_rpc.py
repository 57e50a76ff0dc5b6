"""One connection's calls and answers, in both directions."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ocpp.rpc import CallReceived, ErrorReceived, Ignored, Rejected, ResultReceived, Rpc
from engine.ocpp.v16.protocol import Ocpp16
from tests.engine.ocpp.stations import NOW, V16


def received(rpc: Rpc, message_id: str = "1", action: str = "Heartbeat") -> CallReceived:
    event = rpc.receive(orjson.dumps([2, message_id, action, {}]), NOW)
    assert isinstance(event, CallReceived)
    return event


def waiting(deadline: int = NOW + 30) -> Rpc:
    rpc = Rpc(V16)
    assert rpc.call("c1", "cmd", "Reset", {"type": "Soft"}, deadline, NOW) == b'[2,"c1","Reset",{"type":"Soft"}]'
    return rpc


def test_a_call_is_answered_once() -> None:
    rpc = Rpc(V16)
    call = received(rpc)
    assert (call.message_id, call.action, call.payload, call.deviations) == ("1", "Heartbeat", {}, [])
    assert rpc.answer(call.number, b"{}") == (b'[3,"1",{}]',)
    assert rpc.answer(call.number, b"{}") == ()
    assert rpc.refuse(call.number, "InternalError", "") == ()


def test_a_refusal_is_spelt_as_1_6_spells_it() -> None:
    rpc = Rpc(V16)
    text = rpc.refuse(received(rpc).number, "OccurrenceConstraintViolation", "x" * 300)[0]
    assert orjson.loads(text) == [4, "1", "OccurenceConstraintViolation", "x" * 255, {}]


def test_an_id_is_escaped_in_the_answer() -> None:
    rpc = Rpc(V16)
    call = received(rpc, 'a"b\\c')
    assert orjson.loads(rpc.answer(call.number, b"{}")[0]) == [3, 'a"b\\c', {}]


def test_an_answer_that_the_log_has_made_already_is_sent_unless_the_id_was_no_text() -> None:
    rpc = Rpc(V16)
    made = b'[3,"5",{}]'
    assert rpc.answer(received(rpc, "5").number, b"{}", made) == (made,)
    number = rpc.receive(b'[2,5,"Heartbeat",{}]', NOW)
    assert isinstance(number, CallReceived)
    assert number.message_id == "5"
    assert rpc.answer(number.number, b"{}", made) == (b"[3,5,{}]",)
    first, second = received(rpc, "6"), received(rpc, "7")
    assert rpc.answer(second.number, b"{}", b'[3,"7",{}]') == ()
    assert rpc.answer(first.number, b"{}") == (b'[3,"6",{}]', b'[3,"7",{}]')


def test_answers_to_pipelined_calls_leave_in_order() -> None:
    rpc = Rpc(V16)
    first, second, third = received(rpc, "1"), received(rpc, "2"), received(rpc, "2")
    assert [d.name for d in second.deviations] == ["pipelined_call"]
    assert rpc.answer(second.number, b'{"n":2}') == ()
    assert rpc.unanswered == 3
    assert rpc.answer(first.number, b'{"n":1}') == (b'[3,"1",{"n":1}]', b'[3,"2",{"n":2}]')
    assert rpc.answer(third.number, b'{"n":3}') == (b'[3,"2",{"n":3}]',)
    assert rpc.unanswered == 0


def test_what_memory_can_tell_does_not_wait_behind_what_a_store_must_take_first() -> None:
    rpc = Rpc(V16)
    first, second, third, last = (received(rpc, said) for said in "1234")
    assert rpc.answer(third.number, b'{"n":3}', at_once=True) == (b'[3,"3",{"n":3}]',)
    assert rpc.answer(last.number, b'{"n":4}') == ()
    assert len(rpc.refuse(second.number, "InternalError", "", at_once=True)) == 1
    assert rpc.answer(third.number, b"{}", at_once=True) == ()
    assert rpc.answer(first.number, b'{"n":1}', at_once=True) == (b'[3,"1",{"n":1}]', b'[3,"4",{"n":4}]')
    assert rpc.unanswered == 0


def test_a_forgotten_call_holds_nothing_up() -> None:
    rpc = Rpc(V16)
    first, second = received(rpc, "1"), received(rpc, "2")
    assert rpc.answer(second.number, b"{}") == ()
    assert rpc.forget(first.number) == (b'[3,"2",{}]',)


@given(st.permutations(range(5)))
def test_however_answers_come_they_leave_in_the_calls_order(order: list[int]) -> None:
    rpc = Rpc(V16)
    calls = [received(rpc, str(i)) for i in range(5)]
    sent = [frame for i in order for frame in rpc.answer(calls[i].number, b"{}")]
    assert sent == [f'[3,"{i}",{{}}]'.encode() for i in range(5)]


def test_a_result_reaches_its_command() -> None:
    rpc = waiting()
    event = rpc.receive(b'[3,"c1",{"status":"Accepted"}]', NOW)
    assert event == ResultReceived("cmd", "Reset", {"type": "Soft"}, {"status": "Accepted"}, [], "c1", NOW)
    assert rpc.outstanding is None


def test_a_refused_call_reaches_its_command_in_neutral_spelling() -> None:
    event = waiting().receive(b'[4,"c1","FormationViolation","no",{"a":1}]', NOW)
    assert event == ErrorReceived("cmd", "Reset", "FormatViolation", "no", {"a": 1}, [], "c1", NOW)


def test_the_stations_time_counts_from_when_the_call_left() -> None:
    rpc = waiting(deadline=NOW + 30)
    rpc.left("another", NOW + 3)
    rpc.left("c1", NOW + 5)
    event = rpc.receive(b'[3,"c1",{"status":"Accepted"}]', NOW + 20)
    assert isinstance(event, ResultReceived)
    assert (event.message_id, event.left_at) == ("c1", NOW + 5)


def test_calls_may_cross() -> None:
    rpc = waiting()
    call = received(rpc)
    assert call.deviations == []
    assert isinstance(rpc.receive(b'[3,"c1",{"status":"Accepted"}]', NOW), ResultReceived)
    assert rpc.answer(call.number, b"{}")


def test_a_second_call_of_ours_has_to_wait() -> None:
    rpc = waiting()
    with pytest.raises(RuntimeError):
        rpc.call("c2", "cmd2", "ClearCache", {}, NOW + 30, NOW)
    rpc.receive(b'[3,"c1",{"status":"Accepted"}]', NOW)
    assert rpc.call("c2", "cmd2", "ClearCache", {}, NOW + 30, NOW)


def test_a_deadline_is_absolute() -> None:
    rpc = waiting(deadline=NOW + 30)
    for later in (10, 20, 29):
        received(rpc, str(later))
        assert rpc.expire(NOW + later) is None
    expired = rpc.expire(NOW + 30)
    assert expired is not None
    assert expired.command == "cmd"
    assert rpc.expire(NOW + 31) is None


def reason(event: Any) -> str:
    assert isinstance(event, Ignored)
    assert [d.name for d in event.deviations][-1] == event.reason
    return event.reason.value


def test_an_answer_after_the_deadline_is_late() -> None:
    rpc = waiting()
    assert rpc.expire(NOW + 30) is not None
    assert reason(rpc.receive(b'[3,"c1",{"status":"Accepted"}]', NOW + 31)) == "late_answer"
    rpc = waiting()
    assert reason(rpc.receive(b'[3,"c1",{"status":"Accepted"}]', NOW + 30)) == "late_answer"
    assert rpc.expire(NOW + 30) is not None


def test_a_second_answer_is_a_duplicate() -> None:
    rpc = waiting()
    rpc.receive(b'[3,"c1",{"status":"Accepted"}]', NOW)
    assert reason(rpc.receive(b'[4,"c1","InternalError","",{}]', NOW)) == "duplicate_answer"


def test_an_answer_to_nothing_is_unsolicited_and_harms_nothing() -> None:
    rpc = waiting()
    assert (
        reason(rpc.receive(b'[4,"5c2d6e","FormationViolation","Unable to process action",{}]', NOW))
        == "unsolicited_answer"
    )
    assert rpc.outstanding is not None


def test_an_answer_that_is_not_valid_is_repaired_or_noted() -> None:
    event = waiting().receive(b'[3,"c1",{"status":"accepted","x":1}]', NOW)
    assert isinstance(event, ResultReceived)
    assert event.payload == {"status": "Accepted"}
    assert [d.name for d in event.deviations] == ["member_spelling", "unknown_field"]
    event = waiting().receive(b'[3,"c1",[1]]', NOW)
    assert isinstance(event, ResultReceived)
    assert [d.name for d in event.deviations] == ["invalid_answer"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (b"hello", None),
        (b'[2,"7","Heartbeat",{"a"', [4, "7", "FormationViolation"]),
        (b'[2,7,"Heartbeat",{"a"', [4, 7, "FormationViolation"]),
        (b'[2,"7",null,{}]', [4, "7", "GenericError"]),
        (b'[8,"7",{}]', None),
        (b'[3,"7",{"a"', None),
    ],
)
def test_what_cannot_be_read_is_answered_only_where_that_makes_sense(text: bytes, answer: Any) -> None:
    event = Rpc(V16).receive(text, NOW)
    assert isinstance(event, Rejected)
    assert (event.answer and orjson.loads(event.answer)[:3]) == answer


class _TwoPointX(type(V16)):  # type: ignore[misc]
    answers_unreadable = True


def test_2_x_answers_with_minus_one_where_no_id_can_be_read() -> None:
    event = Rpc(_TwoPointX()).receive(b"hello", NOW)
    assert isinstance(event, Rejected)
    assert event.answer is not None
    assert orjson.loads(event.answer)[:2] == [4, "-1"]


@given(st.binary(max_size=200))
def test_receive_never_raises(data: bytes) -> None:
    Rpc(V16).receive(data, NOW)


# --- 2.1: SEND and CALLRESULTERROR --------------------------------------------------------------------------------


class Newest(Ocpp16):
    """1.6's payloads under 2.1's message types: the RPC asks for the subprotocol only."""

    subprotocol = "ocpp2.1"


STREAM = {"id": 1, "pending": 0, "data": [{"t": 0.5, "v": "230.4"}]}


def test_a_send_is_heard_and_holds_nothing_up() -> None:
    rpc = Rpc(Newest())
    call = received(rpc)
    heard = rpc.receive(orjson.dumps([6, "s", "NotifyPeriodicEventStream", STREAM]), NOW)
    assert isinstance(heard, CallReceived)
    assert (heard.number, heard.action, heard.payload) == (0, "NotifyPeriodicEventStream", STREAM)
    assert heard.deviations == []
    assert rpc.unanswered == 1
    assert rpc.answer(heard.number, b"{}") == ()
    assert rpc.refuse(heard.number, "InternalError", "") == ()
    assert rpc.answer(call.number, b"{}") == (b'[3,"1",{}]',)


def test_our_send_waits_for_no_answer() -> None:
    rpc = Rpc(Newest())
    rpc.call("c1", "cmd", "Reset", {"type": "Soft"}, NOW + 30, NOW)
    assert rpc.send("s1", "NotifyPeriodicEventStream", STREAM) == (
        b'[6,"s1","NotifyPeriodicEventStream",{"id":1,"pending":0,"data":[{"t":0.5,"v":"230.4"}]}]'
    )
    assert rpc.outstanding is not None
    with pytest.raises(RuntimeError, match="no SEND"):
        Rpc(V16).send("s1", "NotifyPeriodicEventStream", STREAM)


def test_a_station_that_could_not_read_our_answer_is_noted_and_not_answered() -> None:
    rpc = Rpc(Newest())
    rpc.answer(received(rpc).number, b"{}")
    heard = rpc.receive(b'[5,"1","FormatViolation","interval is no number",{}]', NOW)
    assert isinstance(heard, Ignored)
    assert (heard.kind, heard.message_id, heard.reason) == (5, "1", "answer_refused")
    assert [(d.name, d.detail) for d in heard.deviations] == [
        ("answer_refused", "FormatViolation: interval is no number")
    ]


def test_an_answer_that_cannot_be_understood_is_complained_of() -> None:
    rpc = Rpc(Newest())
    rpc.call("c1", "cmd", "Reset", {"type": "Soft"}, NOW + 30, NOW)
    heard = rpc.receive(b'[3,"c1",{"status":["what"]}]', NOW)
    assert isinstance(heard, ResultReceived)
    assert heard.complaint is not None
    kind, message_id, code, description, details = orjson.loads(heard.complaint)
    assert (kind, message_id, code, details) == (5, "c1", "FormationViolation", {})
    assert "status" in description


@pytest.mark.parametrize("text", [b'[6,"s","Heartbeat",{}]', b'[5,"1","GenericError","",{}]'])
def test_other_versions_ignore_what_2_1_brought(text: bytes) -> None:
    heard = Rpc(V16).receive(text, NOW)
    assert isinstance(heard, Rejected)
    assert heard.answer is None
    assert heard.error.code == "MessageTypeNotSupported"
    old = waiting()
    answered = old.receive(b'[3,"c1",{"status":["what"]}]', NOW)
    assert isinstance(answered, ResultReceived)
    assert answered.complaint is None
