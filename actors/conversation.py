"""One connection's OCPP conversation: from frames to machine messages, and from answers back to frames.

It puts the RPC, the version's payloads and the message log together, and lives as long as its connection counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog

from actors.interpreter import Batch
from actors.link import Link
from engine.charging.effects import SendCall
from engine.charging.messages import (
    Answer,
    AuthorizeAnswer,
    AuthorizeAsked,
    BootAnswer,
    Booted,
    CallAnswered,
    CallRefused,
    Deviated,
    Heartbeat,
    HeartbeatAnswer,
)
from engine.errors import ProtocolError, Unavailable
from engine.ids import new_id
from engine.journal.encoding import message_record
from engine.journal.port import Record
from engine.ocpp.frames import CALL, CALL_ERROR, CALL_RESULT
from engine.ocpp.port import OcppVersion
from engine.ocpp.redaction import redact_text
from engine.ocpp.rpc import CallReceived, ErrorReceived, Rejected, ResultReceived, Rpc, RpcEvent

if TYPE_CHECKING:
    from actors.charge_point import ChargePointActor
    from actors.runtime import Runtime

log = structlog.get_logger("conversation")
MANY_WAITING = 32
FROM_MEMORY = frozenset({"Heartbeat", "Authorize", "BootNotification"})


class Conversation:
    """The RPC of one connection in one version. `waiting` answers leave after commits that are still under way."""

    __slots__ = ("_rpc", "_runtime", "version", "waiting")

    def __init__(self, runtime: Runtime, version: OcppVersion) -> None:
        self._runtime = runtime
        self.version = version
        self._rpc = Rpc(version, runtime.limits)
        self.waiting = 0

    # frames in -------------------------------------------------------------------------------------------------------

    def frame(self, actor: ChargePointActor, text: bytes) -> None:
        """Take in a frame while the actor is live. Raises what the machine raises."""
        runtime = self._runtime
        now = runtime.clock.now()
        heard = self._rpc.receive(text, now)
        if type(heard) is not CallReceived:
            self._other(actor, heard, text, now)
            return
        batch = Batch(now, heard.number)
        deviations = heard.deviations
        circumstances = runtime.circumstances
        circumstances.received = now
        circumstances.durable = runtime.committer.available
        circumstances.notes = deviations
        try:
            actor.step_in(self.version.understand(heard.action, heard.payload, circumstances), batch)
        except ProtocolError as error:
            self._refuse(actor, heard, batch, error)
        except Unavailable as error:
            # Our own trouble is no answer: the station asks again.
            log.warning("call_unanswered", charge_point=actor.id, action=heard.action, error=str(error))
            self._rpc.forget(heard.number)
            return
        except Exception:
            self._rpc.forget(heard.number)
            raise
        if deviations:
            self._note(actor, deviations, batch)
        if runtime.message_log:
            batch.records.append(self._call_record(actor, heard, text, batch))
        actor.commit(batch)

    def _other(self, actor: ChargePointActor, heard: RpcEvent, text: bytes, now: int) -> None:
        """Everything that is no CALL: answers to ours, and what cannot be read."""
        batch = Batch(now)
        action, kind, answer = "", 0, None
        if isinstance(heard, ResultReceived):
            action, kind = heard.action, CALL_RESULT
            actor.step_in(self._answered(heard), batch)
        elif isinstance(heard, ErrorReceived):
            action, kind = heard.action, CALL_ERROR
            actor.step_in(CallRefused(heard.command, heard.code, heard.description, heard.details), batch)
        elif isinstance(heard, Rejected) and heard.answer is not None:
            answer = heard.answer.decode()
            if actor.link is not None:
                actor.link.send(heard.answer)
        self._note(actor, heard.deviations, batch)
        if self._runtime.message_log:
            batch.records.append(
                message_record(
                    actor.id,
                    actor.state.connection,
                    now,
                    "in",
                    kind,
                    action,
                    "",
                    redact_text(text).decode("utf-8", "replace"),
                    answer,
                    [deviation.name for deviation in heard.deviations],
                )
            )
        actor.commit(batch)

    def _answered(self, heard: ResultReceived) -> CallAnswered:
        """What the station's answer means and teaches, by its version."""
        action, payload = heard.action, heard.payload
        facts = self.version.learned(action, heard.sent, payload)
        return CallAnswered(heard.command, payload, self.version.outcome(action, payload), facts)

    def _refuse(self, actor: ChargePointActor, call: CallReceived, batch: Batch, error: ProtocolError) -> None:
        log.info("call_refused", charge_point=actor.id, action=call.action, code=error.code, why=error.description)
        batch.refusal = (error.code, error.description)
        batch.durable = False

    def _call_record(self, actor: ChargePointActor, call: CallReceived, text: bytes, batch: Batch) -> Record:
        """The message log's row of a CALL and its answer."""
        deviations = call.deviations
        # A MeterValues that passed its schema has no room for a secret; it is by far the most frequent frame.
        raw = text if call.action == "MeterValues" and not deviations else redact_text(text)
        if batch.payload is not None:
            answer = f'[3,"{call.message_id}",{batch.payload.decode()}]'
        elif batch.refusal is not None:
            answer = f'[4,"{call.message_id}","{self.version.error_code(batch.refusal[0])}"]'
        else:
            answer = None
        return message_record(
            actor.id,
            actor.state.connection,
            batch.now,
            "in",
            CALL,
            call.action,
            call.message_id,
            raw.decode("utf-8", "replace"),
            answer,
            [deviation.name for deviation in deviations] if deviations else (),
        )

    def frame_from_memory(self, actor: ChargePointActor, text: bytes) -> bool:
        """Answer what needs no state while there is none; False if the frame has to wait for it."""
        if not any(action.encode() in text for action in FROM_MEMORY):
            return False
        now = self._runtime.clock.now()
        asked = Rpc(self.version, self._runtime.limits)
        call = asked.receive(text, now)
        if not isinstance(call, CallReceived) or call.action not in FROM_MEMORY or actor.link is None:
            return False
        circumstances = self._runtime.circumstances
        circumstances.received, circumstances.durable, circumstances.notes = now, False, []
        try:
            message = self.version.understand(call.action, call.payload, circumstances)
        except ProtocolError:
            return False
        answer: Answer
        if isinstance(message, Heartbeat):
            answer = HeartbeatAnswer(now)
        elif isinstance(message, AuthorizeAsked):
            answer = AuthorizeAnswer(message.standing)
        elif isinstance(message, Booted):
            answer = BootAnswer("Pending", self._runtime.machine.pending_interval_s, now)
        else:
            return False
        for frame in asked.answer(call.number, self.version.answer(answer)):
            actor.link.send(frame)
        return True

    # answers out -----------------------------------------------------------------------------------------------------

    def waiting_answer(self, link: Link, batch: Batch) -> Callable[[], None]:
        """What sends the batch's answer after its commit. Too many that wait, and the link is not read for a while."""
        self.waiting += 1
        if self.waiting > MANY_WAITING:
            link.waiting(self.waiting)
        return partial(self._leave_late, link, batch)

    def _leave_late(self, link: Link, batch: Batch) -> None:
        self.waiting -= 1
        if self.waiting >= MANY_WAITING:
            link.waiting(self.waiting)
        self.leave(link, batch)

    def leave(self, link: Link, batch: Batch) -> None:
        """Send the answer to the batch's CALL, and those that waited for it to go first."""
        if batch.payload is not None:
            frames = self._rpc.answer(batch.number, batch.payload, at_once=not batch.durable)
        elif batch.refusal is not None:
            frames = self._rpc.refuse(batch.number, *batch.refusal, at_once=not batch.durable)
        else:
            frames = self._rpc.forget(batch.number)
        for frame in frames:
            link.send(frame)

    # our calls -------------------------------------------------------------------------------------------------------

    def prepare(self, actor: ChargePointActor, link: Link, effect: SendCall, batch: Batch) -> None:
        """Have a CALL leave after the commit that holds its "sent"."""
        self._rpc.expire(batch.now)
        deadline = effect.deadline
        message_id = new_id()
        text = self._rpc.call(message_id, effect.command, effect.action, dict(effect.payload), deadline, batch.now)
        batch.afterwards(partial(link.send, text))
        if self._runtime.message_log:
            raw = redact_text(text).decode()
            batch.records.append(
                message_record(actor.id, link.number, batch.now, "out", CALL, effect.action, message_id, raw, None, ())
            )

    def _note(self, actor: ChargePointActor, deviations: Sequence[Deviated], batch: Batch) -> None:
        for deviation in deviations:
            actor.step_in(deviation, batch)
