"""The charge point's actor: mailbox, lifecycle and connection around the pure machine.

    claiming ──► live ──► ended            a claim was read; the machine steps on every message
       ▲          │
       └──────────┤ a step failed          what was not committed is dropped (nobody was told), the snapshot read anew
                  ▼
             quarantined                   too many failures within a minute: closed for a while, and said so

Messages that come while there is no state wait in the mailbox; only what can be answered from memory (Heartbeat,
Authorize, and Boot with Pending) is answered meanwhile, so that our trouble does not become the station's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog

from actors.conversation import Conversation
from actors.interpreter import Batch, perform
from actors.link import Link
from actors.restarts import RestartIntensity
from engine.charging import charge_point as machine
from engine.charging.events import ActorFailed
from engine.charging.messages import Activated, Connected, Disconnected, Message, TimerFired
from engine.charging.session.machine import SessionState
from engine.charging.snapshots import (
    charge_point_parts,
    encode_course,
    encode_session,
    part_of_course,
    part_of_session,
    restore_charge_point,
    restore_sessions,
)
from engine.charging.state import TX, ChargePointState
from engine.errors import JournalUnavailable
from engine.faults import reach
from engine.journal.encoding import event_records
from engine.journal.port import Claim

if TYPE_CHECKING:
    from actors.runtime import Runtime

log = structlog.get_logger("charge_point")
MAX_MAILBOX = 256
QUARANTINE_OVER = "quarantine"
CLAIMING: Final = "claiming"
LIVE: Final = "live"
QUARANTINED: Final = "quarantined"
ENDED: Final = "ended"


class KeptFrame(NamedTuple):
    """A frame that waits in the mailbox until there is a state."""

    link: Link
    text: bytes


class ChargePointActor:
    """One charge point in this host. `sessions` are the states of its session actors, which live and die with it."""

    __slots__ = (
        "__weakref__",
        "_activating",
        "_failed_frame",
        "_restarts",
        "activation",
        "conversation",
        "deadlines",
        "forgotten",
        "handled",
        "id",
        "link",
        "mailbox",
        "phase",
        "runtime",
        "sessions",
        "state",
    )

    def __init__(self, runtime: Runtime, charge_point: str) -> None:
        self.runtime = runtime
        self.id = charge_point
        self.phase = CLAIMING
        self.state = ChargePointState(charge_point)
        self.sessions: dict[str, SessionState] = {}
        self.forgotten: list[str] = []
        self.activation = runtime.new_activation(self, 0)
        self.link: Link | None = None
        self.conversation: Conversation | None = None
        self.mailbox: list[Message | KeptFrame] = []
        self.deadlines: dict[str, int] | None = None
        self.handled = 0
        self._restarts: RestartIntensity | None = None
        self._failed_frame = ""
        self._activating: asyncio.Task[None] | None = None

    # lifecycle -------------------------------------------------------------------------------------------------------

    def activate(self, over: int | None) -> None:
        """Claim and read the snapshot; `over` as in `Journal.claim`. Messages wait in the mailbox until then."""
        self.phase = CLAIMING
        self._activating = asyncio.create_task(self._activate(over))

    async def activated(self) -> bool:
        """Wait until the claim is decided; False if another host has the activation."""
        if self._activating is not None:
            await asyncio.shield(self._activating)
        return self.phase == LIVE

    async def _activate(self, over: int | None) -> None:
        pause = 0.05
        while True:
            try:
                claim = await self.runtime.claim(self.id, over)
                break
            except JournalUnavailable:
                await asyncio.sleep(pause)
                pause = min(2 * pause, 1.0)
        reach("host:after-claim")
        if self.phase != CLAIMING:
            return
        if not claim.won:
            self.end("claimed elsewhere")
            return
        try:
            self._restore(claim)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with this actor stays with this actor
            self._failed(error)

    def _restore(self, claim: Claim) -> None:
        self.state = restore_charge_point(self.id, claim.parts)
        self.sessions = restore_sessions(self.id, claim.parts)
        self.forgotten = []
        self.deadlines = None
        self.activation = self.runtime.new_activation(self, claim.epoch)
        self.phase = LIVE
        self.runtime.restored(self, claim)
        self.step(Activated(restored=bool(claim.parts)))
        if self._failed_frame:
            event = ActorFailed(self.id, self.runtime.clock.now(), "restarted", self._failed_frame[:2000])
            self.runtime.committer.enqueue(self.activation, event_records(event))
            self._failed_frame = ""
        if self.link is not None and self.conversation is not None:
            self._say_connected(self.link, self.conversation)
        while self.mailbox and self.phase == LIVE:
            item = self.mailbox.pop(0)
            if isinstance(item, KeptFrame):
                self.frame_received(item.link, item.text)
            else:
                self.step(item)

    def end(self, why: str) -> None:
        """The actor ends here: another host has it, or this host is going."""
        if self.phase == ENDED:
            return
        self.phase = ENDED
        self.deadlines = None
        self.runtime.forget(self)
        if self.link is not None:
            self.link.close(1012, why)
            self.link = None

    def stale(self, epoch: int) -> None:
        """The journal refused this epoch of ours: a newer activation is in force, so nothing here counts any more.

        After a restart the newer one is our own: what the former left in flight is refused, and nobody was told of it.
        """
        if epoch != self.activation.epoch:
            return
        log.info("activation_stale", charge_point=self.id, epoch=self.activation.epoch)
        self.end("claimed elsewhere")

    def _failed(self, error: Exception, frame: bytes = b"") -> None:
        """A step failed. What it and uncommitted ones before it did is dropped; nobody was told of it."""
        now = self.runtime.clock.now()
        log.error("actor_failed", charge_point=self.id, error=repr(error), frame=frame[:500], exc_info=error)
        self.runtime.actor_failures += 1
        self.runtime.committer.discard(self.activation)
        self.deadlines = None
        if self.conversation is not None:
            # The dropped answers never come, nor is our CALL known any more: nothing may wait behind them.
            self.conversation = self.runtime.new_conversation(self.conversation.version.subprotocol)
        self._failed_frame = f"{error!r} on {frame.decode('utf-8', 'replace')}"
        if self._restarts is None:
            self._restarts = RestartIntensity()
        if self._restarts.failed(now):
            self._quarantine(self._restarts.until)
        else:
            self.activate(None)

    def _quarantine(self, until: int) -> None:
        self.phase = QUARANTINED
        self.mailbox.clear()
        self.runtime.quarantined(self, self._failed_frame)
        self.runtime.timers.set(self, QUARANTINE_OVER, until)
        if self.link is not None:
            self.link.close(1013, "try again later")
            self.link = None

    # the connection --------------------------------------------------------------------------------------------------

    def connect(self, link: Link, subprotocol: str) -> None:
        """A newer authenticated socket: it is the one that counts from now on (invariant 3)."""
        if self.phase == QUARANTINED:
            link.close(1013, "try again later")
            return
        old, self.link = self.link, link
        self.conversation = self.runtime.new_conversation(subprotocol)
        if old is not None:
            old.close(1000, "a newer connection has taken over")
        if self.phase == LIVE:
            self._say_connected(link, self.conversation)

    def _say_connected(self, link: Link, conversation: Conversation) -> None:
        link.number = self.state.connection + 1
        self.step(Connected(link.number, conversation.version.subprotocol, link.remote))

    def socket_closed(self, link: Link, code: int, reason: str) -> None:
        """A socket has gone. If it is not the present one, nothing happens."""
        if link is not self.link:
            return
        self.link = None
        self.conversation = None
        if self.phase == LIVE:
            self.step(Disconnected(link.number, code, reason))

    def frame_received(self, link: Link, text: bytes) -> None:
        """A frame from the station. One from a socket that no longer counts is dropped."""
        if link is not self.link:
            return
        conversation = self.conversation
        if conversation is None:
            return
        if self.phase != LIVE:
            self._frame_while_away(link, text)
            return
        self.handled += 1
        try:
            conversation.frame(self, text)
        except Exception as error:  # noqa: BLE001 - supervision: the actor is restarted, others notice nothing
            self._failed(error, text)

    def resume(self, conversation: Conversation, go_on: Callable[[], None]) -> None:
        """Go on with a CALL for which something was asked outside. Its connection may be gone by now: then drop it."""
        if conversation is not self.conversation or self.phase != LIVE:
            return
        try:
            go_on()
        except Exception as error:  # noqa: BLE001 - supervision, as for a frame
            self._failed(error)

    def _frame_while_away(self, link: Link, text: bytes) -> None:
        conversation = self.conversation
        if conversation is None or self.runtime.committer.available or not conversation.frame_from_memory(self, text):
            if len(self.mailbox) >= MAX_MAILBOX:
                link.close(1013, "try again later")
                return
            self.mailbox.append(KeptFrame(link, text))

    # one step --------------------------------------------------------------------------------------------------------

    def step(self, message: Message) -> None:
        """Hand the machine a message that is no station's CALL."""
        if self.phase != LIVE:
            self.mailbox.append(message)
            return
        batch = Batch(self.runtime.clock.now())
        try:
            self.step_in(message, batch)
        except Exception as error:  # noqa: BLE001 - supervision, as in _frame
            self._failed(error, repr(message).encode())
            return
        self.commit(batch)

    def step_in(self, message: Message, batch: Batch) -> None:
        """Step the machine and perform its effects into `batch`. Raises whatever the machine raises."""
        self.state, effects = machine.step(self.state, message, batch.now, self.runtime.machine_of(self.id))
        perform(self, effects, batch)

    def commit(self, batch: Batch) -> None:
        """Have the batch committed; its answer leaves afterwards, or at once where it may."""
        committer = self.runtime.committer
        self._keep_parts()
        if batch.forget:
            committer.enqueue(self.activation, [], forget=batch.forget)
        link, conversation = self.link, self.conversation
        if not batch.number or link is None or conversation is None:
            if batch.records or self.activation.pending:
                committer.enqueue(self.activation, batch.records)
        elif batch.durable:
            committer.enqueue(self.activation, batch.records, conversation.waiting_answer(link, batch))
        else:
            conversation.leave(link, batch)
            committer.enqueue_droppable(self.activation, batch.records)
        # After the answer: a CALL that comes of a station's CALL would else be there before it.
        if batch.after is not None:
            for after in batch.after:
                committer.enqueue(self.activation, [], after)

    def _keep_parts(self) -> None:
        """Encode the snapshot parts that the step has changed: they go into the same commit."""
        pending = self.activation.pending
        for session_id, session in self.sessions.items():
            if session.dirty:
                session.dirty = False
                pending[part_of_session(session_id)] = encode_session(session)
                pricing = session.pricing
                if pricing is not None and pricing.dirty:
                    pricing.dirty = False
                    pending[part_of_course(session_id)] = encode_course(pricing)
        if self.state.dirty:
            if TX in self.state.dirty:
                self.runtime.tokens.open.at(self.id, self.state)
            pending.update(charge_point_parts(self.state))
        if self.forgotten:
            for session_id in self.forgotten:
                pending[part_of_session(session_id)] = None
                pending[part_of_course(session_id)] = None
            self.forgotten = []

    # deadlines and people --------------------------------------------------------------------------------------------

    def timer_fired(self, name: str) -> None:
        """A deadline of this actor has come."""
        if name == QUARANTINE_OVER:
            if self.phase == QUARANTINED:
                log.info("quarantine_over", charge_point=self.id)
                self.activate(None)
            return
        if self.phase == LIVE:
            self.step(TimerFired(name))

    def describe(self) -> dict[str, Any]:
        """What `raycharge actors` shows."""
        return {
            "id": self.id,
            "kind": "ChargePoint",
            "phase": self.phase,
            "mailbox": len(self.mailbox) + (self.conversation.waiting if self.conversation is not None else 0),
            "epoch": self.activation.epoch,
            "connection": self.state.connection,
            "link": self.state.link,
            "handled": self.handled,
            "sessions": self._describe_sessions(),
        }

    def _describe_sessions(self) -> Sequence[dict[str, Any]]:
        return [
            {"id": s.session, "kind": "Session", "phase": s.phase, "transaction": s.transaction}
            for s in self.sessions.values()
        ]
