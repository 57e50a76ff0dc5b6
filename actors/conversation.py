"""One connection's OCPP conversation: from frames to machine messages, and from answers back to frames.

It puts the RPC, the version's payloads and the message log together, and lives as long as its connection counts.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from engine.ocpp.frames import CALL, CALL_ERROR, CALL_RESULT
from engine.ocpp.port import OcppVersion
from engine.ocpp.redaction import redact_text
from engine.ocpp.rpc import CallReceived, ErrorReceived, Ignored, Rejected, ResultReceived, Rpc

if TYPE_CHECKING:
    from actors.charge_point import ChargePointActor
    from actors.runtime import Runtime

log = structlog.get_logger("conversation")
FROM_MEMORY = frozenset({"Heartbeat", "Authorize", "BootNotification"})


class Conversation:
    """The RPC of one connection in one version."""

    __slots__ = ("_rpc", "_runtime", "version")

    def __init__(self, runtime: Runtime, version: OcppVersion) -> None:
        self._runtime = runtime
        self.version = version
        self._rpc = Rpc(version, runtime.limits)

    # frames in -------------------------------------------------------------------------------------------------------

    def frame(self, actor: ChargePointActor, text: bytes) -> None:
        """Take in a frame while the actor is live. Raises what the machine raises."""
        now = self._runtime.clock.now()
        heard = self._rpc.receive(text, now)
        if type(heard) is CallReceived:
            self._call(actor, heard, text, now)
            return
        batch = Batch(now)
        action, kind = "", 0
        if isinstance(heard, ResultReceived):
            action, kind = heard.action, CALL_RESULT
            actor.step_in(CallAnswered(heard.command, heard.payload), batch)
        elif isinstance(heard, ErrorReceived):
            action, kind = heard.action, CALL_ERROR
            actor.step_in(CallRefused(heard.command, heard.code, heard.description, heard.details), batch)
        elif isinstance(heard, Rejected):
            if heard.answer is not None and actor.link is not None:
                actor.link.send(heard.answer)
        else:
            assert isinstance(heard, Ignored)
        answer = heard.answer if isinstance(heard, Rejected) else None
        self._note(actor, heard.deviations, batch)
        self._log(actor, batch, kind, action, "", text, answer, heard.deviations)
        actor.commit(batch)

    def _call(self, actor: ChargePointActor, call: CallReceived, text: bytes, now: int) -> None:
        batch = Batch(now, call)
        circumstances = self._runtime.circumstances
        circumstances.received = now
        circumstances.durable = self._runtime.committer.available
        circumstances.notes = call.deviations
        try:
            message = self.version.understand(call.action, call.payload, circumstances)
            actor.step_in(message, batch)
        except ProtocolError as error:
            self._refuse(actor, call, batch, error)
        except Unavailable as error:
            # Our own trouble is no answer: the station asks again.
            log.warning("call_unanswered", charge_point=actor.id, action=call.action, error=str(error))
            self._rpc.forget(call.number)
            return
        except Exception:
            self._rpc.forget(call.number)
            raise
        if call.deviations:
            self._note(actor, call.deviations, batch)
        if self._runtime.message_log:
            self._log(actor, batch, CALL, call.action, call.message_id, text, batch.shown, call.deviations)
        actor.commit(batch)

    def _refuse(self, actor: ChargePointActor, call: CallReceived, batch: Batch, error: ProtocolError) -> None:
        log.info("call_refused", charge_point=actor.id, action=call.action, code=error.code, why=error.description)
        self.refuse(batch, error.code, error.description)
        batch.durable = False

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

    def answer(self, batch: Batch, answer: Answer) -> None:
        """Prepare the CALLRESULT to the CALL that the batch handles."""
        call = batch.call
        if call is not None:
            payload = self.version.answer(answer)
            batch.shown = b'[3,"%b",%b]' % (call.message_id.encode(), payload)
            batch.leave = partial(self._leave, call.number, payload)

    def refuse(self, batch: Batch, code: str, description: str) -> None:
        """Prepare a CALLERROR to the CALL that the batch handles. `code` neutral."""
        call = batch.call
        if call is not None:
            spelled = self.version.error_code(code)
            batch.shown = f'[4,"{call.message_id}","{spelled}"]'.encode()
            batch.leave = partial(self._leave_error, call.number, code, description)

    def _leave(self, number: int, payload: bytes, link: Link) -> None:
        for frame in self._rpc.answer(number, payload):
            link.send(frame)

    def _leave_error(self, number: int, code: str, description: str, link: Link) -> None:
        for frame in self._rpc.refuse(number, code, description):
            link.send(frame)

    def never_answer(self, batch: Batch) -> None:
        """Let later answers pass the one that will not come."""
        if batch.call is not None:
            self._rpc.forget(batch.call.number)

    # our calls -------------------------------------------------------------------------------------------------------

    def prepare(self, actor: ChargePointActor, link: Link, effect: SendCall, batch: Batch) -> None:
        """Have a CALL leave after the commit that holds its "sent"."""
        self._rpc.expire(batch.now)
        deadline = effect.deadline
        message_id = new_id()
        text = self._rpc.call(message_id, effect.command, effect.action, dict(effect.payload), deadline, batch.now)
        batch.after.append(partial(link.send, text))
        if self._runtime.message_log:
            raw = redact_text(text).decode()
            batch.records.append(
                message_record(actor.id, link.number, batch.now, "out", CALL, effect.action, message_id, raw, None, ())
            )

    # the message log -------------------------------------------------------------------------------------------------

    def _note(self, actor: ChargePointActor, deviations: Sequence[Deviated], batch: Batch) -> None:
        for deviation in deviations:
            actor.step_in(deviation, batch)

    def _log(
        self,
        actor: ChargePointActor,
        batch: Batch,
        kind: int,
        action: str,
        message_id: str,
        raw: bytes,
        answer: bytes | None,
        deviations: Sequence[Deviated],
    ) -> None:
        if not self._runtime.message_log:
            return
        batch.records.append(
            message_record(
                actor.id,
                actor.state.connection,
                batch.now,
                "in",
                kind,
                action,
                message_id,
                redact_text(raw).decode("utf-8", "replace"),
                None if answer is None else answer.decode(),
                [deviation.name for deviation in deviations] if deviations else (),
            )
        )
