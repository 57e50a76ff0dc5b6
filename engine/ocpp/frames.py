"""OCPP-J frames: text to `Call`, `CallResult`, `CallError` and 2.1's `CallResultError` and `Send`, and back.

OCPP-J 1.6 chapter 4; 2.x Part 4 chapter 4. Which types a connection may use is for `rpc.py` to know. The strict parser
goes first; only what it refuses is read leniently, each leniency noted. Frames are bytes on both sides: that is what
orjson and a WebSocket text frame take without a copy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from engine.charging.messages import Deviated, Json
from engine.errors import ProtocolError
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.errors import MAX_DESCRIPTION, ErrorCode
from engine.ocpp.lenient_json import read_lenient

CALL: Final = 2
CALL_RESULT: Final = 3
CALL_ERROR: Final = 4
CALL_RESULT_ERROR: Final = 5
SEND: Final = 6
_TYPES = frozenset((CALL, CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR, SEND))
_TYPE_TEXTS = frozenset(str(kind) for kind in _TYPES)
MAX_MESSAGE_ID: Final = 36
"""Longest message id of the specification. Longer ones are noted and answered all the same."""
MAX_LENIENT_BYTES = 65_536
"""Broken frames above this are refused: reading one leniently holds the event loop some microseconds a token."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest frame in bytes (after decompression) and the deepest nesting that is accepted."""

    max_bytes: int = 262_144
    max_depth: int = 32


DEFAULT_LIMITS = Limits()


class Call(NamedTuple):
    """`said_id` is the message id as the station wrote it (text or number): the answer repeats it so."""

    message_id: str
    action: str
    payload: Json
    said_id: str | int | float


class CallResult(NamedTuple):
    message_id: str
    payload: Json


class CallError(NamedTuple):
    message_id: str
    code: str
    description: str
    details: Json


class CallResultError(NamedTuple):
    """2.1: the station could not understand our CALLRESULT to its CALL of this id."""

    message_id: str
    code: str
    description: str
    details: Json


class Send(NamedTuple):
    """2.1: a message that is never answered."""

    message_id: str
    action: str
    payload: Json


Frame = Call | CallResult | CallError | CallResultError | Send
_loads: Final = orjson.loads
_dumps: Final = orjson.dumps
_new_tuple: Final = tuple.__new__
"""Makes a NamedTuple in half the time that calling its class takes."""
_CALL: Final = Call
"""As other names with `Final`: what is compiled looks those up at each use that are not."""


class UnreadableFrame(ProtocolError):
    """A frame that could not be read. `said_id` as in `Call`; `answerable` False: an answer itself, or an unknown type.

    OCPP-J 1.6 section 4.1.3 has a receiver ignore unknown message types, and no version answers an answer.
    """

    def __init__(
        self, code: ErrorCode, description: str, said_id: str | float | None = None, *, answerable: bool = True
    ) -> None:
        super().__init__(
            code.value, description[:MAX_DESCRIPTION], message_id=None if said_id is None else str(said_id)
        )
        self.said_id, self.answerable = said_id, answerable


def parse(data: bytes | str, notes: list[Deviated], limits: Limits = DEFAULT_LIMITS) -> Frame:
    """Read one frame. What was odd is added to `notes`. Raises UnreadableFrame, and nothing else."""
    if len(data) > limits.max_bytes:
        raise UnreadableFrame(
            ErrorCode.FORMAT_VIOLATION, f"The frame is larger than {limits.max_bytes} bytes.", *_head(data)
        )
    try:
        elements = _loads(data)
    except orjson.JSONDecodeError as error:
        elements = _read_broken(data, notes, limits, error)
    if _may_be_deep(data, limits.max_depth) and _is_deeper(elements, limits.max_depth):
        raise UnreadableFrame(
            ErrorCode.FORMAT_VIOLATION, f"The frame is nested deeper than {limits.max_depth}.", *_head(data)
        )
    # The shape that nearly all frames have, before anything that could be odd is looked at.
    if type(elements) is list and len(elements) == 4 and elements[0] == CALL:
        _, said_id, action, payload = elements
        if type(said_id) is str and 0 < len(said_id) <= MAX_MESSAGE_ID and type(action) is str:
            return _new_tuple(_CALL, (said_id, action, payload, said_id))
    return _read_elements(elements, notes)


def _may_be_deep(data: bytes | str, max_depth: int) -> bool:
    """Whether there are brackets enough for it: counting is cheap, walking the tree is not."""
    size = len(data)
    # What is left without them, because `count` looks at every byte by itself and `replace` jumps from hit to hit.
    if isinstance(data, str):
        return 2 * size - len(data.replace("[", "")) - len(data.replace("{", "")) > max_depth
    return 2 * size - len(data.replace(b"[", b"")) - len(data.replace(b"{", b"")) > max_depth


def _is_deeper(value: Json, max_depth: int) -> bool:
    """Whether `value` is nested deeper than `max_depth`, level by level (never by recursion)."""
    level: list[Any] = [value]
    for _ in range(max_depth):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                below.extend(item.values())
            elif type(item) is list:
                below.extend(item)
        if not below:
            return False
        level = below
    return any(isinstance(item, dict | list) for item in level)


_HEAD = re.compile(
    r'[\ufeff\s\0]*\[[\s,]*"?(\d)"?\s*,\s*("(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]){0,255}"|-?\d{1,15})\s*(?:[,\]]|\Z)',
    re.ASCII,
)


def _head(data: bytes | str) -> tuple[str | int | None]:
    """The id of an unreadable CALL if its beginning can be read (as arguments of UnreadableFrame)."""
    text = data[:600] if isinstance(data, str) else bytes(data[:600]).decode("latin-1").removeprefix("ï»¿")
    match = _HEAD.match(text)
    if match is None or match[1] != "2":
        return (None,)
    try:
        said_id = orjson.loads(match[2])
    except orjson.JSONDecodeError:
        return (None,)
    return (said_id if isinstance(said_id, str | int) else None,)


def _is_unanswered(data: bytes | str) -> bool:
    """Whether this was an answer or a SEND: neither is answered, however broken."""
    text = data[:600] if isinstance(data, str) else bytes(data[:600]).decode("latin-1")
    match = _HEAD.match(text)
    return match is not None and match[1] in "3456"


def _read_broken(data: bytes | str, notes: list[Deviated], limits: Limits, error: Exception) -> Json:
    try:
        if len(data) > MAX_LENIENT_BYTES:
            raise ValueError(str(error))
        text, found = _decoded(data)
        elements, rest = read_lenient(text, limits.max_depth)
    except ValueError as reason:
        (said_id,) = _head(data)
        code = ErrorCode.RPC_FRAMEWORK_ERROR if said_id is None else ErrorCode.FORMAT_VIOLATION
        raise UnreadableFrame(code, f"No JSON: {reason}", said_id, answerable=not _is_unanswered(data)) from None
    if rest.strip():
        found.append(Deviation.TRAILING_GARBAGE)
    for deviation in found:
        note(notes, deviation, str(error))
    if not found or Deviation.INVALID_UTF8 in found or not _is_strict(text, rest):
        note(notes, Deviation.BROKEN_JSON, str(error))
    return elements


def _is_strict(text: str, rest: str) -> bool:
    """Whether the text without what follows it is JSON after all: then only the rest was odd."""
    try:
        orjson.loads(text.removesuffix(rest))
    except orjson.JSONDecodeError:
        return False
    return True


def _decoded(data: bytes | str) -> tuple[str, list[Deviation]]:
    found: list[Deviation] = []
    if isinstance(data, str):
        text = data
    else:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("latin-1")
            found.append(Deviation.INVALID_UTF8)
    without_mark = text.removeprefix("\ufeff")
    if without_mark is not text and len(without_mark) != len(text):
        found.append(Deviation.BYTE_ORDER_MARK)
    stripped = without_mark.lstrip("\0")
    return stripped, found


def _read_elements(elements: Json, notes: list[Deviated]) -> Frame:
    """Every other shape than the usual CALL."""
    if type(elements) is not list or len(elements) < 2:
        raise UnreadableFrame(ErrorCode.RPC_FRAMEWORK_ERROR, "A frame is a list of a message type, an id and more.")
    kind = elements[0]
    if type(kind) is str and kind in _TYPE_TEXTS:
        kind = int(kind)
        note(notes, Deviation.TEXT_FOR_NUMBER, "message type")
    if type(kind) not in (int, float) or kind not in _TYPES:
        raise unknown_type(kind, elements[1])
    said_id = _checked_id(elements[1], notes, answerable=kind == CALL)
    if kind == CALL:
        return _read_call(said_id, elements, notes)
    if kind == CALL_RESULT:
        return _read_result(said_id, elements, notes)
    if kind == SEND:
        return _read_send(said_id, elements, notes)
    error = _read_error(said_id, elements, notes)
    return error if kind == CALL_ERROR else CallResultError(*error)


def unknown_type(kind: Json, said_id: Json) -> UnreadableFrame:
    """The error of a frame whose message type there is not, or not in this version: it is ignored."""
    said = said_id if type(said_id) in (str, int) else None
    description = f"Message type {str(kind)[:20]} is not known."
    return UnreadableFrame(ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, description, said, answerable=False)


def _checked_id(said_id: Json, notes: list[Deviated], *, answerable: bool) -> str | int | float:
    if type(said_id) is str:
        if not said_id:
            note(notes, Deviation.EMPTY_MESSAGE_ID)
        elif len(said_id) > MAX_MESSAGE_ID:
            note(notes, Deviation.LONG_MESSAGE_ID, f"{len(said_id)} characters")
        return said_id
    if type(said_id) is int or type(said_id) is float:
        note(notes, Deviation.NUMBER_AS_MESSAGE_ID)
        return said_id
    raise UnreadableFrame(ErrorCode.RPC_FRAMEWORK_ERROR, "The message id is no text.", answerable=answerable)


def _pad(elements: list[Json], length: int, required: int, notes: list[Deviated]) -> list[Json]:
    if len(elements) > length:
        note(notes, Deviation.EXTRA_ELEMENTS, f"{len(elements)} instead of {length}")
    elif len(elements) < required:
        note(notes, Deviation.MISSING_ELEMENTS, f"{len(elements)} instead of {length}")
    return (elements + [None] * length)[:length]


def _read_call(said_id: str | float, elements: list[Json], notes: list[Deviated]) -> Call:
    _, _, action, payload = _pad(elements, 4, 4, notes)
    if type(action) is not str or not action:
        raise UnreadableFrame(ErrorCode.RPC_FRAMEWORK_ERROR, "The action is no text.", said_id)
    return Call(str(said_id), action, payload, said_id)


def _read_send(said_id: str | float, elements: list[Json], notes: list[Deviated]) -> Send:
    _, _, action, payload = _pad(elements, 4, 4, notes)
    if type(action) is not str or not action:
        raise UnreadableFrame(ErrorCode.RPC_FRAMEWORK_ERROR, "The action is no text.", answerable=False)
    return Send(str(said_id), action, payload)


def _read_result(said_id: str | float, elements: list[Json], notes: list[Deviated]) -> CallResult:
    return CallResult(str(said_id), _pad(elements, 3, 3, notes)[2])


def _read_error(said_id: str | float, elements: list[Json], notes: list[Deviated]) -> CallError:
    # Many stations leave description and details out.
    _, _, code, description, details = _pad(elements, 5, 5, notes)
    return CallError(
        str(said_id),
        code if type(code) is str else "GenericError",
        "" if description is None else str(description)[:MAX_DESCRIPTION],
        {} if details is None else details,
    )


def call_text(message_id: str, action: str, payload: Json) -> bytes:
    """A CALL."""
    return orjson.dumps([CALL, message_id, action, payload])


def result_text(said_id: str | float, payload: bytes) -> bytes:
    """A CALLRESULT around an encoded payload."""
    return b"[3," + _dumps(said_id) + b"," + payload + b"]"


def error_text(said_id: str | float, code: str, description: str, details: Json = None) -> bytes:
    """A CALLERROR. `code` in the spelling of the connection's version."""
    return orjson.dumps([CALL_ERROR, said_id, code, description[:MAX_DESCRIPTION], {} if details is None else details])


def result_error_text(message_id: str, code: str, description: str) -> bytes:
    """A CALLRESULTERROR (2.1). `code` in the connection's version's spelling."""
    return orjson.dumps([CALL_RESULT_ERROR, message_id, code, description[:MAX_DESCRIPTION], {}])


def send_text(message_id: str, action: str, payload: Json) -> bytes:
    """A SEND (2.1)."""
    return orjson.dumps([SEND, message_id, action, payload])
