"""The remote procedure calls of one connection, without its socket: who waits for which answer until when.

OCPP-J 1.6 section 4.1, 2.x Part 4 section 4: each side has one CALL outstanding; the two directions know nothing of
each other. Inbound that is tolerated away: a station's next CALL may come before our answer, and the answers leave in
the order of the CALLs. Deadlines are absolute, in microseconds. 2.1 adds the SEND, which waits for nothing, and the
CALLRESULTERROR; on a connection of another version both are message types that there are not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from engine.charging.messages import Deviated, Json
from engine.errors import ProtocolError
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.errors import ErrorCode, neutral_code
from engine.ocpp.frames import (
    CALL_ERROR,
    CALL_RESULT,
    CALL_RESULT_ERROR,
    DEFAULT_LIMITS,
    SEND,
    Call,
    CallError,
    CallResult,
    Limits,
    Send,
    UnreadableFrame,
    call_text,
    error_text,
    parse,
    result_error_text,
    result_text,
    send_text,
    unknown_type,
)
from engine.ocpp.port import OcppVersion

_new_tuple: Final = tuple.__new__
"""Makes a NamedTuple in half the time that calling its class takes."""

_WITH_SEND: Final = frozenset({"ocpp2.1"})
"""Subprotocols that know SEND and CALLRESULTERROR."""

_REMEMBERED = 16
"""How many finished CALLs of ours are remembered, to tell a late or second answer from an unsolicited one."""


@final
class CallReceived(NamedTuple):
    """The station asks. `number` names the CALL on this connection: message ids may repeat, numbers do not.

    It is 0 for a SEND, which is never answered. Of a CALL that was known by its form there is no `payload`.
    """

    number: int
    message_id: str
    action: str
    payload: Json
    deviations: list[Deviated]
    raw: bytes | str


@dataclass(frozen=True, slots=True)
class ResultReceived:
    """The station's CALLRESULT to command `command`, whose payload was `sent` and whose CALL left at `left_at`.

    `complaint` is the CALLRESULTERROR to send, if it could not be understood and the version has such a thing.
    """

    command: str
    action: str
    sent: Mapping[str, Json]
    payload: dict[str, Json]
    deviations: list[Deviated]
    message_id: str
    left_at: int
    complaint: bytes | None = None


@dataclass(frozen=True, slots=True)
class ErrorReceived:
    """The station's CALLERROR to command `command`. `code` in the neutral spelling, or as said if it is none.

    `left_at` is when the CALL left.
    """

    command: str
    action: str
    code: str
    description: str
    details: Json
    deviations: list[Deviated]
    message_id: str
    left_at: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A frame that could not be read. `answer` is the CALLERROR to send, None where none may be sent."""

    answer: bytes | None
    error: ProtocolError
    deviations: list[Deviated]


@dataclass(frozen=True, slots=True)
class Ignored:
    """An answer that belongs to no outstanding CALL: `reason` is UNSOLICITED_, LATE_ or DUPLICATE_ANSWER.

    Or, with ANSWER_REFUSED, a CALLRESULTERROR to an answer of ours. `kind` is the message type number.
    """

    reason: Deviation
    message_id: str
    deviations: list[Deviated]
    kind: int


RpcEvent = CallReceived | ResultReceived | ErrorReceived | Rejected | Ignored


class Outstanding(NamedTuple):
    """Our CALL that waits for its answer. `left_at`: before it has left, when it was made."""

    message_id: str
    command: str
    action: str
    deadline: int
    payload: Mapping[str, Json]
    left_at: int


_RECEIVED: Final = CallReceived


class Rpc:
    """One connection's calls and answers. The version may be exchanged when the station proves to speak another."""

    __slots__ = ("_finished", "_limits", "_next_number", "_outstanding", "_unanswered", "version")

    def __init__(self, version: OcppVersion, limits: Limits = DEFAULT_LIMITS) -> None:
        self.version = version
        self._limits = limits
        self._next_number = 1
        self._outstanding: Outstanding | None = None
        self._finished: OrderedDict[str, Deviation] | None = None
        self._unanswered: list[_Slot] = []  # a deque would take 700 bytes in every idle connection

    # --- what the station sends

    def receive(self, text: bytes | str, now: int) -> RpcEvent:
        """Take in one text frame at `now` (microseconds). Never raises."""
        notes: list[Deviated] = []
        try:
            frame = parse(text, notes, self._limits)
        except UnreadableFrame as error:
            return Rejected(self._answer_to_unreadable(error), error, notes)
        if isinstance(frame, Call):
            if self._unanswered:
                note(notes, Deviation.PIPELINED_CALL, frame.action)
            number = self._next_number
            self._next_number = number + 1
            self._unanswered.append(_Slot(number, frame.said_id))
            return _new_tuple(_RECEIVED, (number, frame.message_id, frame.action, frame.payload, notes, text))
        if isinstance(frame, CallResult | CallError):
            return self._answered(frame, notes, now)
        if self.version.subprotocol not in _WITH_SEND:
            kind = SEND if isinstance(frame, Send) else CALL_RESULT_ERROR
            return Rejected(None, unknown_type(kind, frame.message_id), notes)
        if isinstance(frame, Send):
            return CallReceived(0, frame.message_id, frame.action, frame.payload, notes, text)
        note(notes, Deviation.ANSWER_REFUSED, f"{frame.code}: {frame.description}")
        return Ignored(Deviation.ANSWER_REFUSED, frame.message_id, notes, CALL_RESULT_ERROR)

    def seen(self, message_id: str, action: str, text: str) -> CallReceived | None:
        """Take in a CALL that was understood without being parsed; None while another one is unanswered.

        Then it is to be received like any other, for that deviates (`receive` notes it).
        """
        if self._unanswered:
            return None
        number = self._next_number
        self._next_number = number + 1
        self._unanswered.append(_Slot(number, message_id))
        return _new_tuple(_RECEIVED, (number, message_id, action, None, [], text))

    def _answered(self, frame: CallResult | CallError, notes: list[Deviated], now: int) -> RpcEvent:
        """The answer to our outstanding CALL, if it is one."""
        outstanding = self._outstanding
        if outstanding is None or frame.message_id != outstanding.message_id or now >= outstanding.deadline:
            return self._ignored(frame, notes)
        self._finish(Deviation.DUPLICATE_ANSWER)
        message_id, command, action, sent, left_at = (
            outstanding.message_id,
            outstanding.command,
            outstanding.action,
            outstanding.payload,
            outstanding.left_at,
        )
        if isinstance(frame, CallError):
            code = neutral_code(frame.code)
            return ErrorReceived(command, action, code, frame.description, frame.details, notes, message_id, left_at)
        payload = self.version.read_answer(action, frame.payload, notes)
        complaint = self._complaint(message_id, notes)
        return ResultReceived(command, action, sent, payload, notes, message_id, left_at, complaint)

    def _complaint(self, message_id: str, notes: list[Deviated]) -> bytes | None:
        """2.1, Part 4, section 4.2.3: tell the station that its CALLRESULT could not be processed."""
        if self.version.subprotocol not in _WITH_SEND:
            return None
        for deviation in notes:
            if deviation.name == Deviation.INVALID_ANSWER:
                code = self.version.error_code(ErrorCode.FORMAT_VIOLATION.value)
                return result_error_text(message_id, code, deviation.detail)
        return None

    def _answer_to_unreadable(self, error: UnreadableFrame) -> bytes | None:
        if not error.answerable:
            return None
        said_id = error.said_id
        if said_id is None:
            if not self.version.answers_unreadable:
                return None
            said_id = "-1"
        return error_text(said_id, self.version.error_code(error.code), error.description)

    def _ignored(self, frame: CallResult | CallError, notes: list[Deviated]) -> Ignored:
        outstanding, message_id = self._outstanding, frame.message_id
        if outstanding is not None and outstanding.message_id == message_id:
            reason = Deviation.LATE_ANSWER  # past its deadline, which `expire` has not been asked about yet
        else:
            known = self._finished.get(message_id) if self._finished else None
            reason = known or Deviation.UNSOLICITED_ANSWER
        note(notes, reason, message_id)
        return Ignored(reason, message_id, notes, CALL_RESULT if isinstance(frame, CallResult) else CALL_ERROR)

    # --- our answers

    def answer(
        self, number: int, payload: bytes, text: bytes | None = None, *, at_once: bool = False
    ) -> tuple[bytes, ...]:
        """Answer CALL `number` with an encoded payload. Returns the frames that may be sent now, in order.

        None, while an older CALL is unanswered; with the answer to that one, also those that waited for it. With
        `at_once` it waits for none: what memory can tell must not stand behind what waits for a store. A number that
        is unknown or already answered gives none. `text` is the whole frame, where somebody has made it already.
        """
        unanswered = self._unanswered
        if len(unanswered) == 1 and unanswered[0].number == number:
            return (_result(unanswered.pop(0).said_id, payload, text),)
        slot = self._slot(number)
        return () if slot is None else self._settle(slot, _result(slot.said_id, payload, text), at_once)

    def refuse(
        self, number: int, code: str, description: str, details: Json = None, *, at_once: bool = False
    ) -> tuple[bytes, ...]:
        """Answer CALL `number` with a CALLERROR (`code` neutral). Returns frames as `answer` does."""
        slot = self._slot(number)
        if slot is None:
            return ()
        text = error_text(slot.said_id, self.version.error_code(code), description, details)
        return self._settle(slot, text, at_once)

    def forget(self, number: int) -> tuple[bytes, ...]:
        """Never answer CALL `number` (our own trouble: the station will send it again). Returns as `answer` does."""
        slot = self._slot(number)
        return () if slot is None else self._settle(slot, b"")

    @property
    def unanswered(self) -> int:
        """How many CALLs of the station wait for our answer."""
        return len(self._unanswered)

    def _slot(self, number: int) -> _Slot | None:
        for slot in self._unanswered:
            if slot.number == number:
                return slot if slot.text is None else None
        return None

    def _settle(self, slot: _Slot, text: bytes, at_once: bool = False) -> tuple[bytes, ...]:
        slot.text = text
        ready = []
        unanswered = self._unanswered
        if at_once and unanswered[0] is not slot:
            unanswered.remove(slot)
            return (text,)
        while unanswered and unanswered[0].text is not None:
            settled = unanswered.pop(0).text
            if settled:
                ready.append(settled)
        return tuple(ready)

    # --- our calls

    @property
    def outstanding(self) -> Outstanding | None:
        """Our CALL that waits for its answer, if there is one."""
        return self._outstanding

    def call(
        self, message_id: str, command: str, action: str, payload: Mapping[str, Json], deadline: int, now: int
    ) -> bytes:
        """The frame of a CALL to send at `now`, answerable until `deadline` (both microseconds).

        The payload has passed `OcppVersion.validate_call`. Raises RuntimeError while another CALL is outstanding.
        """
        if self._outstanding is not None:
            raise RuntimeError(f"CALL {self._outstanding.message_id} is still outstanding")
        text = call_text(message_id, action, dict(payload))
        self._outstanding = Outstanding(message_id, command, action, max(deadline, now), payload, now)
        return text

    def left(self, message_id: str, now: int) -> None:
        """Our CALL leaves now: from here on the station's time counts. Another one's is no news."""
        outstanding = self._outstanding
        if outstanding is not None and outstanding.message_id == message_id:
            self._outstanding = outstanding._replace(left_at=now)

    def send(self, message_id: str, action: str, payload: Mapping[str, Json]) -> bytes:
        """The frame of a SEND, which may leave at any time. Raises RuntimeError in a version that has none."""
        if self.version.subprotocol not in _WITH_SEND:
            raise RuntimeError(f"{self.version.subprotocol} has no SEND")
        return send_text(message_id, action, dict(payload))

    def expire(self, now: int) -> Outstanding | None:
        """Give up our CALL if its deadline has come, and return it."""
        outstanding = self._outstanding
        if outstanding is None or now < outstanding.deadline:
            return None
        self._finish(Deviation.LATE_ANSWER)
        return outstanding

    def _finish(self, meaning: Deviation) -> None:
        """Clear the outstanding CALL. `meaning` is what a further answer to it would be."""
        outstanding, self._outstanding = self._outstanding, None
        if outstanding is None:
            return
        if self._finished is None:
            self._finished = OrderedDict()
        self._finished[outstanding.message_id] = meaning
        if len(self._finished) > _REMEMBERED:
            self._finished.popitem(last=False)


def _result(said_id: str | float, payload: bytes, text: bytes | None) -> bytes:
    """The CALLRESULT. An id that is no text is answered as it was said, which others do not know."""
    return text if text is not None and type(said_id) is str else result_text(said_id, payload)


class _Slot:
    """A station's CALL. `text` is our answer once it is there, b"" if there will be none."""

    __slots__ = ("number", "said_id", "text")

    def __init__(self, number: int, said_id: str | float) -> None:
        self.number, self.said_id = number, said_id
        self.text: bytes | None = None


def refusal_of(error: ProtocolError) -> tuple[str, str]:
    """Code and description for `Rpc.refuse`."""
    return error.code or ErrorCode.GENERIC_ERROR.value, error.description
