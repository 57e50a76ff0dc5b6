"""How long a command takes: an app's request for a reset over REST, to the charger and back.

The chargers answer at once and do not reboot, so that all of the time is ours. One request follows the other over a
connection that is kept, each to another charger: one alone would soon have more answers to give than the frames a
second that a link may carry. First on an idle system, then with other chargers' MeterValues beside it. Floors of the
same run: a call of an empty Ray actor, and a WebSocket round trip to an echo.

    python -m benchmarks.command [--commands 500] [--chargers 100] [--rate 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.sync.client import connect as connect_now
from websockets.typing import Subprotocol

from actors.bare_call import bare_calls
from benchmarks.load import LoadProcess
from loadtest.installation import Installation

IDENTITIES = tuple(f"BENCH-COMMAND-{n}" for n in range(1, 21))
WARM_UP = 50
SETTINGS = {"HOSTS": "1", "REQUESTS_PER_MINUTE": "0", "REQUESTS_PER_MINUTE_PER_ADDRESS": "0"}


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of them lies, milliseconds as they are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def timed(action: Callable[[], Any], times: int) -> list[float]:
    """Milliseconds of each of so many calls, after some that do not count."""
    for _ in range(min(WARM_UP, times)):
        action()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        found.append((time.perf_counter() - began) * 1000)
    return found


class Chargers(threading.Thread):
    """Booted chargers in a thread of their own that accept whatever they are asked."""

    def __init__(self, url: str, identities: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._url, self._identities = url, identities
        self.booted = threading.Semaphore(0)
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()

    def run(self) -> None:
        self._loop.run_until_complete(self._live())

    def stop(self) -> None:
        """Hang up and end the thread."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self.join()

    async def _live(self) -> None:
        await asyncio.gather(*(self._charger(identity) for identity in self._identities))

    async def _charger(self, identity: str) -> None:
        async with connect(f"{self._url}/{identity}", subprotocols=[Subprotocol("ocpp1.6")], proxy=None) as socket:
            boot = {"chargePointVendor": "Bench", "chargePointModel": "Command"}
            await socket.send(json.dumps([2, "boot", "BootNotification", boot]))
            answering = asyncio.create_task(self._answer(socket))
            await self._ended.wait()
            answering.cancel()

    async def _answer(self, socket: Any) -> None:
        async for text in socket:
            frame = json.loads(text)
            if frame[0] == 3:
                self.booted.release()
            elif frame[0] == 2:
                await socket.send(json.dumps([3, frame[1], {"status": "Accepted"}]))


def resets(system: Installation, times: int) -> list[float]:
    """Milliseconds of each reset, REST to charger to REST. Raises RuntimeError for one that was not accepted."""
    headers = {"Authorization": f"Bearer {system.login()}", "Content-Type": "application/json"}
    # The plainest client there is: one with more comfort takes a millisecond of its own for each request.
    with closing(HTTPConnection("127.0.0.1", system.api_port, timeout=60.0)) as http:
        turn = cycle(IDENTITIES)

        def reset() -> None:
            http.request("POST", f"/api/v1/charge-points/{next(turn)}/reset", b"{}", headers)
            answer = http.getresponse()
            body = answer.read()
            if answer.status != 200 or json.loads(body)["outcome"] != "Accepted":
                raise RuntimeError(f"a reset was answered with {answer.status}: {body!r}")

        return timed(reset, times)


def resets_under_load(system: Installation, times: int, chargers: int, rate: float) -> tuple[list[float], float]:
    """The same beside `rate` MeterValues a second; also how many of them were acknowledged a second."""
    options: dict[str, Any] = {
        "url": f"ws://127.0.0.1:{system.ocpp_port}/ocpp",
        "chargers": chargers,
        "mode": "open",
        "rate": rate,
        "connect_rate": 300,
    }
    with LoadProcess(**options, warmup=3, seconds=20) as load:
        load.until("window_start")
        found = resets(system, times)
        return found, float(load.result()["messages_per_s"])


def websocket_round_trips(times: int) -> list[float]:
    """Milliseconds of a small frame to an echo and back."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.floor", "serve"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            with connect_now(f"ws://127.0.0.1:{port}/", subprotocols=[Subprotocol("ocpp1.6")], proxy=None) as socket:

                def echo() -> None:
                    socket.send('[2,"1","Reset",{"type":"Soft"}]')
                    socket.recv()

                return timed(echo, times)
        finally:
            server.terminate()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.command")
    parser.add_argument("--commands", type=int, default=500)
    parser.add_argument("--chargers", type=int, default=100)
    parser.add_argument("--rate", type=float, default=1000.0)
    options = parser.parse_args()
    before = os.getloadavg()[0]
    with Installation(Path(tempfile.mkdtemp(prefix="raycharge-command-")), SETTINGS) as system:
        names = [*IDENTITIES, *(f"LOAD-{n:06d}" for n in range(1, options.chargers + 1))]
        system.register(names, tokens=["LOAD"])
        chargers = Chargers(f"ws://127.0.0.1:{system.ocpp_port}/ocpp", IDENTITIES)
        chargers.start()
        if not all(chargers.booted.acquire(timeout=30.0) for _ in IDENTITIES):
            raise RuntimeError("The chargers were not let in within 30 s.")
        idle = resets(system, options.commands)
        loaded, rate = resets_under_load(system, options.commands, options.chargers, options.rate)
        chargers.stop()
    floors = {"ray_call": bare_calls(options.commands), "websocket": websocket_round_trips(options.commands)}
    rows = {"reset, idle": idle, f"reset, {rate:.0f} messages/s": loaded} | floors
    print(f"load average before {before:.2f}")
    for name, values in rows.items():
        print(f"{name:28s} p50 {percentile(values, 0.5):8.2f} ms   p99 {percentile(values, 0.99):8.2f} ms")
    result = {
        "command_p50_ms": percentile(idle, 0.5),
        "command_p99_ms": percentile(idle, 0.99),
        "loaded_p50_ms": percentile(loaded, 0.5),
        "loaded_p99_ms": percentile(loaded, 0.99),
        "loaded_messages_per_s": rate,
        "ray_call_p50_ms": percentile(floors["ray_call"], 0.5),
        "websocket_p50_ms": percentile(floors["websocket"], 0.5),
    }
    print(json.dumps({name: round(value, 2) for name, value in result.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
