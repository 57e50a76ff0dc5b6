"""Stations for crash tests, in a process that is never killed: short sessions, quick meter values, an audit file each.

It is driven by lines on stdin and answers with JSON lines on stdout:

    (start)  {"event": "ready", …}        all are booted
    mark     {"event": "served", …}       every station has sent something since and got it acknowledged
    rate     {"event": "rate", …}         acknowledgements so far, and how long that took
    stop     {"event": "result", …}       all transactions are stopped and everything is acknowledged

`CrashLoad` drives it from a test or benchmark.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import uvloop

from loadtest.audit import AUDITED
from loadtest.fleet import Fleet, Plan, Statistics
from loadtest.habits import Habits, inhabit
from loadtest.link import Link, wall
from loadtest.quirks import Quirk
from loadtest.station import Station
from loadtest.traits import Traits
from loadtest.wire import Address

PREFIX = "CRASH-"
ID_TAGS = ("CRASH-1", "CRASH-2")
TRAITS = Traits(
    meter_interval_s=0.3,
    speed=60.0,
    call_timeout_s=10.0,
    timeouts_before_hangup=2,
    boot_retry_s=1.0,
    retry_interval_s=1,
    reconnect_min_s=0.3,
    reconnect_max_s=2.0,
)
HABITS = Habits(
    idle_s=0.5, session_s=6.0, pause_s=1.0, pause_chance=0.2, fault_chance=0.02, fault_s=1.0, think_s=0.2,
    linger_s=0.0, first_visit_s=3.0, id_tags=ID_TAGS,
)  # fmt: skip
REPEATING = frozenset({Quirk.DUPLICATES, Quirk.SAME_ID_ON_RETRY, Quirk.NO_BOOT_AFTER_RECONNECT})
"""Quirks of every fourth station: it says things twice by itself."""


def identities(chargers: int, dedicated: int = 0, prefix: str = PREFIX) -> tuple[list[str], list[str]]:
    """The charge points of a load: shared ones, and ones of `isolation: dedicated`."""
    shared = [f"{prefix}{number:04d}" for number in range(1, chargers + 1)]
    return shared, [f"{prefix}OWN-{number}" for number in range(1, dedicated + 1)]


class Served:
    """One station's observer: passes everything on, and remembers when it last sent what was then acknowledged."""

    __slots__ = ("_statistics", "acknowledged", "sent")

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics
        self.sent = 0
        self.acknowledged = 0

    def answered(self, action: str, micros: int, error: str) -> None:
        self._statistics.answered(action, micros, error)
        if action in AUDITED and not error:
            self.acknowledged += 1
            self.sent = wall() - micros

    def unanswered(self, action: str) -> None:
        self._statistics.unanswered(action)

    def noted(self, what: str) -> None:
        self._statistics.noted(what)


class CrashFleet(Fleet):
    """A fleet that knows when each station was last served."""

    def __init__(self, plan: Plan, names: Sequence[str]) -> None:
        super().__init__(plan)
        self._names = list(names)
        self.served: dict[str, Served] = {}

    def names(self) -> list[str]:
        return self._names

    async def switch_on(self) -> None:
        """All stations, at the plan's rate."""
        habits = self.plan.habits
        for number, identity in enumerate(self._names):
            served = self.served[identity] = Served(self.statistics)
            traits = replace(self.plan.traits, quirks=REPEATING) if number % 4 == 3 else self.plan.traits
            if number % 8 == 1:
                traits = replace(traits, stop_data=True)
            station = Station(identity, traits, seed=self.plan.seed, audit=self._audit, observer=served)
            self.links[identity] = Link(station, Address.of(self.plan.url, identity, "", traits.quirks))
            if habits is not None:
                inhabit(station, habits, wall())
            self.links[identity].start()
            await asyncio.sleep(1 / self.plan.start_rate)

    @property
    def acknowledged(self) -> int:
        return sum(one.acknowledged for one in self.served.values())

    def unserved(self, since: int) -> list[str]:
        """Stations that have sent nothing since then that was acknowledged. `since` in microseconds of `wall()`."""
        return [name for name, one in self.served.items() if one.sent <= since]

    @property
    def charging(self) -> int:
        """How many stations are in a transaction."""
        return sum(any(c.transaction for c in link.station.connectors) for link in self.links.values())

    def calm(self) -> None:
        """End what people do at the stations; transactions are stopped, queued messages still leave."""
        now = wall()
        for link in self.links.values():
            station = link.station
            for connector in station.connectors[1:]:
                station.forget_deadline(("life", connector.number))
                station.stop(connector.number, now, "Local")
            link.pump()


class _Driver:
    """Answers the lines on stdin."""

    def __init__(self, fleet: CrashFleet, lines: asyncio.Queue[str]) -> None:
        self._fleet, self._lines = fleet, lines
        self._began = time.monotonic()

    async def run(self) -> None:
        starting = asyncio.create_task(self._fleet.switch_on())
        flushing = asyncio.create_task(self._flush())
        try:
            await starting
            while self._fleet.registered < len(self._fleet.names()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            self._began = time.monotonic()
            _tell("ready", chargers=self._fleet.registered)
            while (line := await self._lines.get()) not in ("", "stop"):
                if line == "mark":
                    await self._mark()
                elif line == "rate":
                    _tell("rate", **self._rate())
            if line == "stop":
                await self._end()
        finally:
            flushing.cancel()
            await self._fleet.close()

    def _rate(self) -> dict[str, Any]:
        return {"acknowledged": self._fleet.acknowledged, "seconds": time.monotonic() - self._began}

    async def _mark(self) -> None:
        since, began, first = wall(), time.monotonic(), 0.0
        count = len(self._fleet.names())
        while waiting := self._fleet.unserved(since):
            if not first and len(waiting) < count:
                first = time.monotonic() - began
            if time.monotonic() - began > 120:
                break
            await asyncio.sleep(0.02)
        _tell("served", first_s=first, all_s=time.monotonic() - began, unserved=waiting[:10], online=self._fleet.online)

    async def _end(self) -> None:
        drained = False
        while not drained or self._fleet.charging:
            # An authorisation under way may still begin one more transaction.
            self._fleet.calm()
            drained = await self._fleet.drain(120)
            if not drained:
                break
            await asyncio.sleep(0.2)
        self._fleet.flush_audit()
        summary = self._fleet.statistics.summary()
        _tell("result", drained=drained, backlog=self._fleet.backlog, statistics=summary, **self._rate())

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self._fleet.flush_audit()


def _tell(event: str, **fields: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


class CrashLoad:
    """The load as a child process. A context manager: leaving it ends the process. Raises RuntimeError when it ends
    early or does not answer in time."""

    def __init__(
        self, url: str, audit: Path, *, chargers: int, dedicated: int = 0, seed: int = 0, **more: object
    ) -> None:
        self.audit = audit
        command = [sys.executable, "-m", "loadtest.crash_load", "--url", url, "--audit", str(audit)]
        command += ["--chargers", str(chargers), "--dedicated", str(dedicated), "--seed", str(seed)]
        for name, value in more.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._said: Queue[dict[str, Any]] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(json.loads(line))
        self._said.put({"event": "end"})

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def until(self, event: str, timeout_s: float = 150.0) -> dict[str, Any]:
        """The next line that the load says, which must be this event."""
        try:
            said = self._said.get(timeout=timeout_s)
        except Empty:
            raise RuntimeError(f"The stations did not say {event!r} within {timeout_s:.0f} s.") from None
        if said["event"] != event:
            raise RuntimeError(f"The stations said {said} instead of {event!r}.")
        return said

    def ask(self, line: str, event: str, timeout_s: float = 150.0) -> dict[str, Any]:
        self.say(line)
        return self.until(event, timeout_s)

    def __enter__(self) -> CrashLoad:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=5)
        self._process.stdout.close()


async def _main(options: argparse.Namespace) -> None:
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line.strip())
        loop.call_soon_threadsafe(lines.put_nowait, "")

    threading.Thread(target=read, daemon=True).start()
    shared, own = identities(options.chargers, options.dedicated, options.prefix)
    traits = replace(
        TRAITS,
        meter_interval_s=options.meter_interval,
        call_timeout_s=options.call_timeout,
        timeouts_before_hangup=options.timeouts_before_hangup,
    )
    plan = Plan(
        url=options.url, traits=traits, habits=HABITS, start_rate=options.start_rate, seed=options.seed,
        audit=options.audit,
    )  # fmt: skip
    await _Driver(CrashFleet(plan, shared + own), lines).run()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtest.crash_load", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--url", required=True, help="endpoint without the charge point's id")
    parser.add_argument("--audit", type=Path, required=True, help="the file of what was said and acknowledged")
    parser.add_argument("--prefix", default=PREFIX)
    parser.add_argument("--chargers", type=int, default=220)
    parser.add_argument("--dedicated", type=int, default=0)
    parser.add_argument("--meter-interval", type=float, default=TRAITS.meter_interval_s)
    parser.add_argument("--call-timeout", type=float, default=TRAITS.call_timeout_s)
    parser.add_argument("--timeouts-before-hangup", type=int, default=TRAITS.timeouts_before_hangup)
    parser.add_argument("--start-rate", type=float, default=200.0)
    parser.add_argument("--seed", type=int, default=0)
    uvloop.run(_main(parser.parse_args(argv)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
