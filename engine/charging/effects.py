"""What a machine wants done. The actor layer's interpreter (`actors/interpreter.py`) does it; nothing else happens.

Order matters: effects are performed as listed. An `Append` and every durable `Reply` and `SendCall` of one step go out
with one commit; what is durable leaves only after that commit (invariant 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.charging.events import Event
from engine.charging.messages import Answer, MeterReading
from engine.charging.operations import Operation
from engine.charging.session.messages import SessionMessage
from engine.charging.session.reports import SessionReport


@dataclass(frozen=True, slots=True)
class Append:
    """Write a fact into the journal (channel `e`, and the channels that engine/journal/records.py derives from it)."""

    event: Event


class AppendMeters(NamedTuple):
    """Write meter readings (channel `m`), each sampled value once (invariant 2).

    `stream` names the digest set they are checked against: the session's id, or for values outside of any
    transaction the station's name and day. `ordered` says that every reading is younger than all before it in this
    stream, so that none can be a repeat and the check may be left out. A named tuple, since every message makes one.
    """

    stream: str
    session: str
    evse: int
    connector: int
    transaction: str
    readings: tuple[MeterReading, ...]
    ordered: bool


class Reply(NamedTuple):
    """Answer the CALL that is being handled. `durable` False: may leave before any commit (Heartbeat, Authorize).

    A later one of the same step takes an earlier one's place.
    """

    answer: Answer
    durable: bool = True


@dataclass(frozen=True, slots=True)
class RefuseCall:
    """Answer the CALL that is being handled with a CALLERROR. `code` as spelt neutrally in engine/ocpp/errors.py."""

    code: str
    description: str


@dataclass(frozen=True, slots=True)
class SendCall:
    """Send a CALL to the station after this step's commit. `deadline` in microseconds."""

    command: str
    action: str
    payload: Mapping[str, Any]
    deadline: int


@dataclass(frozen=True, slots=True)
class CommandEnded:
    """Tell whoever waits how the command ended, after this step's commit. `outcome` as in `events.CommandOutcome`."""

    command: str
    outcome: str
    payload: Any = None


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Send `TimerFired(name)` at `at` (microseconds). A timer of the same name is replaced."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class CancelTimer:
    name: str


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """Close the present socket with a WebSocket close code."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Bring a session's actor to life in this host; its first message follows as `TellSession`."""

    session: str


class TellSession(NamedTuple):
    """Hand a message to a session's machine, now, in the same step and the same commit.

    `engine/charging/session/machine.py` takes it.
    """

    session: str
    message: SessionMessage


@dataclass(frozen=True, slots=True)
class TellChargePoint:
    """Hand a session's message to its charge point's machine, now, in the same step and the same commit."""

    message: SessionReport


@dataclass(frozen=True, slots=True)
class Operate:
    """Have a command of our own accord queued, in the words of the station's version. One without words: nothing."""

    command: str
    operation: Operation
    deadline: int


@dataclass(frozen=True, slots=True)
class ForgetSession:
    """The session is final: its actor ends, its snapshot part is deleted, its digests expire 7 days from now.

    `session` may also be the name of a day's meter stream outside of transactions: then only the digests are meant.
    """

    session: str


Effect = (
    Append
    | AppendMeters
    | Reply
    | RefuseCall
    | SendCall
    | CommandEnded
    | SetTimer
    | CancelTimer
    | CloseConnection
    | OpenSession
    | TellSession
    | TellChargePoint
    | Operate
    | ForgetSession
)
