"""How many instructions a message takes on its way through a host, counted by valgrind: the same on a busy machine.

From a frame's text to its answer's, with commits that are packed for the journal and answered at once: without sockets,
the kernel and the fsync, which `ingest` has. The yardstick is what the `ocpp` package does with the same MeterValues,
without a socket either: `ChargePoint.route_message`.

    python -m benchmarks.instructions [--chargers 200] [--messages 20]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import uvloop

from actors.charge_point import ChargePointActor
from actors.runtime import Runtime
from benchmarks.load_charger import METER_VALUES, TRANSACTION_EVENT
from benchmarks.reference_csms import ReferenceChargePoint
from engine import compiled
from engine.journal.commit_command import packed_commit
from engine.journal.memory import MemoryJournal
from engine.journal.port import Committed, Write
from engine.settings import Settings
from engine.stores.tokens.book import TokenBook
from engine.stores.tokens.held import MemoryTokenSource
from engine.stores.tokens.token import Token

AT_ONCE = 250
"""Frames that come before the loop turns: a commit's worth of them."""

PATIENCE_S = 60.0
_COLLECTED = re.compile(r"Collected : (\d+)")


class PackingJournal(MemoryJournal):
    """Once `packing`, a commit is written in Redis' words and answered without being kept."""

    packing = False

    async def commit(
        self, incarnation: str, numbered: Mapping[int, tuple[int, Sequence[Write]]]
    ) -> dict[int, Committed]:
        if not self.packing:
            return await super().commit(incarnation, numbered)
        for number, writes in numbered.values():
            packed_commit("0" * 40, "{0}", incarnation, number, writes)
        return {partition: Committed(1, frozenset(), 0) for partition in numbered}


class CountingLink:
    """Where a charge point's answers go."""

    remote = "10.0.0.1:5"

    def __init__(self) -> None:
        self.number = self.answers = 0
        self.last = b""

    def send(self, text: bytes) -> bool:
        # What the host asks by itself after a boot is no answer.
        if not text.startswith(b"[2,"):
            self.answers += 1
            self.last = text
        return True

    def close(self, code: int, reason: str) -> None:
        raise RuntimeError(f"The host closed a connection: {code} {reason}")

    def waiting(self, count: int) -> None:
        """Nobody has to wait here."""


def now() -> str:
    """This moment as stations write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Station16:
    """What a station of 1.6 says here."""

    subprotocol = "ocpp1.6"
    boot: Mapping[str, Any] = {"chargePointVendor": "V", "chargePointModel": "M"}

    def __init__(self, name: str) -> None:
        self.name = name
        self.number = 0

    def start(self) -> tuple[str, dict[str, Any]]:
        return "StartTransaction", {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": now()}

    def reading(self, number: int, answer: bytes) -> bytes:
        """`answer` is the one to the start."""
        transaction = json.loads(answer)[2]["transactionId"]
        name, wobble = self.name.encode(), number % 97
        parts = (name, number, transaction, now().encode(), 1000 + 37 * number, 11_000 - wobble)
        return METER_VALUES % (*parts, 15, wobble % 10, 229 + wobble % 3, number % 10)


class Station201(Station16):
    """The same in 2.0.1."""

    subprotocol = "ocpp2.0.1"
    boot: Mapping[str, Any] = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}

    def start(self) -> tuple[str, dict[str, Any]]:
        return "TransactionEvent", {
            "eventType": "Started", "timestamp": now(), "triggerReason": "Authorized", "seqNo": 0,
            "transactionInfo": {"transactionId": self.name, "chargingState": "Charging"},
            "evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": "TAG", "type": "ISO14443"},
        }  # fmt: skip

    def reading(self, number: int, answer: bytes) -> bytes:
        name, wobble, at = self.name.encode(), number % 97, now().encode()
        parts = (name, number, at, number, name, at, 1000 + 37 * number, 11_000 - wobble)
        return TRANSACTION_EVENT % (*parts, 15, wobble % 10, 229 + wobble % 3, number % 10)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something is true. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 what is waited for has no event
            await asyncio.sleep(0)


def count(on: bool) -> None:
    """Have valgrind count from here on, or not."""
    command = ["callgrind_control", "-i", "on" if on else "off", str(os.getpid())]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_S)


async def through_a_host(kind: type[Station16], chargers: int, messages: int) -> None:
    """Chargers begin to charge, and then send so many readings each, which count."""
    journal, book = PackingJournal(partitions=2), TokenBook(MemoryTokenSource(Token("TAG")))
    await book.read()
    runtime = Runtime("host-0", "host-0-0", Settings(), journal, book)
    await runtime.start()
    connected: list[tuple[Station16, ChargePointActor, CountingLink]] = []
    for number in range(chargers):
        station, link = kind(f"LOAD-{number:06d}"), CountingLink()
        actor = runtime.actor(station.name)
        actor.connect(link, station.subprotocol)
        connected.append((station, actor, link))
    links = [link for _, _, link in connected]
    for station, actor, link in connected:
        actor.frame_received(link, json.dumps([2, "boot", "BootNotification", station.boot]).encode())
    await until(lambda: all(link.answers == 1 for link in links))
    for station, actor, link in connected:
        actor.frame_received(link, json.dumps([2, "start", *station.start()]).encode())
    await until(lambda: all(link.answers == 2 for link in links))
    begun = [link.last for link in links]
    frames = [
        [(each[1], each[2], each[0].reading(number, answer)) for each, answer in zip(connected, begun, strict=True)]
        for number in range(1, messages + 2)
    ]
    journal.packing = True
    for turn, said in enumerate(frames):
        if turn == 1:
            # The first readings teach what is remembered.
            count(on=True)
        for first in range(0, len(said), AT_ONCE):
            for actor, link, text in said[first : first + AT_ONCE]:
                actor.frame_received(link, text)
            await until(lambda: all(link.answers == 3 + turn for _, link, _ in said[first : first + AT_ONCE]))  # noqa: B023
    count(on=False)
    await runtime.stop()


class Nowhere:
    """The `ocpp` package's connection, without one."""

    async def send(self, message: str) -> None:
        """Nobody hears it."""


async def through_the_reference(chargers: int, messages: int) -> None:
    """The same MeterValues through the `ocpp` package's charge points."""
    logging.getLogger("ocpp").setLevel(logging.ERROR)
    stations = [Station16(f"LOAD-{number:06d}") for number in range(chargers)]
    served = [ReferenceChargePoint(station.name, Nowhere()) for station in stations]
    answer = b'[3,"start",{"transactionId":1}]'
    frames = [[station.reading(number, answer).decode() for station in stations] for number in range(1, messages + 2)]
    for turn, said in enumerate(frames):
        if turn == 1:
            count(on=True)
        for charge_point, text in zip(served, said, strict=True):
            await charge_point.route_message(text)
    count(on=False)


def counted(what: str, chargers: int, messages: int) -> float:
    """Instructions a message of one of `WAYS`, in a process of its own under valgrind."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise RuntimeError("valgrind is not here: install it (apt-get install valgrind).")
    tool = [valgrind, "--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file=/dev/null"]
    command = [*tool, sys.executable, "-m", "benchmarks.instructions", "--count", what]
    command += ["--chargers", str(chargers), "--messages", str(messages)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    found = _COLLECTED.search(done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"{what} could not be counted:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return int(found[1]) / (chargers * messages)


WAYS: dict[str, Callable[[int, int], Any]] = {
    "meter_values": lambda chargers, messages: through_a_host(Station16, chargers, messages),
    "transaction_event": lambda chargers, messages: through_a_host(Station201, chargers, messages),
    "reference": through_the_reference,
}


def main() -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions")
    parser.add_argument("--chargers", type=int, default=200)
    parser.add_argument("--messages", type=int, default=20, help="of each charger")
    parser.add_argument("--count", choices=tuple(WAYS), help="be the process whose instructions are counted")
    options = parser.parse_args()
    if options.count:
        uvloop.run(WAYS[options.count](options.chargers, options.messages))
        return 0
    found = {what: counted(what, options.chargers, options.messages) for what in WAYS}
    print(f"hot path            {'compiled' if compiled.active() else 'from its sources'}")
    for what, value in found.items():
        print(f"{what:18s} {value:10.0f} instructions a message")
    ratios = {
        "reference_over_host_instructions": round(found["reference"] / found["meter_values"], 2),
        "transaction_event_over_meter_values": round(found["transaction_event"] / found["meter_values"], 2),
    }
    print(json.dumps({what: round(value) for what, value in found.items()} | ratios))
    return 0


if __name__ == "__main__":
    sys.exit(main())
