"""One journal and the hosts' runtimes around it, without Ray and without sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from actors.charge_point import ChargePointActor
from actors.runtime import Runtime
from engine.clock import Clock
from engine.journal.memory import MemoryJournal
from engine.journal.port import Committed, Write
from engine.settings import Settings
from engine.stores.tariffs.book import TariffBook
from engine.stores.tokens.book import TokenBook
from engine.stores.tokens.held import MemoryTokenSource
from engine.stores.tokens.token import Token

PATIENCE_S = 20.0
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


class FakeLink:
    """A socket that keeps what is sent to it."""

    def __init__(self) -> None:
        self.number = 0
        self.remote = "10.0.0.1:5"
        self.sent: list[list[Any]] = []
        self.closed: tuple[int, str] | None = None
        self.waited = 0

    def send(self, text: bytes) -> bool:
        if self.closed is None:
            self.sent.append(json.loads(text))
        return self.closed is None

    def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)

    def waiting(self, count: int) -> None:
        self.waited = count


class HeldJournal(MemoryJournal):
    """Commits wait while `gate` is closed, as they do for an fsync."""

    def __init__(self) -> None:
        super().__init__(partitions=2)
        self.gate = asyncio.Event()
        self.gate.set()

    async def commit(
        self, incarnation: str, numbered: Mapping[int, tuple[int, Sequence[Write]]]
    ) -> dict[int, Committed]:
        await self.gate.wait()
        return await super().commit(incarnation, numbered)


class Place:
    """The journal and what lives around it. `runtime()` makes another host."""

    def __init__(self) -> None:
        self.journal = HeldJournal()
        self.runtimes: dict[str, Runtime] = {}
        self.told: list[tuple[str, str, int]] = []

    async def runtime(
        self, name: str = "host-0", clock: Clock | None = None, tariffs: TariffBook | None = None, **settings: Any
    ) -> Runtime:
        book = TokenBook(MemoryTokenSource(Token("TAG")), clock)
        await book.read()
        runtime = Runtime(
            name,
            f"{name}-{len(self.runtimes)}",
            Settings(**settings),
            self.journal,
            book,
            tariffs=tariffs,
            clock=clock,
            on_taken_over=lambda host, charge_point, epoch: self.told.append((host, charge_point, epoch)),
        )
        runtime.machine = replace(runtime.machine, strict=True)
        await runtime.start()
        self.runtimes[name] = runtime
        return runtime

    async def events(self, kind: str) -> list[dict[str, Any]]:
        """The facts of a kind in the journal, in order."""
        found = []
        for partition, head in (await self.journal.heads()).items():
            for entry in await self.journal.read(partition, 0, count=head):
                for channel in ("e", "c"):
                    found += [e for e in json.loads(entry.channels.get(channel, b"[]")) if e["kind"] == kind]
        return found

    async def aclose(self) -> None:
        self.journal.away = ""
        self.journal.gate.set()
        for runtime in self.runtimes.values():
            await runtime.stop()


class StationIn:
    """A station connected to an actor of a runtime, over a fake link."""

    def __init__(self, runtime: Runtime, charge_point: str = "CP-1", subprotocol: str = "ocpp1.6") -> None:
        self.link = FakeLink()
        self.actor: ChargePointActor = runtime.actor(charge_point)
        self.actor.connect(self.link, subprotocol)
        self._number = 0

    def say(self, action: str, payload: object, message_id: str = "") -> str:
        self._number += 1
        message_id = message_id or f"{action}-{self._number}"
        self.actor.frame_received(self.link, json.dumps([2, message_id, action, payload]).encode())
        return message_id

    def answer_to(self, message_id: str) -> list[Any] | None:
        return next((frame for frame in self.link.sent if frame[0] != 2 and frame[1] == message_id), None)

    async def call(self, action: str, payload: object) -> list[Any]:
        message_id = self.say(action, payload)
        await until(lambda: self.answer_to(message_id), f"{action} answered")
        answer = self.answer_to(message_id)
        assert answer is not None
        return answer

    async def next_call(self) -> list[Any]:
        """The next CALL from the actor."""
        await until(lambda: any(frame[0] == 2 for frame in self.link.sent), "a CALL")
        call = next(frame for frame in self.link.sent if frame[0] == 2)
        self.link.sent.remove(call)
        return call

    def reply(self, message_id: str, payload: object) -> None:
        self.actor.frame_received(self.link, json.dumps([3, message_id, payload]).encode())


async def until(condition: Callable[[], object], what: str) -> None:
    """Let the loop turn until something is true."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while not condition():
        assert loop.time() < deadline, f"not {what}"
        await asyncio.sleep(0.002)


async def turns(count: int = 20) -> None:
    """Let the loop turn, for what must not happen."""
    for _ in range(count):
        await asyncio.sleep(0)
