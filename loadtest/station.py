"""A simulated charge point without any input or output: text and time go in, frames and wishes come out.

It follows the protocol as a station must: one CALL at a time, transaction messages kept through an outage and sent in
order with their first timestamps, repeats with the same content, back-off before every reconnect. `take()` says what
the driver (loadtest/link.py for asyncio, loadtest/blocking.py for threads and gevent) is to do, `due` when to call
`tick()`. Random numbers come from the seed: the same inputs give the same outputs. What it says is its speech's, one
for each version (loadtest/speech.py).
"""

from __future__ import annotations

import math
from typing import Any

import orjson

from loadtest.audit import AuditLog
from loadtest.connector import CHARGING, Connector
from loadtest.curve import Battery
from loadtest.endpoint import NEVER, Dial, Endpoint, Frame, Hangup, Wish
from loadtest.outbox import Transaction
from loadtest.quirks import Quirk, quirks
from loadtest.speech import Refusal, speech_of
from loadtest.traits import Observer, Traits, Unobserved

__all__ = [
    "NEVER", "Dial", "Frame", "Hangup", "Observer", "Quirk", "Station", "Traits", "Unobserved", "Wish", "quirks",
]  # fmt: skip


class Station(Endpoint):
    """The charge point. Feed it `connected`, `received`, `disconnected` and `tick`; then do what `take()` says."""

    def __init__(
        self,
        identity: str,
        traits: Traits | None = None,
        *,
        seed: int = 0,
        audit: AuditLog | None = None,
        observer: Observer | None = None,
    ) -> None:
        super().__init__(identity, traits, seed=seed, audit=audit, observer=observer)
        register = float(self.rng.randrange(0, 5_000_000))
        self.connectors = [
            Connector(number, register_wh=register + number, speed=self.traits.speed)
            for number in range(self.traits.connectors + 1)
        ]
        self.speech = speech_of(self.traits.version, self)

    # --- commands in ------------------------------------------------------------------------------------------------

    def commanded(self, message_id: object, action: object, payload: object, now: int) -> None:
        self.observer.noted(f"command {action}")
        try:
            answer, then = self.speech.command(str(action), payload)
        except Refusal as refusal:
            self.wishes.append(Frame(orjson.dumps([4, message_id, refusal.code, refusal.description, {}])))
            return
        self.wishes.append(Frame(orjson.dumps([3, message_id, answer])))
        if Quirk.TWO_ANSWERS in self.traits.quirks:
            self.wishes.append(Frame(orjson.dumps([4, message_id, "InternalError", "", {}])))
        if then is not None:
            then(now)

    def reset(self, now: int, *, hard: bool) -> None:
        """Stop what runs, then restart: a soft reset lets queued messages leave first, for ten seconds at most."""
        for connector in self.connectors[1:]:
            self.stop(connector.number, now, "HardReset" if hard else "SoftReset")
        self.speech.resetting(now)
        self.after("reset", 0.2 if hard else 10.0, now, self._reboot)
        if not hard:
            self.after("drained", 0.1, now, self._reboot_when_drained)

    def _reboot_when_drained(self, now: int) -> None:
        if "reset" not in self._deadlines:
            return
        if self.outbox.durable or self.outbox.under_way:
            self.after("drained", 0.1, now, self._reboot_when_drained)
        else:
            self._reboot(now)

    def _reboot(self, now: int) -> None:
        self._deadlines.pop("reset", None)
        self.rebooting, self.registered = True, False
        for connector in self.connectors:
            connector.error = "NoError"
            if connector.status != "Finishing":
                connector.status = connector.resting_status
        self.observer.noted("reboot")
        self.hang_up(now, 1001, "rebooting", again_s=self.traits.reboot_s)

    # --- people and cars --------------------------------------------------------------------------------------------

    def plug_in(self, number: int, now: int) -> bool:
        """A car is connected. False if the connector is not free."""
        connector = self.connectors[number]
        if connector.status != "Available":
            return False
        rng = self.rng
        power = min(self.traits.max_power_w, rng.choice((3_700.0, 7_400.0, 11_000.0, 22_000.0, 50_000.0, 150_000.0)))
        connector.cabled = True
        connector.battery = Battery(rng.uniform(40_000, 90_000), rng.uniform(0.1, 0.7), max(power, 1_400.0))
        self.set_status(connector, "Preparing", now)
        self.speech.plugged_in(connector, now)
        return True

    def present(self, number: int, id_tag: str, now: int) -> None:
        """Somebody holds a card to the reader: begins, or ends their own transaction."""
        connector = self.connectors[number]
        if connector.transaction is not None:
            if connector.transaction.id_tag == id_tag:
                self.stop(number, now, "Local")
        elif connector.status == "Preparing":
            if self.online and self.registered:
                call = self.speech.authorize(connector, id_tag)
                call.on_answer = lambda answer, at: self._authorised(number, id_tag, answer, at)
                self.say(call, now)
            else:
                self._authorised(number, id_tag, None, now)

    def _authorised(self, number: int, id_tag: str, answer: dict[str, Any] | None, now: int) -> None:
        """`answer` None: nobody could be asked."""
        if answer is None:
            accepted = self.speech.offline_accepts(id_tag)
        else:
            accepted = self.speech.standing(answer) == "Accepted"
        if accepted:
            self.begin(number, id_tag, now)

    def begin(self, number: int, id_tag: str, now: int) -> bool:
        """Start a transaction. False if there is no car or one runs already."""
        connector = self.connectors[number]
        if connector.transaction is not None or connector.status != "Preparing":
            return False
        transaction, call = self.speech.started(connector, id_tag, now)
        connector.transaction, connector.id_tag = transaction, id_tag
        call.on_answer = lambda answer, at: self.start_answered(transaction, answer, at)
        self.say(call, now)
        self.observer.noted("session started")
        self.set_status(connector, "Charging", now)
        self._meter_later(connector, now)
        return True

    def start_answered(self, transaction: Transaction, answer: dict[str, Any] | None, now: int) -> None:
        """The CSMS answered to the transaction's beginning; with None, it never will."""
        if answer is None:
            return
        self.speech.learn(transaction, answer)
        refused = self.speech.standing(answer) != "Accepted"
        if refused and not transaction.ended and self.configuration.flag("StopTransactionOnInvalidId"):
            self.stop(transaction.connector, now, "DeAuthorized")

    def stop(self, number: int, now: int, reason: str) -> bool:
        """End the transaction. False if none runs. `reason` is one of OCPP 1.6's."""
        connector = self.connectors[number]
        transaction = connector.transaction
        if transaction is None:
            return False
        connector.advance(now)
        self._release_held(connector, now)
        self.say(self.speech.stopped(connector, transaction, reason, now), now)
        transaction.ended = True
        connector.transaction = None
        self._deadlines.pop(("meter", number), None)
        self.observer.noted("session stopped")
        self.set_status(connector, "Finishing", now)
        if Quirk.STOP_TWICE in self.traits.quirks:
            again = self.speech.stopped_again(connector, transaction, reason, now)
            if again is not None:
                self.say(again, now)
        if Quirk.METERS_AFTER_STOP in self.traits.quirks:
            self.say(self.speech.meters(connector, transaction, "Sample.Periodic", now), now)
        return True

    def unplug(self, number: int, now: int) -> None:
        """The cable goes: a running transaction ends with it."""
        connector = self.connectors[number]
        self.stop(number, now, "EVDisconnected")
        connector.cabled, connector.battery = False, None
        self.speech.unplugged(connector, now)
        if connector.status != "Faulted":
            self.set_status(connector, connector.resting_status, now)

    def suspend(self, number: int, now: int, *, by_car: bool) -> None:
        connector = self.connectors[number]
        if connector.status == "Charging":
            connector.advance(now)
            self.set_status(connector, "SuspendedEV" if by_car else "SuspendedEVSE", now)

    def resume(self, number: int, now: int) -> None:
        connector = self.connectors[number]
        if connector.status in CHARGING and connector.status != "Charging":
            connector.advance(now)
            self.set_status(connector, "Charging", now)

    def fault(self, number: int, error: str, now: int) -> None:
        """Something breaks: a running transaction ends. `error` is one of OCPP's ChargePointErrorCode."""
        connector = self.connectors[number]
        self.stop(number, now, "Other")
        connector.error = error
        self.observer.noted("fault")
        self.set_status(connector, "Faulted", now)

    def clear_fault(self, number: int, now: int) -> None:
        connector = self.connectors[number]
        if connector.status == "Faulted":
            connector.error = "NoError"
            self.set_status(connector, connector.resting_status, now)

    # --- status and meter -------------------------------------------------------------------------------------------

    def set_status(self, connector: Connector, status: str, now: int) -> None:
        if status != connector.status:
            connector.status = status
            connector.updated = now
            self.report_status(connector, now)
            event = self.speech.changed(connector, now)
            if event is not None:
                self.say(event, now)

    def report_status(self, connector: Connector, now: int, *, repeat: bool = False) -> None:
        """Tell the connector's status; with `repeat` also where nothing has changed."""
        call = self.speech.status(connector, now, repeat=repeat)
        if call is not None:
            self.say(call, now)

    def report_all(self, now: int) -> None:
        for connector in self.connectors:
            self.report_status(connector, now, repeat=True)

    def report_meters(self, number: int, now: int, context: str = "Trigger") -> None:
        """MeterValues outside of the usual rhythm."""
        connector = self.connectors[number]
        connector.advance(now)
        self.say(self.speech.meters(connector, connector.transaction, context, now), now)

    def _meter_later(self, connector: Connector, now: int) -> None:
        interval: float = self.configuration.number("MeterValueSampleInterval")
        if interval == math.ceil(self.traits.meter_interval_s):
            interval = self.traits.meter_interval_s
        if interval:
            self.after(("meter", connector.number), interval, now, lambda at: self._meter(connector, at))

    def _meter(self, connector: Connector, now: int) -> None:
        if connector.transaction is None:
            return
        self._meter_later(connector, now)
        connector.advance(now)
        if connector.battery is not None and connector.battery.full and connector.status == "Charging":
            self.set_status(connector, "SuspendedEV", now)
        if len(self.outbox.durable) >= self.traits.backlog_limit:
            self.observer.noted("reading not kept")
            return
        call = self.speech.meters(connector, connector.transaction, "Sample.Periodic", now)
        late = Quirk.OUT_OF_ORDER_METERS in self.traits.quirks and connector.held is None and self.rng.random() < 0.3
        if late:
            connector.held = call
            return
        self.say(call, now)
        self._release_held(connector, now)

    def _release_held(self, connector: Connector, now: int) -> None:
        if connector.held is not None:
            call, connector.held = connector.held, None
            self.say(call, now)
