"""The load generator: many chargers that send MeterValues as fast as they are acknowledged, or at a given rate.

    python -m benchmarks.load --url ws://127.0.0.1:9000/ocpp --chargers 1000 --warmup 10 --seconds 60
    python -m benchmarks.load --url … --chargers 1000 --mode open --rate 5000 --seconds 60 --sample-log acks.jsonl
    python -m benchmarks.load --url … --chargers 1000 --mode status --rate 200 --seconds 60     (StatusNotifications)
    python -m benchmarks.load --url … --chargers 5000 --mode idle --seconds 0        (holds until stdin is closed)

It writes one JSON object a line to stdout: {"event": "ready"}, {"event": "window_start"}, {"event": "window_end"} and
last {"event": "result", …}, so that whoever drives it (`LoadProcess`) can count other processes' CPU over just the
window. Latencies in milliseconds; in the open loop they count from the time at which the message should have left.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import resource
import subprocess
import sys
import time
from array import array
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import uvloop

from benchmarks.load_charger import CHARGERS, Charger, Stamps, StatusCharger

TICK_S = 0.002


class Load:
    """One run: connects, boots, starts transactions, loads, measures."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.chargers: list[Charger] = []
        self.latencies = array("d")
        self.sent = 0
        self.acked = 0
        self.losses: list[str] = []
        self.measuring = False
        self.running = False
        self._waiting = 0
        self._all_ready = asyncio.Event()
        self._closed_loop = options.mode == "closed"
        self._sample_every = options.sample_every
        self._until_sample = 1
        self._samples: BinaryIO | None = None

    # --- Watcher ----------------------------------------------------------------------------------------------------

    def opened(self, charger: Charger) -> None:
        if self.options.echo:
            charger.skip_to_load()
            charger.counted = True
            self._one_ready()
        else:
            charger.boot()

    def ready(self, charger: Charger) -> None:
        if charger.phase == "booted" and self.options.mode == "idle":
            charger.report_available()
        elif charger.phase == "booted":
            charger.start()
        elif not charger.counted:
            charger.counted = True
            self._one_ready()

    def lost(self, charger: Charger, why: str) -> None:
        self.losses.append(f"{charger.name}: {why}")
        if not charger.counted:
            charger.counted = True
            self._one_ready()

    def acknowledged(self, charger: Charger) -> None:
        now = time.perf_counter()
        if self.measuring:
            self.acked += 1
            self.latencies.append(now - charger.intended)
            if self._samples is not None:
                self._sample(charger)
        if self._closed_loop:
            if self.running:
                charger.send_meters(now)
        elif charger.backlog:
            charger.send_meters(charger.backlog.pop(0))

    def _one_ready(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._all_ready.set()

    def _sample(self, charger: Charger) -> None:
        self._until_sample -= 1
        if not self._until_sample and self._samples is not None:
            self._until_sample = self._sample_every
            line = b'{"charge_point":"%s","timestamp":"%s","acknowledged":%.6f}\n'
            self._samples.write(line % (charger.name.encode(), charger.stamp, time.time()))

    # --- the run ----------------------------------------------------------------------------------------------------

    async def run(self) -> dict[str, Any]:
        began = time.perf_counter()
        await self._connect()
        tell("ready", chargers=len(self.chargers) - len(self.losses), seconds=time.perf_counter() - began)
        if self.options.mode == "idle":
            await self._idle()
            return self._result(0.0, 0.0)
        self.running = True
        loading = asyncio.create_task(self._open_loop()) if self.options.mode in ("open", "status") else None
        if loading is None:
            for charger in self.chargers:
                if charger.phase in ("load", "echo"):
                    charger.send_meters(time.perf_counter())
        await asyncio.sleep(self.options.warmup)
        result = await self._window()
        self.running = False
        if loading is not None:
            await loading
        await self._drain()
        for charger in self.chargers:
            charger.close()
        await asyncio.sleep(0.1)
        return result

    async def _connect(self) -> None:
        parts = urlsplit(self.options.url)
        options, stamps = self.options, Stamps()
        kind = StatusCharger if options.mode == "status" else CHARGERS[options.version]
        self._waiting = options.chargers
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(options.first, options.first + options.chargers):
            name = f"{options.prefix}{number:06d}"
            charger = kind(name, options.url, self, stamps, password=options.password)
            charger.id_tag = options.id_tag
            self.chargers.append(charger)
            await loop.create_connection(lambda c=charger: c, parts.hostname, parts.port or 80)  # type: ignore[misc]
            ahead = began + len(self.chargers) / options.connect_rate - loop.time()
            if ahead > 0:
                await asyncio.sleep(ahead)
        async with asyncio.timeout(options.ready_timeout):
            await self._all_ready.wait()

    async def _idle(self) -> None:
        """Hold the sockets, with heartbeats, for the given time or until stdin ends."""
        ended = asyncio.to_thread(sys.stdin.read) if not self.options.seconds else asyncio.sleep(self.options.seconds)
        holding = asyncio.ensure_future(ended)
        while not holding.done():
            await asyncio.wait({holding}, timeout=self.options.heartbeat)
            for charger in self.chargers:
                if charger.phase == "idle" and not holding.done():
                    charger.heartbeat()

    async def _open_loop(self) -> None:
        """Hand out intended times, evenly spaced over all chargers in turn; the ticker may be late, they are not."""
        gap = 1 / self.options.rate
        intended = time.perf_counter()
        live = [charger for charger in self.chargers if charger.phase in ("load", "echo")]
        for charger in itertools.cycle(live):
            while intended > time.perf_counter():
                if not self.running:
                    return
                await asyncio.sleep(TICK_S)
            if charger.busy:
                charger.backlog.append(intended)
            else:
                charger.send_meters(intended)
            intended += gap

    async def _window(self) -> dict[str, Any]:
        tell("window_start")
        if self.options.sample_log:
            # Unbuffered: whoever follows this log measures from the acknowledgement on.
            self._samples = Path(self.options.sample_log).open("ab", buffering=0)  # noqa: ASYNC230, SIM115
        self.measuring = True
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(self.options.seconds)
        self.measuring = False
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        tell("window_end")
        if self._samples is not None:
            self._samples.close()
        return self._result(seconds, cpu)

    async def _drain(self) -> None:
        """Let what is under way be acknowledged, so that sent and acknowledged agree with the stores."""
        deadline = time.perf_counter() + 10
        while any(c.busy or c.backlog for c in self.chargers if c.phase != "closed"):
            if time.perf_counter() > deadline:
                return
            await asyncio.sleep(0.01)

    def _result(self, seconds: float, cpu: float) -> dict[str, Any]:
        ordered = sorted(self.latencies)
        return {
            "mode": self.options.mode,
            "chargers": len(self.chargers),
            "lost": len(self.losses),
            "losses": self.losses[:5],
            "seconds": round(seconds, 3),
            "acknowledged": self.acked,
            "messages_per_s": round(self.acked / seconds, 1) if seconds else 0.0,
            "p50_ms": _percentile(ordered, 0.50),
            "p90_ms": _percentile(ordered, 0.90),
            "p99_ms": _percentile(ordered, 0.99),
            "max_ms": _percentile(ordered, 1.0),
            "own_cpu_s": round(cpu, 3),
            "own_cpu_us_per_message": round(cpu / self.acked * 1e6, 2) if self.acked else 0.0,
        }


def _percentile(ordered: list[float], share: float) -> float:
    """In milliseconds; `ordered` are seconds in ascending order."""
    if not ordered:
        return 0.0
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 3)


def tell(event: str, **fields: object) -> None:
    """One line for whoever drives us."""
    print(json.dumps({"event": event, "at": time.time(), **fields}), flush=True)


class LoadProcess:
    """The load generator as a process of its own, driven from another program.

    `until(event)` waits for a line; `result()` for the last one. Raises RuntimeError with the generator's complaint if
    it ends early. A context manager: leaving it ends the process.
    """

    def __init__(self, **options: object) -> None:
        """`options` are the command line's: `chargers=1000`, `sample_log=path`, `echo=True`."""
        arguments = [sys.executable, "-m", "benchmarks.load"]
        for name, value in options.items():
            if value is True:
                arguments.append(f"--{name.replace('_', '-')}")
            elif value is not False and value is not None:
                arguments += [f"--{name.replace('_', '-')}", str(value)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid

    def until(self, event: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said: dict[str, Any] = json.loads(line)
            if said["event"] == event:
                return said
        raise RuntimeError(f"The load generator ended (code {self._process.wait()}) before its {event!r}.")

    def result(self) -> dict[str, Any]:
        return self.until("result")

    def release(self) -> None:
        """Let idle chargers go."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def kill(self) -> None:
        """Have all chargers lose their connection at once."""
        self._process.kill()

    def __enter__(self) -> LoadProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def allow_many_files() -> None:
    """Raise the limit of open files to what the system allows: a socket is a file."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--url", required=True, help="ws://HOST:PORT/ocpp, without the charge point's id")
    parser.add_argument("--chargers", type=int, default=100)
    parser.add_argument("--prefix", default="LOAD-", help="ids are the prefix and a number of six digits")
    parser.add_argument("--first", type=int, default=1, help="the first id's number")
    parser.add_argument("--password", default=os.environ.get("LOAD_PASSWORD", ""), help="HTTP Basic, the same for all")
    parser.add_argument("--id-tag", default="LOAD")
    parser.add_argument("--version", choices=tuple(CHARGERS), default="ocpp1.6", help="what the chargers speak")
    parser.add_argument("--mode", choices=("closed", "open", "status", "idle"), default="closed")
    parser.add_argument("--rate", type=float, default=1000.0, help="messages a second in all (open loop)")
    parser.add_argument("--connect-rate", type=float, default=200.0, help="handshakes a second")
    parser.add_argument("--ready-timeout", type=float, default=120.0)
    parser.add_argument("--warmup", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the measured window")
    parser.add_argument("--heartbeat", type=float, default=60.0, help="seconds between heartbeats (idle)")
    parser.add_argument("--echo", action="store_true", help="the server echoes: any answer counts")
    parser.add_argument("--sample-log", default="", help="append every n-th acknowledgement of the window to this file")
    parser.add_argument("--sample-every", type=int, default=100)
    return parser


async def _main(options: argparse.Namespace) -> dict[str, Any]:
    return await Load(options).run()


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    allow_many_files()
    tell("result", **uvloop.run(_main(options)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
