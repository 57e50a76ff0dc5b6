"""A scripted charging station of any OCPP version over a real WebSocket. Every payload is checked, both ways.

`call` says something to the CSMS, `expect` waits for what the CSMS says. What the CSMS says without being expected, and
without an answer in `answers`, fails the case. Everything has a deadline; a failure names the step, what came instead,
and `trace` keeps every frame.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.headers import build_authorization_basic
from websockets.typing import Subprotocol

from tests.conformance import messages
from tests.conformance.verdict import CaseFailed, holds

PATIENCE_S = 30.0
CALL, CALLRESULT, CALLERROR, CALLRESULTERROR, SEND = 2, 3, 4, 5, 6


@dataclass(frozen=True, slots=True)
class CallError:
    """A CALLERROR, as an answer of either side."""

    code: str
    description: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


Answer = Mapping[str, Any] | CallError | Callable[[dict[str, Any]], Any]
"""A payload, an error, or a function of the CALL's payload that gives one of them."""


@dataclass(frozen=True, slots=True)
class Dial:
    """How a station connects. `offered` are the subprotocols, the first one is spoken unless the CSMS chooses another.

    `user` is the basic authentication's user name where it is not the identity; no password, no header.
    """

    url: str
    identity: str
    offered: tuple[str, ...]
    password: str | bytes | None = None
    user: str | None = None
    tls: ssl.SSLContext | None = None

    @property
    def headers(self) -> dict[str, str]:
        if self.password is None:
            return {}
        user = self.identity if self.user is None else self.user
        if isinstance(self.password, bytes):
            return {"Authorization": "Basic " + base64.b64encode(user.encode() + b":" + self.password).decode()}
        return {"Authorization": build_authorization_basic(user, self.password)}


@dataclass(slots=True)
class Received:
    """A CALL of the CSMS that is not answered yet."""

    station: Station
    id: str
    action: str
    payload: dict[str, Any]

    async def answer(self, answer: Answer) -> None:
        """Send the answer, a CALLRESULT or a CALLERROR."""
        while callable(answer) and not isinstance(answer, (Mapping, CallError)):
            answer = answer(self.payload)
        if isinstance(answer, CallError):
            await self.station.send([CALLERROR, self.id, answer.code, answer.description, dict(answer.details)])
            return
        self.station.judge(self.action, dict(answer), request=False, whose="the case's own answer")
        await self.station.send([CALLRESULT, self.id, dict(answer)])


def stamp(*, ago_s: float = 0.0) -> str:
    """Now, or some seconds ago, as a station writes it."""
    return (datetime.now(UTC) - timedelta(seconds=ago_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Station:
    """One station; it may connect, close and connect again. `answers` are for CALLs that come at any time."""

    def __init__(self, dial: Dial) -> None:
        self.dial = dial
        self.answers: dict[str, Answer] = {}
        self.trace: list[str] = []
        self.subprotocol = dial.offered[0] if dial.offered else ""
        self.socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._calls: deque[Received] = deque()
        self._called = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[list[Any]]] = {}
        self._turn = asyncio.Lock()
        self._fault: CaseFailed | None = None
        self._closed: str | None = "it never connected"

    @property
    def identity(self) -> str:
        return self.dial.identity

    # connection ------------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect. Raises CaseFailed when the CSMS does not let the station in; see `refused` for the opposite."""
        try:
            self.socket = await self._open()
        except (InvalidHandshake, OSError, TimeoutError, EOFError) as error:
            raise CaseFailed(
                f"{self.identity} is not let in at {self.dial.url}: {type(error).__name__}: {error}"
            ) from error
        self.subprotocol = self.socket.subprotocol or self.subprotocol
        self._closed = None
        self.trace.append(f"connected, {self.socket.subprotocol or 'no subprotocol'}")
        self._reader = asyncio.create_task(self._read(self.socket), name=f"station {self.identity}")

    async def refused(self) -> Exception:
        """Try to connect, which the CSMS has to refuse; how it did. An HTTP status is at `.response.status_code`."""
        try:
            socket = await self._open()
        except (InvalidHandshake, OSError, EOFError) as error:
            self.trace.append(f"refused: {type(error).__name__}: {error}")
            return error
        await socket.close()
        raise CaseFailed(f"{self.identity} is let in at {self.dial.url}, and should not be")

    async def _open(self) -> ClientConnection:
        url = f"{self.dial.url}/ocpp/{self.identity}"
        return await connect(
            url,
            subprotocols=[Subprotocol(name) for name in self.dial.offered] or None,
            additional_headers=self.dial.headers,
            proxy=None,
            ping_interval=None,
            open_timeout=PATIENCE_S,
            close_timeout=5,
            max_size=None,
            **({"ssl": self.dial.tls} if self.dial.tls is not None else {}),
        )

    async def close(self) -> None:
        """Close the connection, as a station that goes offline in good order."""
        if self.socket is not None:
            await self.socket.close()
        if self._reader is not None:
            await self._reader

    async def cut(self) -> None:
        """Lose the connection without a closing handshake, as when the power or the network fails."""
        if self.socket is not None:
            self.socket.transport.abort()
        if self._reader is not None:
            await self._reader

    async def reconnect(self, dial: Dial | None = None) -> None:
        """Close if need be and connect again, with another dial if one is given."""
        await self.close()
        self.dial = dial or self.dial
        await self.connect()

    async def closed_by_csms(self, timeout_s: float = PATIENCE_S) -> int:
        """Wait until the CSMS closes the connection; the close code."""
        if self._reader is None or self.socket is None:
            raise CaseFailed("waiting for a close, and the station never connected")
        try:
            await asyncio.wait_for(asyncio.shield(self._reader), timeout_s)
        except TimeoutError:
            raise CaseFailed(f"the CSMS did not close the connection within {timeout_s:.0f} s") from None
        return self.socket.close_code or 1006

    # what the station says -------------------------------------------------------------------------------------------

    async def call(
        self,
        action: str,
        payload: Mapping[str, Any] | None = None,
        *,
        wanted: Mapping[str, Any] | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> dict[str, Any]:
        """Send a CALL; the CALLRESULT's payload, schema-valid, in which `wanted` holds. Raises CaseFailed."""
        frame = await self._answered(action, dict(payload or {}), timeout_s)
        if frame[0] != CALLRESULT:
            raise CaseFailed(f"{action} is answered with a CALLERROR: {json.dumps(frame[2:])}")
        self.judge(action, frame[2], request=False, whose="the CSMS's answer")
        holds(frame[2], wanted or {}, f"the answer to {action}")
        answer: dict[str, Any] = frame[2]
        return answer

    async def call_refused(
        self, action: str, payload: Mapping[str, Any] | None = None, *, code: str | None = None, valid: bool = True
    ) -> CallError:
        """Send a CALL that has to be answered with a CALLERROR, of `code` if given. `valid=False` skips our schema."""
        frame = await self._answered(action, dict(payload or {}), PATIENCE_S, valid=valid)
        if frame[0] != CALLERROR:
            raise CaseFailed(f"{action} is answered with {json.dumps(frame[2])}, not with a CALLERROR")
        error = CallError(*frame[2:5])
        if code is not None and error.code != code:
            raise CaseFailed(f"{action} is refused with {error.code}, not with {code}: {error.description}")
        return error

    async def send_unconfirmed(self, action: str, payload: Mapping[str, Any]) -> None:
        """A SEND of OCPP 2.1: nothing comes back."""
        self.judge(action, dict(payload), request=True, whose="the case's own message")
        await self.send([SEND, uuid.uuid4().hex, action, dict(payload)])

    async def _answered(self, action: str, payload: dict[str, Any], timeout_s: float, valid: bool = True) -> list[Any]:
        if valid:
            self.judge(action, payload, request=True, whose="the case's own message")
        async with self._turn:  # one CALL at a time, as the specification demands
            id = uuid.uuid4().hex
            waiting = self._waiting[id] = asyncio.get_running_loop().create_future()
            try:
                await self.send([CALL, id, action, payload])
                return await self._within(waiting, timeout_s, f"waiting for the answer to {action}")
            finally:
                del self._waiting[id]

    async def send(self, frame: Sequence[Any] | str) -> None:
        """Any frame, or any text at all."""
        if self._fault is not None:
            raise self._fault
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self.trace.append(f"> {text[:600]}")
        if self.socket is None:
            raise CaseFailed(f"sending {text[:200]}, and the station never connected")
        try:
            await self.socket.send(text)
        except ConnectionClosed as error:
            raise CaseFailed(f"sending {text[:200]}, and the connection is closed: {error}") from error

    # what the CSMS says ----------------------------------------------------------------------------------------------

    async def expect(
        self,
        action: str,
        answer: Answer,
        *,
        wanted: Mapping[str, Any] | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> dict[str, Any]:
        """The payload of the CSMS's next CALL, which is `action`, schema-valid, in which `wanted` holds; answers it."""
        received = await self.receive(action, timeout_s=timeout_s)
        await received.answer(answer)
        holds(received.payload, wanted or {}, f"the CSMS's {action}")
        return received.payload

    async def receive(self, action: str, *, timeout_s: float = PATIENCE_S) -> Received:
        """The CSMS's next CALL, which is `action`. It still waits for its answer."""
        what = f"waiting for the CSMS's {action}"
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not self._calls:
            self._called.clear()
            event = asyncio.ensure_future(self._called.wait())
            try:
                await self._within(event, deadline - asyncio.get_running_loop().time(), what)
            finally:
                event.cancel()
        received = self._calls.popleft()
        if received.action != action:
            raise CaseFailed(f"{what}, and {received.action} came: {json.dumps(received.payload)[:300]}")
        return received

    def nothing_else(self) -> None:
        """Raises CaseFailed if the CSMS said something that it should not have, or that nobody expected."""
        if self._fault is not None:
            raise self._fault
        if self._calls:
            first = self._calls[0]
            raise CaseFailed(
                f"the CSMS sent {first.action} without being expected to: {json.dumps(first.payload)[:300]}"
            )

    # inside ----------------------------------------------------------------------------------------------------------

    def judge(self, action: str, payload: Any, *, request: bool, whose: str) -> None:
        """Raises CaseFailed if a payload is not schema-valid."""
        wrong = messages.flaw(self.subprotocol, action, payload, request=request)
        if wrong:
            kind = "CALL" if request else "CALLRESULT"
            raise CaseFailed(f"{whose} ({kind} of {action}) is not valid: {wrong}; it is {json.dumps(payload)[:400]}")

    async def _within(self, waited: asyncio.Future[Any], timeout_s: float, what: str) -> Any:
        """The result of a future; CaseFailed when a fault, the end of the connection or the deadline come first."""
        reader = self._reader
        if reader is None:
            raise CaseFailed(f"{what}, and {self._closed}")
        await asyncio.wait({waited, reader}, timeout=max(timeout_s, 0.0), return_when=asyncio.FIRST_COMPLETED)
        if waited.done():
            return waited.result()
        if self._fault is not None:
            raise self._fault
        if reader.done():
            raise CaseFailed(f"{what}, and {self._closed}")
        raise CaseFailed(f"{what}: nothing came within {timeout_s:.0f} s")

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                self.trace.append(f"< {str(text)[:600]}")
                await self._take(text)
        except ConnectionClosed:
            pass
        except CaseFailed as fault:
            self._fault = fault
        self._closed = f"the connection is closed with {socket.close_code} {socket.close_reason or ''}".rstrip()
        self.trace.append(self._closed)
        with suppress(ConnectionClosed, OSError):
            await socket.close()

    async def _take(self, text: str | bytes) -> None:
        """One frame. Raises CaseFailed for one that no CSMS may send."""
        try:
            frame = json.loads(text)
            kind, id = frame[0], frame[1]
        except (ValueError, TypeError, LookupError):
            raise CaseFailed(f"the CSMS sent no OCPP frame: {text!r:.300}") from None
        if kind == CALL and len(frame) == 4:
            self.judge(frame[2], frame[3], request=True, whose="the CSMS's message")
            received = Received(self, id, frame[2], frame[3])
            if frame[2] in self.answers:
                await received.answer(self.answers[frame[2]])
                return
            self._calls.append(received)
            self._called.set()
        elif kind in (CALLRESULT, CALLERROR) and id in self._waiting:
            if not self._waiting[id].done():
                self._waiting[id].set_result(frame)
        elif kind == CALLRESULTERROR:
            raise CaseFailed(f"the CSMS does not accept an answer of ours: {json.dumps(frame)[:400]}")
        else:
            raise CaseFailed(f"the CSMS sent what nobody waits for: {json.dumps(frame)[:400]}")
