"""Does what machines want done: the one place where effects become records, frames, timers and answers.

One step of a machine is one `Batch`: its records go into one commit, and what is durable among its answers, calls and
outcomes leaves after that commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from engine.charging.effects import (
    Append,
    AppendMeters,
    CancelTimer,
    CloseConnection,
    CommandEnded,
    Effect,
    ForgetSession,
    OpenSession,
    Operate,
    RefuseCall,
    Reply,
    SendCall,
    SetTimer,
    TellChargePoint,
    TellSession,
)
from engine.charging.session.machine import SessionState
from engine.charging.session.machine import step as step_session
from engine.journal.activation import Landing
from engine.journal.encoding import event_records, meter_records
from engine.journal.port import Record

if TYPE_CHECKING:
    from actors.charge_point import ChargePointActor
    from actors.conversation import Conversation
    from actors.link import Link

_APPEND_METERS: Final = AppendMeters
_TELL_SESSION: Final = TellSession
_REPLY: Final = Reply
"""As other names with `Final`: what is compiled looks those up at each use that are not."""


class Batch(Landing):
    """What one step asks for. `number` is the RPC's of the CALL being handled, 0 if the step is about something else.

    A batch lives until its commit, so it holds no more of the CALL than that: a frame's JSON tree is let go at once.

    `payload` is its CALLRESULT's, or `refusal` the (neutral code, description) of its CALLERROR; neither while it is
    not answered. `answer` is the CALLRESULT's whole frame, once the message log has made it. `proven` says that the
    CALL held nothing but what is known. With `durable` the answer leaves after the commit, by `link` in `conversation`.
    `forget` are digest sets that may expire.
    """

    __slots__ = (
        "after",
        "answer",
        "conversation",
        "durable",
        "forget",
        "link",
        "now",
        "number",
        "payload",
        "proven",
        "records",
        "refusal",
    )

    def __init__(self, now: int, number: int = 0) -> None:
        self.now = now
        self.number = number
        self.records: list[Record] = []
        self.after: list[Callable[[], Any]] | None = None
        self.payload: bytes | None = None
        self.answer: bytes | None = None
        self.refusal: tuple[str, str] | None = None
        self.durable = True
        self.proven = False
        self.forget: Sequence[str] = ()
        self.link: Link | None = None
        self.conversation: Conversation | None = None

    def afterwards(self, act: Callable[[], Any]) -> None:
        """Have something done after the commit."""
        if self.after is None:
            self.after = []
        self.after.append(act)

    def landed(self) -> None:
        """The commit is on disk: the answer that waited for it leaves."""
        if self.conversation is not None and self.link is not None:
            self.conversation.leave_late(self.link, self)


def perform(actor: ChargePointActor, effects: list[Effect], batch: Batch) -> None:
    """Perform effects in order. Sessions are stepped in place, so their effects come where they were told."""
    for effect in effects:
        # The three effects of a meter value first, without a call each: they are nearly all that there is to do.
        if isinstance(effect, _APPEND_METERS):
            batch.records += meter_records(actor.id, effect)
        elif isinstance(effect, _TELL_SESSION):
            sessions = actor.sessions
            name = effect.session
            sessions[name], told = step_session(sessions[name], effect.message, batch.now, actor.runtime.machine)
            perform(actor, told, batch)
        elif isinstance(effect, _REPLY):
            if actor.conversation is not None:
                batch.payload = actor.conversation.answer(actor, effect.answer)
                batch.durable = effect.durable
        else:
            _PERFORM[type(effect)](actor, effect, batch)


def _append(actor: ChargePointActor, effect: Append, batch: Batch) -> None:
    batch.records += event_records(effect.event)


def _refuse(actor: ChargePointActor, effect: RefuseCall, batch: Batch) -> None:
    batch.refusal = (effect.code, effect.description)


def _send_call(actor: ChargePointActor, effect: SendCall, batch: Batch) -> None:
    if actor.conversation is not None and actor.link is not None:
        actor.conversation.prepare(actor, actor.link, effect, batch)


def _command_ended(actor: ChargePointActor, effect: CommandEnded, batch: Batch) -> None:
    batch.afterwards(partial(actor.runtime.commands.ended, effect))


def _set_timer(actor: ChargePointActor, effect: SetTimer, batch: Batch) -> None:
    actor.runtime.timers.set(actor, effect.name, effect.at)


def _cancel_timer(actor: ChargePointActor, effect: CancelTimer, batch: Batch) -> None:
    actor.runtime.timers.cancel(actor, effect.name)


def _close(actor: ChargePointActor, effect: CloseConnection, batch: Batch) -> None:
    if actor.link is not None:
        batch.afterwards(partial(actor.link.close, effect.code, effect.reason))


def _tell_charge_point(actor: ChargePointActor, effect: TellChargePoint, batch: Batch) -> None:
    actor.step_in(effect.message, batch)


def _operate(actor: ChargePointActor, effect: Operate, batch: Batch) -> None:
    request = actor.runtime.own_command(actor, effect)
    if request is not None:
        actor.step_in(request, batch)


def _open_session(actor: ChargePointActor, effect: OpenSession, batch: Batch) -> None:
    actor.sessions[effect.session] = SessionState(actor.id, effect.session)


def _forget_session(actor: ChargePointActor, effect: ForgetSession, batch: Batch) -> None:
    # A day's stream outside of transactions is forgotten by this effect too; it has no session.
    if actor.sessions.pop(effect.session, None) is not None:
        actor.forgotten.append(effect.session)
    batch.forget = [*batch.forget, effect.session]


_PERFORM: Final[dict[type[Effect], Callable[[ChargePointActor, Any, Batch], None]]] = {
    Append: _append,
    RefuseCall: _refuse,
    SendCall: _send_call,
    CommandEnded: _command_ended,
    SetTimer: _set_timer,
    CancelTimer: _cancel_timer,
    CloseConnection: _close,
    TellChargePoint: _tell_charge_point,
    Operate: _operate,
    OpenSession: _open_session,
    ForgetSession: _forget_session,
}
