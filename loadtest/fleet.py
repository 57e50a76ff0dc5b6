"""Many simulated stations in one process: started at a chosen rate, watched, stopped together.

    python -m loadtest.fleet --url ws://127.0.0.1:9000/ocpp --count 20 --prefix DEMO- --password-file passwords.txt

`Fleet` is the same for programs: `await Fleet(plan).run()`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
import uvloop

from engine.errors import ConfigurationError
from loadtest.audit import AuditLog
from loadtest.habits import Habits, inhabit
from loadtest.histogram import Histogram
from loadtest.link import Link, wall
from loadtest.quirks import Quirk, quirks
from loadtest.speech import VERSIONS
from loadtest.station import Station, Traits
from loadtest.wire import Address


class Statistics:
    """What the stations lived through: an `Observer` for all of them. Latencies in microseconds by action."""

    def __init__(self) -> None:
        self.latencies: dict[str, Histogram] = {}
        self.errors: Counter[str] = Counter()
        self.unanswered_calls: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.began = time.monotonic()

    def answered(self, action: str, micros: int, error: str) -> None:
        histogram = self.latencies.get(action)
        if histogram is None:
            histogram = self.latencies[action] = Histogram()
        histogram.add(micros)
        if error:
            self.errors[f"{action} {error}"] += 1

    def unanswered(self, action: str) -> None:
        self.unanswered_calls[action] += 1

    def noted(self, what: str) -> None:
        self.events[what] += 1

    def summary(self) -> dict[str, object]:
        """Everything as JSON: counts, and p50, p99 and the highest latency in milliseconds by action."""
        return {
            "seconds": round(time.monotonic() - self.began, 1),
            "calls": {
                action: {
                    "count": histogram.count,
                    "p50_ms": histogram.percentile(0.5) / 1000,
                    "p99_ms": histogram.percentile(0.99) / 1000,
                    "max_ms": histogram.highest / 1000,
                }
                for action, histogram in sorted(self.latencies.items())
            },
            "errors": dict(self.errors),
            "unanswered": dict(self.unanswered_calls),
            "events": dict(self.events),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fleet is. `url` is the endpoint without a charge point's id.

    `passwords` maps a charge point to its password; those that it leaves out get `password`. Without `habits` the
    stations boot and stay idle. `start_rate` is in stations a second. `versions` are subprotocols, taken in turn;
    without any, all speak that of the traits.
    """

    url: str
    count: int = 20
    prefix: str = "DEMO-"
    digits: int = 3
    first: int = 1
    password: str = field(default="", repr=False)
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    traits: Traits = field(default_factory=Traits)
    habits: Habits | None = field(default_factory=Habits)
    start_rate: float = 50.0
    seed: int = 0
    audit: Path | None = None
    versions: tuple[str, ...] = ()

    def identities(self) -> list[str]:
        return [f"{self.prefix}{number:0{self.digits}d}" for number in range(self.first, self.first + self.count)]


Progress = Callable[[Statistics], None]


class Fleet:
    """The stations of a plan, on the running loop. `links` maps a charge point to its driver."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.statistics = Statistics()
        self.links: dict[str, Link] = {}
        self._audit = AuditLog(plan.audit) if plan.audit is not None else None
        self._ended = asyncio.Event()

    @property
    def online(self) -> int:
        """How many stations have a connection."""
        return sum(link.station.online for link in self.links.values())

    @property
    def registered(self) -> int:
        """How many stations are booted."""
        return sum(link.station.registered for link in self.links.values())

    @property
    def backlog(self) -> int:
        """How many durable messages the stations hold that are not acknowledged."""
        outboxes = [link.station.outbox for link in self.links.values()]
        return sum(len(box.durable) + (box.under_way is not None and box.under_way.durable) for box in outboxes)

    def stop(self) -> None:
        """Let `run` return."""
        self._ended.set()

    async def start(self) -> None:
        """Switch all stations on, one after the other; does not wait for their boots."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, identity in enumerate(self.plan.identities(), 1):
            link = self._link(identity, number - 1)
            self.links[identity] = link
            if self.plan.habits is not None:
                inhabit(link.station, self.plan.habits, wall())
            link.start()
            ahead = began + number / self.plan.start_rate - loop.time()
            if ahead > 0:
                await asyncio.sleep(ahead)
            if self._ended.is_set():
                return

    def _link(self, identity: str, number: int) -> Link:
        plan = self.plan
        traits = plan.traits
        if plan.versions:
            traits = replace(traits, version=plan.versions[number % len(plan.versions)])
        station = Station(identity, traits, seed=plan.seed, audit=self._audit, observer=self.statistics)
        password = plan.passwords.get(identity, plan.password)
        return Link(station, Address.of(plan.url, identity, password, traits.quirks, traits.version))

    async def run(
        self, seconds: float | None = None, *, progress: Progress | None = None, every_s: float = 1.0
    ) -> Statistics:
        """Start, live for `seconds` (None: until `stop`), and switch off. `progress` is called every `every_s`."""
        try:
            starting = asyncio.create_task(self.start())
            deadline = None if seconds is None else time.monotonic() + seconds
            while not self._ended.is_set() and (deadline is None or time.monotonic() < deadline):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), every_s)
                self.flush_audit()
                if starting.done():
                    starting.result()
                if progress is not None:
                    progress(self.statistics)
            self._ended.set()
            await starting
        finally:
            await self.close()
        return self.statistics

    def flush_audit(self) -> None:
        if self._audit is not None:
            self._audit.flush()

    async def drain(self, timeout_s: float) -> bool:
        """Wait until every durable message is acknowledged; False if the time is up before."""
        deadline = time.monotonic() + timeout_s
        while self.backlog:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.05)
        return True

    async def close(self) -> None:
        """Switch every station off and close the audit file."""
        for link in self.links.values():
            await link.stop()
        if self._audit is not None:
            self._audit.close()
            self._audit = None


def read_passwords(path: Path) -> dict[str, str]:
    """A password file: one `charge point:password` a line. Raises ConfigurationError for a line without a colon."""
    passwords: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip():
            continue
        identity, colon, password = line.strip().partition(":")
        if not colon:
            raise ConfigurationError(f"{path.name}, line {number}: write it as CHARGE-POINT:PASSWORD.")
        passwords[identity] = password
    return passwords


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.fleet", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--url", default="ws://127.0.0.1:9000/ocpp", help="endpoint without the charge point's id")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--prefix", default="DEMO-")
    parser.add_argument("--digits", type=int, default=3, help="digits of the number after the prefix")
    parser.add_argument("--password", default="", help="HTTP Basic password of all stations")
    parser.add_argument("--password-file", type=Path, help="lines of CHARGE-POINT:PASSWORD")
    parser.add_argument(
        "--version", action="append", choices=VERSIONS, help="subprotocol to speak; several are taken in turn"
    )
    parser.add_argument(
        "--start-at",
        default="PowerPathClosed",
        choices=("PowerPathClosed", "EVConnected"),
        help="where a 2.x transaction starts and stops",
    )
    parser.add_argument("--connectors", type=int, default=1)
    parser.add_argument("--id-tag", action="append", help="a card that drivers use; may be given several times")
    parser.add_argument("--meter-interval", type=float, default=10.0, help="seconds between meter values")
    parser.add_argument("--speed", type=float, default=1.0, help="60: an hour's session takes a minute")
    parser.add_argument("--idle", action="store_true", help="boot and stay idle: no cars come")
    parser.add_argument("--quirk", action="append", default=[], help="; ".join(quirk.value for quirk in Quirk))
    parser.add_argument("--start-rate", type=float, default=50.0, help="stations switched on a second")
    parser.add_argument("--seconds", type=float, help="end after so long; default: at Ctrl-C")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--audit", type=Path, help="append what is said and acknowledged to this file")
    return parser


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan that the command line describes. Raises ConfigurationError."""
    try:
        wanted = quirks(options.quirk)
    except ValueError as unknown:
        raise ConfigurationError(str(unknown)) from unknown
    versions = tuple(options.version or ("ocpp1.6",))
    if options.audit and versions != ("ocpp1.6",):
        raise ConfigurationError("The audit knows 1.6's messages only: leave out --audit or --version.")
    habits = Habits(speed=options.speed)
    if options.id_tag:
        habits = replace(habits, id_tags=tuple(options.id_tag))
    return Plan(
        url=options.url,
        count=options.count,
        prefix=options.prefix,
        digits=options.digits,
        password=options.password,
        passwords=read_passwords(options.password_file) if options.password_file else {},
        traits=Traits(
            connectors=options.connectors,
            meter_interval_s=options.meter_interval,
            speed=options.speed,
            quirks=wanted,
            start_at=options.start_at,
        ),
        habits=None if options.idle else habits,
        start_rate=options.start_rate,
        seed=options.seed,
        audit=options.audit,
        versions=versions,
    )


async def _main(options: argparse.Namespace) -> dict[str, object]:
    fleet = Fleet(plan_of(options))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, fleet.stop)
    began = time.monotonic()

    def progress(statistics: Statistics) -> None:
        events = statistics.events
        meters = Histogram()
        for action in ("MeterValues", "TransactionEvent"):
            meters.merge(statistics.latencies.get(action, Histogram()))
        sys.stderr.write(
            f"\r{time.monotonic() - began:6.0f} s  {fleet.registered}/{fleet.plan.count} booted"
            f"  {events['session started']} started  {events['session stopped']} stopped"
            f"  {meters.count} readings, p99 {meters.percentile(0.99) / 1000:.1f} ms  {fleet.backlog} waiting "
        )
        sys.stderr.flush()

    statistics = await fleet.run(options.seconds, progress=progress if sys.stderr.isatty() else None)
    return statistics.summary()


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    try:
        summary = uvloop.run(_main(options))
    except ConfigurationError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    sys.stdout.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
