"""One charger of the load generator: WebSocket client framing by hand, since the load shares the CPU with the product.

Frames are masked with the key 0, as RFC 6455 allows on the wire: the payload needs no work here, the server unmasks as
always. Values that this client sends are real: timestamps move (distinct to the millisecond), registers grow.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
from typing import Protocol
from urllib.parse import urlsplit

import orjson

from engine.clock import to_iso

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
_ZERO_KEY = bytes(4)

METER_VALUES = (
    b'[2,"%s%012d","MeterValues",{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%s","sampledValue":['
    b'{"value":"%d","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"Wh"},'
    b'{"value":"%d","context":"Sample.Periodic","measurand":"Power.Active.Import","unit":"W"},'
    b'{"value":"%d.%d","context":"Sample.Periodic","measurand":"Current.Import","unit":"A"},'
    b'{"value":"%d.%d","context":"Sample.Periodic","measurand":"Voltage","unit":"V"}]}]}]'
)
TRANSACTION_EVENT = (
    b'[2,"%s%012d","TransactionEvent",{"eventType":"Updated","timestamp":"%s","triggerReason":"MeterValuePeriodic",'
    b'"seqNo":%d,"transactionInfo":{"transactionId":"%s","chargingState":"Charging"},"meterValue":[{"timestamp":"%s",'
    b'"sampledValue":['
    b'{"value":%d,"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"Wh"}},'
    b'{"value":%d,"context":"Sample.Periodic","measurand":"Power.Active.Import","unitOfMeasure":{"unit":"W"}},'
    b'{"value":%d.%d,"context":"Sample.Periodic","measurand":"Current.Import","unitOfMeasure":{"unit":"A"}},'
    b'{"value":%d.%d,"context":"Sample.Periodic","measurand":"Voltage","unitOfMeasure":{"unit":"V"}}]}]}]'
)
_STATUS = (
    b'[2,"%s%012d","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"%s","info":"%.6f",'
    b'"timestamp":"%s"}]'
)
_MILLIS = tuple(b"%03dZ" % n for n in range(1000))


class Stamps:
    """Writes times as OCPP does, the second's part once a second."""

    __slots__ = ("_prefix", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._prefix = b""

    def text(self, millis: int) -> bytes:
        second, rest = divmod(millis, 1000)
        if second != self._second:
            self._second = second
            self._prefix = to_iso(second * 1_000_000)[:-4].encode()
        return self._prefix + _MILLIS[rest]


class Watcher(Protocol):
    """What the load generator wants to know of its chargers."""

    def opened(self, charger: Charger) -> None: ...

    def ready(self, charger: Charger) -> None: ...

    def acknowledged(self, charger: Charger) -> None: ...

    def lost(self, charger: Charger, why: str) -> None: ...


class Charger(asyncio.Protocol):
    """Handshake, boot, start of a transaction; then `send_meters` once for each `acknowledged`. Speaks 1.6."""

    subprotocol = "ocpp1.6"

    __slots__ = (
        "_buffer", "_expected", "_first", "_millis", "_number", "_prefix", "_register", "_transaction", "_transport",
        "backlog", "busy", "counted", "id_tag", "intended", "name", "phase", "request", "stamp", "stamps", "watcher",
    )  # fmt: skip

    def __init__(self, name: str, url: str, watcher: Watcher, stamps: Stamps, *, password: str = "") -> None:
        self.name = name
        self.watcher = watcher
        self.stamps = stamps
        self.id_tag = "LOAD"
        self.request = _handshake(url, name, password, self.subprotocol)
        self._buffer = b""
        self.phase = "handshake"
        self._prefix = os.urandom(12).hex().encode()
        self._number = 0
        self._first = 0
        self._register = 1_000_000
        self._transaction = 1
        self._expected = b""
        self._millis = 0
        self._transport: asyncio.Transport | None = None
        self.intended = 0.0
        """When the call under way should have left, in seconds of `time.perf_counter`."""
        self.stamp = b""
        """The timestamp of the last meter values."""
        self.busy = False
        self.counted = False
        self.backlog: list[float] = []
        """Intended times that came while a call was under way (open loop)."""

    # --- the phases before the load ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._write(self.request)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.phase != "closed":
            self.phase = "closed"
            self.watcher.lost(self, repr(exc) if exc else "closed by the server")

    def boot(self) -> None:
        self._call("boot", b"BootNotification", {"chargePointVendor": "Raycharge", "chargePointModel": "Load"})

    def report_available(self) -> None:
        """The last step of an idle charger's boot."""
        payload = {"connectorId": 0, "errorCode": "NoError", "status": "Available", "timestamp": self._now()}
        self._call("status", b"StatusNotification", payload)

    def start(self) -> None:
        payload = {"connectorId": 1, "idTag": self.id_tag, "meterStart": self._register, "timestamp": self._now()}
        self._call("start", b"StartTransaction", payload)

    def heartbeat(self) -> None:
        self._call("status", b"Heartbeat", {})

    def skip_to_load(self) -> None:
        """Begin with meter values at once: an echo server knows no boot."""
        self.phase = "echo"

    def close(self) -> None:
        if self.phase != "closed" and self._transport is not None:
            self.phase = "closed"
            self._transport.write(b"\x88\x82" + _ZERO_KEY + b"\x03\xe8")
            self._transport.close()

    def _now(self) -> str:
        self._millis = max(self._millis + 1, time.time_ns() // 1_000_000)
        return self.stamps.text(self._millis).decode()

    def _call(self, phase: str, action: bytes, payload: dict[str, object]) -> None:
        self.phase = phase
        self._number += 1
        self._expected = b'[3,"%s%012d"' % (self._prefix, self._number)
        frame = b'[2,"%s%012d","%s",%s]' % (self._prefix, self._number, action, orjson.dumps(payload))
        self._write(framed(TEXT, frame))

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    # --- the load ---------------------------------------------------------------------------------------------------

    def send_meters(self, intended: float) -> None:
        """Send a reading of 4 sampled values. `intended` is the time from which its latency counts."""
        self.busy = True
        self.intended = intended
        self._number = number = self._number + 1
        millis = time.time_ns() // 1_000_000
        if millis <= self._millis:
            millis = self._millis + 1
        self._millis = millis
        self.stamp = stamp = self.stamps.text(millis)
        self._register = register = self._register + 3
        payload = self._reading(number, stamp, register)
        self._expected = b'[3,"%s%012d"' % (self._prefix, number)
        self._transport.write(b"\x81\xfe" + len(payload).to_bytes(2, "big") + _ZERO_KEY + payload)  # type: ignore[union-attr]

    def _reading(self, number: int, stamp: bytes, register: int) -> bytes:
        wobble = number % 97
        return METER_VALUES % (
            self._prefix, number, self._transaction, stamp, register,
            11_000 - wobble, 15, wobble % 10, 229 + wobble % 3, number % 10,
        )  # fmt: skip

    def data_received(self, data: bytes) -> None:
        if not self._buffer and data[0] == TEXT:
            length = data[1]
            start = 2
            if length == 126:
                length = data[2] << 8 | data[3]
                start = 4
            if length < 65_536 and len(data) == start + length:
                phase = self.phase
                if phase == "echo" or (phase == "load" and data.startswith(self._expected, start)):
                    self.busy = False
                    self.watcher.acknowledged(self)
                else:
                    self._understand(data[start:])
                return
        self._buffer += data
        self._parse()

    def _parse(self) -> None:
        if self.phase == "handshake":
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            self._buffer = rest
            if not head.startswith(b"HTTP/1.1 101"):
                self.phase = "closed"
                self.watcher.lost(self, head.split(b"\r\n", 1)[0].decode(errors="replace"))
                self._transport.close()  # type: ignore[union-attr]
                return
            self.phase = "open"
            self.watcher.opened(self)
        while (parsed := unframed(self._buffer)) is not None:
            opcode, payload, size = parsed
            self._buffer = self._buffer[size:]
            if opcode == TEXT:
                self._understand(payload)
            elif opcode == PING:
                self._write(framed(PONG, payload))

    def _understand(self, payload: bytes) -> None:
        """Anything but the expected answer in the load phase: answers of the phases before it, the server's calls."""
        if self.phase == "echo" or (self.phase == "load" and payload.startswith(self._expected)):
            self.busy = False
            self.watcher.acknowledged(self)
        elif payload.startswith(b"[2,"):
            message_id = orjson.dumps(orjson.loads(payload)[1])
            self._write(framed(TEXT, b'[4,%s,"NotSupported","",{}]' % message_id))
        elif payload.startswith(self._expected):
            self._answered(orjson.loads(payload)[2])
        elif payload.startswith(b"[4,"):
            self.watcher.lost(self, payload[:200].decode(errors="replace"))
            self.close()

    def _answered(self, answer: dict[str, object]) -> None:
        if self.phase == "boot" and answer.get("status") != "Accepted":
            asyncio.get_running_loop().call_later(max(1.0, float(str(answer.get("interval", 1)))), self.boot)
        elif self.phase == "boot":
            self.phase = "booted"
            self.watcher.ready(self)
        elif self.phase == "start":
            self._begun(answer)
            self.phase = "load"
            self.watcher.ready(self)
        elif self.phase == "status":
            self.phase = "idle"
            self.watcher.ready(self)

    def _begun(self, answer: dict[str, object]) -> None:
        """The transaction has begun."""
        self._transaction = int(str(answer["transactionId"]))


class Charger201(Charger):
    """The same in 2.0.1: its readings are TransactionEvents (Updated)."""

    __slots__ = ()
    subprotocol = "ocpp2.0.1"

    def boot(self) -> None:
        station = {"vendorName": "Raycharge", "model": "Load"}
        self._call("boot", b"BootNotification", {"reason": "PowerUp", "chargingStation": station})

    def report_available(self) -> None:
        payload = {"timestamp": self._now(), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
        self._call("status", b"StatusNotification", payload)

    def start(self) -> None:
        payload = {
            "eventType": "Started", "timestamp": self._now(), "triggerReason": "Authorized", "seqNo": 0,
            "transactionInfo": {"transactionId": self._prefix.decode(), "chargingState": "Charging"},
            "evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": self.id_tag, "type": "ISO14443"},
        }  # fmt: skip
        self._first = self._number + 1
        self._call("start", b"TransactionEvent", payload)

    def _reading(self, number: int, stamp: bytes, register: int) -> bytes:
        wobble = number % 97
        return TRANSACTION_EVENT % (
            self._prefix, number, stamp, number - self._first, self._prefix, stamp, register,
            11_000 - wobble, 15, wobble % 10, 229 + wobble % 3, number % 10,
        )  # fmt: skip

    def _begun(self, answer: dict[str, object]) -> None:
        return


class StatusCharger(Charger):
    """Sends StatusNotifications in turn Preparing and Available, each with the time at which it leaves as `info`."""

    __slots__ = ()

    def start(self) -> None:
        self.phase = "load"
        self.watcher.ready(self)

    def _reading(self, number: int, stamp: bytes, register: int) -> bytes:
        status = b"Available" if number % 2 else b"Preparing"
        return _STATUS % (self._prefix, number, status, time.time(), stamp)


CHARGERS = {kind.subprotocol: kind for kind in (Charger, Charger201)}
"""Chargers by the subprotocol that they speak."""


def framed(first: int, payload: bytes) -> bytes:
    """A whole frame from a client. `first` is the first byte: FIN and the opcode."""
    length = len(payload)
    if length < 126:
        return bytes((first, 0x80 | length)) + _ZERO_KEY + payload
    if length < 65_536:
        return bytes((first, 0xFE)) + length.to_bytes(2, "big") + _ZERO_KEY + payload
    return bytes((first, 0xFF)) + length.to_bytes(8, "big") + _ZERO_KEY + payload


def unframed(data: bytes) -> tuple[int, bytes, int] | None:
    """The first frame from a server in `data`: first byte, payload and size on the wire. None if it is not whole."""
    if len(data) < 2:
        return None
    length, start = data[1] & 0x7F, 2
    if length >= 126:
        start = 4 if length == 126 else 10
        if len(data) < start:
            return None
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        return None
    return data[0], data[start : start + length], start + length


def _handshake(url: str, name: str, password: str, subprotocol: str) -> bytes:
    parts = urlsplit(url)
    lines = [
        f"GET {parts.path.rstrip('/')}/{name} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: {subprotocol}",
    ]
    if password:
        lines.append(f"Authorization: Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
