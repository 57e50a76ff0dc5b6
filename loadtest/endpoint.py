"""The station's end of the protocol: connection, registration, calls out and their repeats, deadlines, audit.

Sans-IO: `connected`, `received`, `disconnected` and `tick` go in; `take()` gives what the driver is to do, `due` when
to call `tick` again. `loadtest/station.py` puts the charging on top. All times are microseconds since the Unix epoch.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from engine.clock import SECOND, to_iso
from loadtest.audit import AUDITED, AuditLine, AuditLog
from loadtest.configuration import Configuration
from loadtest.outbox import Call, Outbox
from loadtest.quirks import Quirk
from loadtest.speech import Speech
from loadtest.traits import Observer, Traits, Unobserved

NEVER = 1 << 62


class Frame(NamedTuple):
    """Send this text."""

    text: bytes


class Hangup(NamedTuple):
    """Close the socket. `abrupt`: without a closing handshake, as a power cut does."""

    code: int
    reason: str
    abrupt: bool


class Dial(NamedTuple):
    """Open a connection; then call `connected` or `disconnected`."""


Wish = Frame | Hangup | Dial


class Endpoint:
    """One charge point's connection to its CSMS, over all its sockets."""

    def __init__(
        self,
        identity: str,
        traits: Traits | None = None,
        *,
        seed: int = 0,
        audit: AuditLog | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.identity = identity
        self.traits = traits or Traits()
        self.rng = random.Random(f"{seed}/{identity}")
        self.audit = audit
        self.observer: Observer = observer or Unobserved()
        self.configuration = Configuration(
            NumberOfConnectors=self.traits.connectors,
            MeterValueSampleInterval=math.ceil(self.traits.meter_interval_s),
            TransactionMessageRetryInterval=self.traits.retry_interval_s,
        )
        self.outbox = Outbox()
        self.online = False
        self.registered = False
        self.rebooting = True
        self.clock = 0
        """The time of the last input."""
        self._stamp = 0
        self._failures = 0
        self._silences = 0
        self.wishes: list[Wish] = []
        self._deadlines: dict[object, tuple[int, Callable[[int], None]]] = {}

    # --- the connection ---------------------------------------------------------------------------------------------

    @property
    def due(self) -> int:
        """When `tick` has to be called next; NEVER if only input can change anything."""
        return min((at for at, _ in self._deadlines.values()), default=NEVER)

    def take(self) -> list[Wish]:
        """What the driver has to do now, in order."""
        wishes, self.wishes = self.wishes, []
        return wishes

    def switch_on(self, now: int) -> None:
        self.after("dial", 0, now, self._dial)

    def connected(self, now: int) -> None:
        """The WebSocket is open."""
        self.clock = now
        self.online = True
        self._silences = 0
        self.observer.noted("connected")
        boots = self.speech.boots_after_reconnect and Quirk.NO_BOOT_AFTER_RECONNECT not in self.traits.quirks
        if self.rebooting or boots:
            self.registered = False
            self.send_boot(now)
        else:
            self.speech.reconnected(now)
        self._pump(now)

    def disconnected(self, now: int, why: str = "") -> None:
        """The connection ended, or could not be opened."""
        self.observer.noted("disconnected" if self.online else f"not connected: {why}")
        self._offline(now)
        ceiling = min(self.traits.reconnect_max_s, self.traits.reconnect_min_s * 2 ** min(self._failures, 16))
        self._failures += 1
        self.after("dial", self.rng.uniform(ceiling / 2, ceiling), now, self._dial)

    def received(self, text: str | bytes, now: int) -> None:
        """A text frame came in. What cannot be read is ignored, as a station does."""
        self.clock = now
        try:
            message = orjson.loads(text)
            kind, message_id = message[0], message[1]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            self.observer.noted("unreadable frame")
            return
        if kind == 2 and len(message) == 4:
            self.commanded(message_id, message[2], message[3], now)
        elif kind in (3, 4) and len(message) >= 3:
            self._answered(message_id, message, now)
        self._pump(now)

    def tick(self, now: int) -> None:
        """Do what has become due."""
        self.clock = now
        for name, (at, then) in sorted(self._deadlines.items(), key=lambda item: item[1][0]):
            if at <= now and self._deadlines.get(name, (NEVER, None))[0] <= now:
                del self._deadlines[name]
                then(now)
        self._pump(now)

    def after(self, name: object, seconds: float, now: int, then: Callable[[int], None]) -> None:
        """Set (or move) a deadline: `then` is called with the time at which it was noticed."""
        self._deadlines[name] = (now + round(seconds * SECOND), then)

    def has_deadline(self, name: object) -> bool:
        """Whether one of that name is set."""
        return name in self._deadlines

    def forget_deadline(self, name: object) -> None:
        """Take a deadline back; none of that name is fine."""
        self._deadlines.pop(name, None)

    def hang_up(self, now: int, code: int, reason: str, *, abrupt: bool = False, again_s: float = 0.0) -> None:
        """Close the socket and come back after `again_s`."""
        if self.online:
            self.wishes.append(Hangup(code, reason, abrupt))
            self.observer.noted("disconnected")
        self._offline(now)
        self.after("dial", again_s, now, self._dial)

    def _dial(self, _: int) -> None:
        self.wishes.append(Dial())

    def _offline(self, now: int) -> None:
        self.online = False
        for name in ("answer", "heartbeat", "boot"):
            self._deadlines.pop(name, None)
        under_way = self.outbox.under_way
        if under_way is not None:
            self.observer.unanswered(under_way.action)
        for call in self.outbox.connection_lost():
            if call.on_answer is not None:
                call.on_answer(None, now)
        self._forget_status(under_way)

    def _forget_status(self, call: Call | None) -> None:
        """Some stations never repeat a status."""
        if call is not None and call.action == "StatusNotification" and not self.traits.resend_status:
            self.outbox.durable.remove(call)

    # --- what the charging part adds -------------------------------------------------------------------------------

    speech: Speech
    """What the station says, in its version."""

    def report_all(self, now: int) -> None:
        """Registered: tell the status of every connector."""
        raise NotImplementedError

    def commanded(self, message_id: object, action: object, payload: object, now: int) -> None:
        """A CALL came in."""
        raise NotImplementedError

    # --- calls out --------------------------------------------------------------------------------------------------

    def stamp(self, now: int) -> str:
        """A timestamp that this station never gave before: its clock to the millisecond, or the next free one."""
        self._stamp = max(self._stamp + 1, now // 1000)
        text = to_iso(self._stamp * 1000)
        return text.removesuffix("Z") if Quirk.NO_ZONE in self.traits.quirks else text

    def say(self, call: Call, now: int) -> None:
        """Queue a call; it leaves when its turn comes."""
        self._record("said", call, now)
        self.outbox.put(call)
        self._pump(now)

    def send_boot(self, now: int) -> None:
        self._deadlines.pop("boot", None)
        call = self.speech.boot()
        call.on_answer = self._boot_answered
        self.say(call, now)

    def _boot_answered(self, answer: dict[str, Any] | None, now: int) -> None:
        if answer is None:
            if self.online:
                self.after("boot", self.traits.boot_retry_s, now, self.send_boot)
            return
        interval = answer.get("interval") or 0
        self.observer.noted(f"boot {answer.get('status')}")
        if answer.get("status") != "Accepted":
            self.after("boot", interval or self.traits.boot_retry_s, now, self.send_boot)
            return
        self.registered, self.rebooting, self._failures = True, False, 0
        if interval:
            self.configuration.assign("HeartbeatInterval", str(interval))
        self.beat_later(now)
        self.report_all(now)

    def beat_later(self, now: int) -> None:
        """Set the next heartbeat."""
        self.after("heartbeat", self.configuration.number("HeartbeatInterval") or 300, now, self.send_heartbeat)

    def send_heartbeat(self, now: int) -> None:
        self.beat_later(now)
        if self.online and self.registered and not any(c.action == "Heartbeat" for c in self.outbox.prompt):
            self.say(Call("Heartbeat", {}), now)

    def _pump(self, now: int) -> None:
        while self.online:
            call = self.outbox.next(boot_only=not self.registered, durable="retry" not in self._deadlines)
            if call is None:
                return
            if not call.message_id or Quirk.SAME_ID_ON_RETRY not in self.traits.quirks:
                call.message_id = f"{self.rng.getrandbits(128):032x}"
            if call.transaction is not None:
                number = call.transaction.number
                call.payload["transactionId"] = -1 if number is None else number
            call.attempts += 1
            call.sent = now
            self.after("answer", self.traits.call_timeout_s, now, self._no_answer)
            self.wishes.append(Frame(orjson.dumps([2, call.message_id, call.action, call.payload])))

    def _no_answer(self, now: int) -> None:
        call = self.outbox.under_way
        if call is None:
            return
        self.outbox.under_way = None
        self.observer.unanswered(call.action)
        self._silences += 1
        if call.durable and (call.action != "StatusNotification" or self.traits.resend_status):
            self.outbox.put_back(call)
            self._pause(call.attempts, now)
        elif call.on_answer is not None:
            call.on_answer(None, now)
        if self._silences >= self.traits.timeouts_before_hangup:
            self.hang_up(now, 1011, "no answers", again_s=self.rng.uniform(0.5, 1.5) * self.traits.reconnect_min_s)

    def _pause(self, attempts: int, now: int) -> None:
        """Before the next attempt of a transaction message: the interval, longer with each (1.6, section 3.7.1)."""
        interval = self.configuration.number("TransactionMessageRetryInterval") * min(attempts, 8)
        if interval:
            self.after("retry", interval, now, lambda _: None)

    def _answered(self, message_id: object, message: list[Any], now: int) -> None:
        call = self.outbox.settle(message_id)
        if call is None:
            self.observer.noted("answer to nothing")
            return
        self._deadlines.pop("answer", None)
        self._silences = 0
        error = str(message[2]) if message[0] == 4 else ""
        self.observer.answered(call.action, now - call.sent, error)
        if error:
            self._refused(call, now)
            return
        payload = message[2] if isinstance(message[2], dict) else {}
        if call.on_answer is not None:
            call.on_answer(payload, now)
        self._record("repeat" if call.repeat else "ack", call, now)
        if self._wants_duplicate(call):
            self.outbox.put_back(replace(call, repeat=True, on_answer=None, message_id="", attempts=0, refusals=0))

    def _wants_duplicate(self, call: Call) -> bool:
        transactional = call.durable and call.action != "StatusNotification" and not call.repeat
        return transactional and Quirk.DUPLICATES in self.traits.quirks and self.rng.random() < 0.3

    def _refused(self, call: Call, now: int) -> None:
        """A CALLERROR: transaction messages are tried again, TransactionMessageAttempts times in all."""
        call.refusals += 1
        transactional = call.durable and call.action != "StatusNotification"
        if transactional and call.refusals < self.configuration.number("TransactionMessageAttempts"):
            self.outbox.put_back(call)
            self._pause(call.refusals, now)
            return
        self._record("dropped", call, now)
        if call.on_answer is not None:
            call.on_answer(None, now)

    def _record(self, event: str, call: Call, now: int) -> None:
        if self.audit is None or call.action not in AUDITED or (event == "said" and call.repeat):
            return
        transaction = call.transaction or call.opens
        number = transaction.number if transaction is not None else None
        key = f"{call.action}:{self.identity}:{call.connector}:{call.said}"
        line = AuditLine(
            event, call.action, key, self.identity, call.connector, number, call.said, call.samples, now, call.detail
        )
        self.audit.append(line)
