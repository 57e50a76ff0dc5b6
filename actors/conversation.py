"""One connection's OCPP conversation: from frames to machine messages, and from answers back to frames.

It puts the RPC, the version's payloads and the message log together, and lives as long as its connection counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from actors.enquiries import AT_ONCE
from actors.interpreter import Batch
from actors.link import Link
from actors.message_log import call_record, heard_record, own_call_record
from engine.charging.admission import UNREGISTERED, out_of_turn
from engine.charging.effects import SendCall
from engine.charging.kept.notices import Enquiry
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
    StationMessage,
    VersionRecognised,
)
from engine.errors import ProtocolError, Unavailable
from engine.ids import new_id
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.errors import ErrorCode, refusal
from engine.ocpp.forms import Form
from engine.ocpp.port import OcppVersion
from engine.ocpp.quirks import Quirk, Standing, Tolerances, corrected, standing_of, without_fractions
from engine.ocpp.rpc import CallReceived, ErrorReceived, Ignored, Rejected, ResultReceived, Rpc
from engine.ocpp.version import other_version

if TYPE_CHECKING:
    from actors.charge_point import ChargePointActor
    from actors.runtime import Runtime

log = structlog.get_logger("conversation")
NoCall = ResultReceived | ErrorReceived | Rejected | Ignored
NOT_LOOKED_AT = Booted("", "")
"""Stands for the boot of a station that has not been looked at yet."""

MANY_WAITING: Final = 32
FORMS_A_CONNECTION: Final = 16
"""A station whose readings keep changing their form is read the ordinary way: to learn one costs more than it saves."""

FROM_MEMORY = frozenset({"Heartbeat", "Authorize", "BootNotification"})


class Conversation:
    """The RPC of one connection in one version. `waiting` answers leave after commits that are still under way."""

    __slots__ = (
        "_boot",
        "_enquiries",
        "_form",
        "_forms_to_learn",
        "_rpc",
        "_runtime",
        "_standing",
        "_tolerances",
        "version",
        "waiting",
    )

    def __init__(self, runtime: Runtime, version: OcppVersion) -> None:
        self._runtime = runtime
        self.version = version
        self._rpc = Rpc(version, runtime.limits)
        self.waiting = 0
        self._boot: Booted | None = NOT_LOOKED_AT
        self._tolerances: Tolerances | None = None
        self._standing: Standing = runtime.circumstances.standing
        self._enquiries: set[asyncio.Task[None]] | None = None
        self._form: Form | None = None
        self._forms_to_learn = FORMS_A_CONNECTION

    # frames in -------------------------------------------------------------------------------------------------------

    def frame(self, actor: ChargePointActor, text: bytes) -> None:
        """Take in a frame while the actor is live. Raises what the machine raises."""
        runtime = self._runtime
        now = runtime.clock.now()
        seen = None if self._form is None else self._seen(self._form, text, now)
        heard = self._rpc.receive(text, now) if seen is None else seen[0]
        if type(heard) is not CallReceived:
            self._other(actor, heard, text, now)
            return
        batch = Batch(now, heard.number)
        deviations = heard.deviations
        circumstances = runtime.circumstances
        circumstances.received = now
        circumstances.durable = runtime.committer.available
        circumstances.notes = deviations
        circumstances.proven = seen is not None
        if actor.state.boot is not self._boot:
            self._choose(actor)
        circumstances.standing = self._standing
        try:
            if actor.state.registration in UNREGISTERED:
                self._hear_unregistered(actor, heard, now)
            message = self._understood(heard, text) if seen is None else seen[1]
            batch.proven = circumstances.proven
            if deviations or self._tolerances is not None:
                message = self._meant(actor, heard, message, batch)
            if type(message) is Enquiry and self._enquire(actor, heard, message, now):
                return
            actor.step_in(message, batch)
        except ProtocolError as error:
            if not self._heard_in_other_version(actor, heard, batch):
                self._refuse(actor, heard, batch, error)
        except Unavailable as error:
            self._unanswered(actor, heard, batch, error)
            return
        except Exception:
            self._rpc.forget(heard.number)
            raise
        if deviations:
            self._note(actor, deviations, batch)
        self._conclude(actor, heard, batch)

    def _seen(self, form: Form, text: bytes, now: int) -> tuple[CallReceived, StationMessage] | None:
        """The CALL and its message, if it is another one of the form that this station's readings have."""
        try:
            told = text.decode()
        except UnicodeDecodeError:
            return None
        seen = form.read(told, now)
        if seen is None:
            return None
        heard = self._rpc.seen(seen.message_id, seen.action, told)
        return None if heard is None else (heard, seen.message)

    def _understood(self, heard: CallReceived, text: bytes) -> StationMessage:
        """A CALL's message. The form of what holds nothing but what is known is kept: the next one is seen by it."""
        circumstances = self._runtime.circumstances
        message = self.version.understand(heard.action, heard.payload, circumstances)
        if circumstances.proven and self._forms_to_learn > 0 and not heard.deviations:
            self._forms_to_learn -= 1
            self._form = self.version.form_of(heard.action, text.decode(), heard.payload, message) or self._form
        return message

    # who the station is ----------------------------------------------------------------------------------------------

    def _choose(self, actor: ChargePointActor) -> None:
        """Another boot: what a station of this make needs."""
        self._boot = actor.state.boot
        tolerances = self._tolerances = self._runtime.tolerances_of(actor)
        standing = partial(self._runtime.tokens.standing, charge_point=actor.id)
        self._standing = standing if tolerances is None else standing_of(standing, tolerances)

    def _meant(
        self, actor: ChargePointActor, heard: CallReceived, message: StationMessage, batch: Batch
    ) -> StationMessage:
        """What an odd message, or one of a station with quirks, was meant to say."""
        if heard.deviations:
            found = self._in_other_version(heard)
            if found is not None and len(found[2]) < len(heard.deviations):
                message = self._turn_to(actor, heard, batch, *found)
        return message if self._tolerances is None else corrected(message, self._tolerances)

    def _heard_in_other_version(self, actor: ChargePointActor, heard: CallReceived, batch: Batch) -> bool:
        """What the negotiated version cannot understand may be said in another one's words."""
        found = self._in_other_version(heard)
        if found is None:
            return False
        message = self._turn_to(actor, heard, batch, *found)
        actor.step_in(message if self._tolerances is None else corrected(message, self._tolerances), batch)
        return True

    def _in_other_version(self, heard: CallReceived) -> tuple[OcppVersion, StationMessage, list[Deviated]] | None:
        """The message in the version whose words these are, if that is another one and understands it better."""
        version = (
            None if heard.payload is None else other_version(heard.action, heard.payload, self.version.subprotocol)
        )
        if version is None:
            return None
        notes: list[Deviated] = []
        circumstances = self._runtime.circumstances
        circumstances.notes = notes
        try:
            return version, version.understand(heard.action, heard.payload, circumstances), notes
        except (ProtocolError, Unavailable):
            return None
        finally:
            circumstances.notes = heard.deviations

    def _turn_to(
        self,
        actor: ChargePointActor,
        heard: CallReceived,
        batch: Batch,
        version: OcppVersion,
        message: StationMessage,
        notes: list[Deviated],
    ) -> StationMessage:
        """Speak another version with this station from here on."""
        detail = f"{self.version.subprotocol} negotiated, {version.subprotocol} spoken"
        log.info("other_version", charge_point=actor.id, detail=detail)
        heard.deviations[:] = notes
        note(heard.deviations, Deviation.OTHER_VERSION, detail)
        self.version = self._rpc.version = version
        self._form = None
        actor.step_in(VersionRecognised(version.subprotocol), batch)
        return message

    def answer(self, actor: ChargePointActor, answer: Answer) -> bytes:
        """An answer in the version's words, as this station can bear it."""
        if actor.state.boot is not self._boot:
            self._choose(actor)
        tolerances = self._tolerances
        if tolerances is None:
            return self.version.answer(answer)
        if isinstance(answer, BootAnswer) and answer.status == "Accepted" and Quirk.NO_PING in tolerances.quirks:
            lively = max(1, int(self._runtime.settings.ping_interval_s))
            answer = replace(answer, interval=min(answer.interval, lively))
        payload = self.version.answer(answer)
        return without_fractions(payload) if Quirk.NO_MILLISECONDS in tolerances.quirks else payload

    # frames and what becomes of them ---------------------------------------------------------------------------------

    def _conclude(self, actor: ChargePointActor, heard: CallReceived, batch: Batch) -> None:
        if self._runtime.message_log:
            connection = actor.state.connection
            batch.records.append(call_record(self._runtime, actor.id, connection, heard, batch, self.version))
        actor.commit(batch)

    def _hear_unregistered(self, actor: ChargePointActor, heard: CallReceived, now: int) -> None:
        """Note or, where the version wants it, refuse what a station says before it was accepted. A boot is welcome."""
        if heard.action == "BootNotification":
            return
        if out_of_turn(actor.state, heard.action, now, self._runtime.machine_of(actor.id)):
            if self.version.refuses_before_acceptance:
                raise refusal(ErrorCode.SECURITY_ERROR, f"{heard.action} before BootNotification was accepted.")
            note(heard.deviations, Deviation.CALL_BEFORE_ACCEPTANCE, heard.action)

    def _enquire(self, actor: ChargePointActor, heard: CallReceived, enquiry: Enquiry, now: int) -> bool:
        """Ask who knows, and go on with the answer; False where there is nobody to ask, or too much to ask at once."""
        if self._enquiries is None:
            self._enquiries = set()
        if not self._runtime.enquiries.knows(enquiry) or len(self._enquiries) >= AT_ONCE:
            return False
        task = asyncio.create_task(self._enquired(actor, heard, enquiry, now))
        self._enquiries.add(task)
        task.add_done_callback(self._enquiries.discard)
        return True

    async def _enquired(self, actor: ChargePointActor, heard: CallReceived, enquiry: Enquiry, now: int) -> None:
        answered = await self._runtime.enquiries.answered(actor.id, enquiry, self.version.may_answer)
        actor.resume(self, partial(self.go_on, actor, heard, answered, now))

    def go_on(self, actor: ChargePointActor, heard: CallReceived, enquiry: Enquiry, now: int) -> None:
        """Step the machine with an enquiry that has its answer. Raises what the machine raises."""
        batch = Batch(now, heard.number)
        actor.step_in(enquiry, batch)
        self._note(actor, heard.deviations, batch)
        self._conclude(actor, heard, batch)

    def _other(self, actor: ChargePointActor, heard: NoCall, text: bytes, now: int) -> None:
        """Everything that is no CALL: answers to ours, and what cannot be read."""
        batch = Batch(now)
        if isinstance(heard, ResultReceived):
            actor.step_in(self._answered(heard), batch)
            if heard.complaint is not None and actor.link is not None:
                actor.link.send(heard.complaint)
        elif isinstance(heard, ErrorReceived):
            actor.step_in(CallRefused(heard.command, heard.code, heard.description, heard.details), batch)
        elif isinstance(heard, Rejected) and heard.answer is not None and actor.link is not None:
            actor.link.send(heard.answer)
        self._note(actor, self._counted(heard), batch)
        if self._runtime.message_log:
            batch.records.append(heard_record(actor.id, actor.state.connection, heard, text, now))
        actor.commit(batch)

    def _counted(self, heard: NoCall) -> list[Deviated]:
        """The deviations that count: of a station that is known for stray answers, these do not."""
        tolerances = self._tolerances
        if tolerances is None or type(heard) is not Ignored or Quirk.STRAY_ANSWERS not in tolerances.quirks:
            return heard.deviations
        return [deviation for deviation in heard.deviations if deviation.name != heard.reason]

    def _answered(self, heard: ResultReceived) -> CallAnswered:
        """What the station's answer means and teaches, by its version."""
        action, payload = heard.action, heard.payload
        facts = self.version.learned(action, heard.sent, payload)
        return CallAnswered(heard.command, payload, self.version.outcome(action, payload), facts)

    def _unanswered(self, actor: ChargePointActor, heard: CallReceived, batch: Batch, error: Unavailable) -> None:
        """Our own trouble is no answer: the station asks again. What it said is still shown in the log."""
        log.warning("call_unanswered", charge_point=actor.id, action=heard.action, error=str(error))
        self._rpc.forget(heard.number)
        if self._runtime.message_log:
            record = call_record(self._runtime, actor.id, actor.state.connection, heard, batch, self.version)
            self._runtime.committer.enqueue_droppable(actor.activation, [record])

    def _refuse(self, actor: ChargePointActor, call: CallReceived, batch: Batch, error: ProtocolError) -> None:
        log.info("call_refused", charge_point=actor.id, action=call.action, code=error.code, why=error.description)
        if not call.number:
            note(call.deviations, Deviation.INVALID_SEND, f"{call.action}: {error.description}")
            return
        batch.refusal = (error.code, error.description)
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
        circumstances.standing = partial(self._runtime.tokens.standing, charge_point=actor.id)
        try:
            message = self.version.understand(call.action, call.payload, circumstances)
        except ProtocolError:
            return False
        answer: Answer
        if isinstance(message, Heartbeat):
            answer = HeartbeatAnswer(now)
        elif isinstance(message, AuthorizeAsked):
            # What is open here cannot be looked at: the token may be shown to end it.
            answer = AuthorizeAnswer(message.standing.for_ending())
        elif isinstance(message, Booted):
            answer = BootAnswer("Pending", self._runtime.machine.pending_interval_s, now)
        else:
            return False
        for frame in asked.answer(call.number, self.version.answer(answer)):
            actor.link.send(frame)
        return True

    # answers out -----------------------------------------------------------------------------------------------------

    def waiting_answer(self, link: Link, batch: Batch) -> Batch:
        """The batch, whose answer leaves after its commit. Too many that wait, and the link is not read for a while."""
        self.waiting += 1
        if self.waiting > MANY_WAITING:
            link.waiting(self.waiting)
        batch.link, batch.conversation = link, self
        return batch

    def leave_late(self, link: Link, batch: Batch) -> None:
        """Send what waited for its commit."""
        self.waiting -= 1
        if self.waiting >= MANY_WAITING:
            link.waiting(self.waiting)
        self.leave(link, batch)

    def leave(self, link: Link, batch: Batch) -> None:
        """Send the answer to the batch's CALL, and those that waited for it to go first."""
        if batch.payload is not None:
            frames = self._rpc.answer(batch.number, batch.payload, batch.answer, at_once=not batch.durable)
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
        if self._tolerances is not None and Quirk.NO_MILLISECONDS in self._tolerances.quirks:
            text = without_fractions(text)
        batch.afterwards(partial(self._depart, link, text, message_id))
        if self._runtime.message_log:
            batch.records.append(own_call_record(actor.id, link.number, effect.action, message_id, text, batch.now))

    def _depart(self, link: Link, text: bytes, message_id: str) -> None:
        """Our CALL leaves: the station's time counts from here."""
        self._rpc.left(message_id, self._runtime.clock.now())
        link.send(text)

    def _note(self, actor: ChargePointActor, deviations: Sequence[Deviated], batch: Batch) -> None:
        for deviation in deviations:
            actor.step_in(deviation, batch)
