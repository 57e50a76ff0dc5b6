"""A CSMS in memory and a world around one sans-IO station: broken lines, lost answers, time that is turned by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from engine.clock import SECOND, to_iso
from loadtest.audit import AuditBook, AuditLog
from loadtest.station import Dial, Frame, Hangup, Station, Traits

START = 1_767_225_600 * SECOND
DURABLE = ("StartTransaction", "MeterValues", "StopTransaction", "StatusNotification", "TransactionEvent")


def said_at(action: str, payload: dict[str, Any]) -> str:
    """The timestamp inside a message."""
    return str(payload["meterValue"][0]["timestamp"] if action == "MeterValues" else payload["timestamp"])


class Csms:
    """Answers as a CSMS does; a Start repeated in the same words gets its first number. `received` keeps every CALL."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str, dict[str, Any]]] = []
        self.boot = {"status": "Accepted", "interval": 300}
        self.id_tag_status = "Accepted"
        self.errors: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def answer(self, message_id: str, action: str, payload: dict[str, Any]) -> list[Any]:
        self.received.append((message_id, action, payload))
        if self.errors.get(action, 0):
            self.errors[action] -= 1
            return [4, message_id, "InternalError", "", {}]
        return [3, message_id, self._result(action, payload)]

    def _result(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        if action == "BootNotification":
            return {"currentTime": to_iso(START), **self.boot}
        if action == "Heartbeat":
            return {"currentTime": to_iso(START)}
        if action == "StartTransaction":
            number = self._numbers.setdefault(orjson.dumps(payload).decode(), len(self._numbers) + 7)
            return {"transactionId": number, "idTagInfo": {"status": self.id_tag_status}}
        if "idToken" in payload:
            return {"idTokenInfo": {"status": self.id_tag_status}}
        if action == "SignCertificate":
            return {"status": "Accepted"}
        return {"idTagInfo": {"status": self.id_tag_status}} if action == "Authorize" else {}

    def actions(self) -> list[str]:
        return [action for _, action, _ in self.received]

    def payloads(self, action: str) -> list[dict[str, Any]]:
        return [payload for _, name, payload in self.received if name == action]

    def durable_in_order_of_arrival(self) -> list[tuple[str, str]]:
        """(action, timestamp) of what has to survive an outage, repeats left out."""
        seen = dict.fromkeys((a, said_at(a, p)) for _, a, p in self.received if a in DURABLE)
        return list(seen)


class World:
    """One station, its CSMS and the line between them. `run(seconds)` lets time pass, deadline by deadline."""

    def __init__(self, traits: Traits | None = None, *, audit: Path | None = None, seed: int = 1) -> None:
        self.now = START
        self.csms = Csms()
        self.log = AuditLog(audit) if audit is not None else None
        self.audit_path = audit
        self.station = Station("CP-1", traits, seed=seed, audit=self.log)
        self.reachable = True
        self.loses_requests = False
        self.loses_answers = False
        self.line = 0
        self.answers: list[list[Any]] = []
        self.hangups: list[Hangup] = []
        self.station.switch_on(self.now)
        self.act()

    def run(self, seconds: float) -> None:
        end = self.now + round(seconds * SECOND)
        while self.station.due <= end:
            self.now = max(self.now, self.station.due)
            self.station.tick(self.now)
            self.act()
        self.now = end

    def act(self) -> None:
        """Carry out what the station wants until it wants nothing more."""
        while wishes := self.station.take():
            line = self.line
            for wish in wishes:
                if isinstance(wish, Dial):
                    self._dial()
                elif isinstance(wish, Hangup):
                    self.hangups.append(wish)
                    self.line = line = 0
                elif isinstance(wish, Frame) and line:
                    self._carry(wish.text)

    def _dial(self) -> None:
        if self.reachable:
            self.line += 1
            self.station.connected(self.now)
        else:
            self.station.disconnected(self.now, "refused")

    def _carry(self, text: bytes) -> None:
        frame = orjson.loads(text)
        if frame[0] != 2:
            self.answers.append(frame)
        elif not self.loses_requests:
            answer = self.csms.answer(*frame[1:])
            if not self.loses_answers:
                self.station.received(orjson.dumps(answer), self.now)

    def cut(self) -> None:
        if self.line:
            self.line = 0
            self.station.disconnected(self.now, "cut")
            self.act()

    def call(self, action: str, payload: object) -> list[Any]:
        """Send the station a command; return its answer."""
        before = len(self.answers)
        self.station.received(orjson.dumps([2, "cmd-1", action, payload]), self.now)
        self.act()
        return self.answers[before]

    def heal(self) -> None:
        """Everything works again, and time enough passes for the station to catch up."""
        self.reachable, self.loses_requests, self.loses_answers = True, False, False
        self.csms.errors.clear()
        for _ in range(200):
            self.run(120)
            if not self.station.outbox.durable and self.station.outbox.under_way is None and self.station.registered:
                return
        raise AssertionError(f"The station never caught up: {len(self.station.outbox.durable)} messages left.")

    def charge(self, seconds: float = 600.0, id_tag: str = "TAG") -> None:
        """A car comes, and charges for so long."""
        self.station.plug_in(1, self.now)
        self.station.present(1, id_tag, self.now)
        self.act()
        self.run(seconds)

    def leave(self) -> None:
        self.station.unplug(1, self.now)
        self.act()
        self.run(5)

    def book(self) -> AuditBook:
        assert self.log is not None
        assert self.audit_path is not None
        self.log.flush()
        return AuditBook(self.audit_path)
