"""Frames: what is read strictly, what by tolerance, what not at all."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charging.messages import Deviated
from engine.errors import ProtocolError
from engine.ocpp.frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    Limits,
    Send,
    UnreadableFrame,
    call_text,
    error_text,
    parse,
    result_error_text,
    result_text,
    send_text,
)

JSON_SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
JSON_VALUES = st.recursive(
    JSON_SCALARS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
IDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=36)


def names(notes: list[Deviated]) -> list[str]:
    return [deviation.name for deviation in notes]


def read(data: bytes | str) -> tuple[Any, list[str]]:
    notes: list[Deviated] = []
    return parse(data, notes), names(notes)


@given(IDS, TEXT.filter(bool), JSON_VALUES)
def test_a_call_comes_back_as_it_was_written(message_id: str, action: str, payload: Any) -> None:
    text = call_text(message_id, action, payload)
    assert read(text) == (Call(message_id, action, payload, message_id), [])


@given(IDS, st.dictionaries(TEXT, JSON_VALUES, max_size=4))
def test_an_answer_comes_back_as_it_was_written(message_id: str, payload: Any) -> None:
    assert read(result_text(message_id, orjson.dumps(payload))) == (CallResult(message_id, payload), [])
    assert read(error_text(message_id, "GenericError", "x", payload)) == (
        CallError(message_id, "GenericError", "x", payload),
        [],
    )


@given(st.binary(max_size=300) | st.text(max_size=200))
def test_no_bytes_raise_anything_but_a_protocol_error(data: bytes | str) -> None:
    with contextlib.suppress(ProtocolError):
        parse(data, [])


@given(st.text(alphabet='[]{}",:23\\u0aNn-.eE ', max_size=60).map(lambda body: '[2,"a",' + body))
def test_no_broken_json_raises_anything_but_a_protocol_error(data: str) -> None:
    with contextlib.suppress(ProtocolError):
        parse(data.encode(), [])


@given(JSON_VALUES)
def test_any_json_is_a_frame_or_a_protocol_error(value: Any) -> None:
    with contextlib.suppress(ProtocolError):
        parse(orjson.dumps(value), [])


@pytest.mark.parametrize(
    ("text", "payload", "deviations"),
    [
        ('[2,"1","A",{"sampledValue":[,{"value":"1"}]}]', {"sampledValue": [{"value": "1"}]}, ["broken_json"]),
        ('[2,"1","Heartbeat",{},]', {}, ["broken_json"]),
        ('[2,"1","A",{"a":NaN,"b":-Infinity}]', {"a": "NaN", "b": "-Infinity"}, ["broken_json"]),
        ('[2,"1","A",{"a":}]', {"a": None}, ["broken_json"]),
        ("[2,'1','A',{a:'x'}]", {"a": "x"}, ["broken_json"]),
        ('[2,"1","A",{"a":007,"b":+1,"c":.5}]', {"a": 7, "b": 1, "c": 0.5}, ["broken_json"]),
        ('[2,"1","A",{"a":"line\nbreak"}]', {"a": "line\nbreak"}, ["broken_json"]),
        ('[2,"1","A",{"a":"\\ud800x"}]', {"a": "\ufffdx"}, ["broken_json"]),
        ('[2,"1","A",{"a":"\\ud83d\\ude00\\q"}]', {"a": "😀q"}, ["broken_json"]),
        ('\ufeff[2,"1","A",{}]', {}, ["byte_order_mark"]),
        ('[2,"1","A",{}]\0\0', {}, ["trailing_garbage"]),
        ('[2,"1","A",{}]garbage', {}, ["trailing_garbage"]),
    ],
)  # fmt: skip
def test_json_that_is_broken_in_a_known_way_is_understood(text: str, payload: Any, deviations: list[str]) -> None:
    frame, notes = read(text.encode())
    assert isinstance(frame, Call)
    assert frame.payload == payload
    assert notes == deviations


def test_an_integer_beyond_64_bits_in_a_broken_frame_stays_text() -> None:
    frame, _ = read(b'[2,"1","A",{"a":-9999999999999999999,"b":-9223372036854775808,}]')
    assert frame.payload == {"a": "-9999999999999999999", "b": -(2**63)}


def test_latin_1_is_read_and_noted() -> None:
    frame, notes = read('[2,"1","A",{"model":"Säule"}]'.encode("latin-1"))
    assert frame.payload == {"model": "Säule"}
    assert "invalid_utf8" in notes


def test_whitespace_of_every_kind_is_no_deviation() -> None:
    assert read(b'[2,\t"6",\n\r "Authorize" ,\t{"idTag":\t"e"}]') == (Call("6", "Authorize", {"idTag": "e"}, "6"), [])


@pytest.mark.parametrize(
    ("text", "code", "message_id"),
    [
        (b"", "RpcFrameworkError", None),
        (b"hello", "RpcFrameworkError", None),
        (b'{"a":1}', "RpcFrameworkError", None),
        (b"[]", "RpcFrameworkError", None),
        (b"[2]", "RpcFrameworkError", None),
        (b'[2,null,"Heartbeat",{}]', "RpcFrameworkError", None),
        (b'[2,["x"],"Heartbeat",{}]', "RpcFrameworkError", None),
        (b'[2,"id",17,{}]', "RpcFrameworkError", "id"),
        (b'[2,"id","Heartbeat",{"a"', "FormatViolation", "id"),
        (b'[2,77,"Heartbeat",{"a"', "FormatViolation", "77"),
        (b'[7,"id",{}]', "MessageTypeNotSupported", "id"),
        (b'[true,"id",{}]', "MessageTypeNotSupported", "id"),
        (b'[2,"id","A",' + b"[" * 100_000, "FormatViolation", "id"),
        (b"[" * 100_000, "RpcFrameworkError", None),
        (b'[2,"id","A",' + b"[" * 500 + b"]" * 500 + b"]", "FormatViolation", "id"),
        (b'[2,"id","A",' + b'{"a":' * 2000 + b"1" + b"}" * 2000 + b"]", "FormatViolation", "id"),
    ],
)
def test_an_unreadable_frame_names_code_and_id(text: bytes, code: str, message_id: str | None) -> None:
    with pytest.raises(UnreadableFrame) as caught:
        parse(text, [])
    assert (caught.value.code, caught.value.message_id) == (code, message_id)


@pytest.mark.parametrize("text", [b'[3,"id",{"a"', b'[4,"id"', b'[9,"id",{}]', b"[3,null,{}]"])
def test_what_is_no_call_is_never_answerable(text: bytes) -> None:
    with pytest.raises(UnreadableFrame) as caught:
        parse(text, [])
    assert not caught.value.answerable


def test_depth_is_limited_to_the_setting() -> None:
    def nested(depth: int) -> bytes:
        return call_text("1", "A", json.loads("[" * (depth - 1) + "]" * (depth - 1)))

    assert parse(nested(8), [], Limits(max_depth=8))
    with pytest.raises(UnreadableFrame):
        parse(nested(9), [], Limits(max_depth=8))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert parse(call_text("1", "A", {"x": [{"y": [i]} for i in range(200)]}), [])


def test_a_description_fits_into_a_callerror() -> None:
    with pytest.raises(UnreadableFrame) as caught:
        parse(b'[2,"id","A",' + b"x" * 4000, [])
    assert len(caught.value.description) <= 255


def test_size_is_limited_and_the_id_still_read() -> None:
    with pytest.raises(UnreadableFrame) as caught:
        parse(b'[2,"id","A",{"a":"' + b"x" * 2000 + b'"}]', [], Limits(max_bytes=1024))
    assert caught.value.message_id == "id"


def test_a_number_of_5000_digits_hurts_nobody() -> None:
    frame, notes = read(b'[2,"1","A",{"n":' + b"9" * 5000 + b"}]")
    assert frame.payload == {"n": "9" * 5000}
    assert notes == ["broken_json"]


@pytest.mark.parametrize(
    ("text", "frame", "deviations"),
    [
        (b'[2,4,"A",{}]', Call("4", "A", {}, 4), ["number_as_message_id"]),
        (b'[2,"","A",{}]', Call("", "A", {}, ""), ["empty_message_id"]),
        (b'[2,"' + b"x" * 40 + b'","A",{}]', Call("x" * 40, "A", {}, "x" * 40), ["long_message_id"]),
        (b'[2,"1","A"]', Call("1", "A", None, "1"), ["missing_elements"]),
        (b'[2,"1","A",{},7]', Call("1", "A", {}, "1"), ["extra_elements"]),
        (b'["2","1","A",{}]', Call("1", "A", {}, "1"), ["text_for_number"]),
        (b'[3,"1"]', CallResult("1", None), ["missing_elements"]),
        (b'[4,"1","InternalError"]', CallError("1", "InternalError", "", {}), ["missing_elements"]),
        (b'[4,"1",null,null,null]', CallError("1", "GenericError", "", {}), []),
    ],
)
def test_odd_shapes_are_read_and_noted(text: bytes, frame: Any, deviations: list[str]) -> None:
    assert read(text) == (frame, deviations)


def test_a_numeric_id_is_repeated_as_a_number() -> None:
    frame, _ = read(b'[2,4,"Heartbeat",{}]')
    assert result_text(frame.said_id, b"{}") == b"[3,4,{}]"


@given(IDS, TEXT.filter(bool), JSON_VALUES)
def test_a_send_comes_back_as_it_was_written(message_id: str, action: str, payload: Any) -> None:
    assert read(send_text(message_id, action, payload)) == (Send(message_id, action, payload), [])


@given(IDS, TEXT)
def test_a_refused_answer_comes_back_as_it_was_written(message_id: str, description: str) -> None:
    text = result_error_text(message_id, "FormatViolation", description)
    assert read(text) == (CallResultError(message_id, "FormatViolation", description, {}), [])


@pytest.mark.parametrize("text", [b'[6,"1"', b'[5,"1",', b'[6,"1",7,{}]', b'[6,null,"NotifyPeriodicEventStream",{}]'])
def test_neither_a_broken_send_nor_a_broken_answer_is_answered(text: bytes) -> None:
    with pytest.raises(UnreadableFrame) as refused:
        parse(text, [])
    assert not refused.value.answerable


def test_a_short_call_result_error_is_read_as_a_short_call_error_is() -> None:
    assert read(b'["5","1","GenericError"]') == (
        CallResultError("1", "GenericError", "", {}),
        ["text_for_number", "missing_elements"],
    )
