"""How soon people see what happens: from a charger's StatusNotification to those who follow, and the table of chargers.

A whole installation, chargers on real sockets that report their status at a steady rate, and subscribers of the server-
sent events. Then the dashboard's table of charge points in Chromium, with an empty cache: how long until its first rows
are there to be read (`table_open_s`), until the table with all of them has taken their place (`table_live_s`), and both
for somebody who comes back (`…_again_s`); that it shows a change without a reload, and what an open dashboard costs the
façade (PSS). Floors of the same run: a publication's way through Redis, and a WebSocket round trip to an echo.

    python -m benchmarks.live [--chargers 10000] [--subscribers 50] [--rate 200] [--seconds 20] [--dashboards 5]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from actors.embedded.valkey import running_url
from api.ui.cookies import LOGIN
from benchmarks.command import SETTINGS, percentile, websocket_round_trips
from benchmarks.load import LoadProcess, allow_many_files
from engine.stores.pubsub import RedisPubSub
from loadtest.installation import Installation

CHROMIUM = "/usr/bin/chromium"
FIRST = "LOAD-000001"
FLOOR_TIMES = 300


def readers(system: Installation, options: argparse.Namespace) -> subprocess.Popen[str]:
    """The subscribers, in a process of their own."""
    arguments = ["--port", system.api_port, "--token", system.login(), "--readers", options.subscribers]
    arguments += ["--seconds", options.seconds]
    command = [sys.executable, "-m", "benchmarks.live_readers", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def told(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """The line in which a process says this. Raises RuntimeError if it ends before."""
    assert process.stdout is not None
    for line in process.stdout:
        said: dict[str, Any] = json.loads(line)
        if said["event"] == event:
            return said
    raise RuntimeError(f"The subscribers ended with {process.wait()} before their {event!r}.")


async def publications(url: str, times: int) -> list[float]:
    """Milliseconds of a message of a status' size through Redis, published and heard by one process."""
    speaker, listener = RedisPubSub.from_url(url), RedisPubSub.from_url(url)
    found = []
    async with listener.listen("rc:bench") as messages:
        for _ in range(times):
            began = time.perf_counter()
            await speaker.publish("rc:bench", [b"x" * 400])
            await anext(messages)
            found.append((time.perf_counter() - began) * 1000)
    await speaker.aclose()
    await listener.aclose()
    return found


def pss_mib(system: Installation) -> float:
    """The façade's proportional set size, MiB."""
    rollup = Path(f"/proc/{system.pids()['facade']}/smaps_rollup").read_text()
    return int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1]) / 1024


class Dashboards:
    """The charge points' table, open in Chromium."""

    def __init__(self, system: Installation, browser: Browser) -> None:
        self._system, self._browser = system, browser
        self._url = f"http://127.0.0.1:{system.api_port}"

    def open(self) -> tuple[Page, float, float]:
        """A table in a browser that was never here, and the seconds until its first rows are there and it is live."""
        context = self._browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": LOGIN, "value": self._system.login(), "url": self._url}])
        page = context.new_page()
        return page, *self.visit(page)

    def visit(self, page: Page) -> tuple[float, float]:
        """Go there, and the seconds until the first rows are there, and until the table has all and is live."""
        began = time.perf_counter()
        page.goto(f"{self._url}/charge-points", wait_until="commit")
        page.get_by_text(FIRST, exact=True).first.wait_for(timeout=60_000)
        seen = time.perf_counter() - began
        page.locator(f'[row-id="{FIRST}"]').first.wait_for(timeout=60_000)
        return seen, time.perf_counter() - began

    def sees(self, page: Page, status: str, timeout_ms: float = 20_000) -> float:
        """Seconds until the first charger's row says so, the page being left alone."""
        began = time.perf_counter()
        # A row is drawn in two parts: the id stays where it is when the rest is scrolled sideways.
        page.locator(f'[row-id="{FIRST}"]').filter(has_text=status).first.wait_for(timeout=timeout_ms)
        return time.perf_counter() - began


def table(system: Installation, chargers: LoadProcess, dashboards: int) -> dict[str, float]:
    """The table's numbers; in the end all chargers lose their connection.

    Raises playwright's TimeoutError if it never shows a row, or not what has become of the first one.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        pages = Dashboards(system, browser)
        opened = [pages.open()]
        # The first one also compiles and caches what all share.
        before = pss_mib(system)
        opened += [pages.open() for _ in range(dashboards)]
        time.sleep(3.0)
        memory = (pss_mib(system) - before) / dashboards
        again = [pages.visit(page) for page, *_ in opened]
        chargers.kill()
        seen = pages.sees(opened[0][0], "Reconnecting")
        browser.close()
    return {
        "table_open_s": percentile([seen for _, seen, _ in opened], 0.5),
        "table_open_first_s": opened[0][1],
        "table_live_s": percentile([live for _, _, live in opened], 0.5),
        "table_open_again_s": percentile([seen for seen, _ in again], 0.5),
        "table_live_again_s": percentile([live for _, live in again], 0.5),
        "table_sees_change_s": seen,
        "mib_per_dashboard": max(0.0, memory),
    }


def _chromium() -> str:
    found = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium") or ""
    if not found:
        raise RuntimeError("There is no Chromium: install it, or run with --dashboards 0.")
    return found


def measured(system: Installation, options: argparse.Namespace) -> dict[str, float]:
    """All numbers of one installation."""
    names = [f"LOAD-{number:06d}" for number in range(1, options.chargers + 1)]
    system.register(names, tokens=["LOAD"])
    load = {
        "url": f"ws://127.0.0.1:{system.ocpp_port}/ocpp",
        "chargers": options.chargers,
        "mode": "status",
        "rate": options.rate,
        "connect_rate": options.connect_rate,
        "ready_timeout": 600,
        "warmup": 5,
        # Longer than anybody looks.
        "seconds": 3600,
    }
    found: dict[str, float] = {}
    with LoadProcess(**load) as chargers:
        chargers.until("window_start")
        with readers(system, options) as following:
            told(following, "ready")
            result = told(following, "result")
        print(json.dumps(result), flush=True)
        if result["lost"] or result["gaps"]:
            raise RuntimeError(f"{result['lost']} subscribers were lost and {result['gaps']} gaps told.")
        found |= {f"status_to_subscriber_{each}": result[each] for each in ("p50_ms", "p90_ms", "p99_ms")}
        url = running_url(system.data_dir)
        if url is not None:
            found["publication_p50_ms"] = percentile(asyncio.run(publications(url, FLOOR_TIMES)), 0.5)
        if options.dashboards:
            found |= table(system, chargers, options.dashboards)
        chargers.kill()
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live")
    parser.add_argument("--chargers", type=int, default=10_000)
    parser.add_argument("--subscribers", type=int, default=50)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--connect-rate", type=float, default=200.0)
    parser.add_argument("--dashboards", type=int, default=5, help="0: without the dashboard")
    options = parser.parse_args()
    allow_many_files()
    print(f"load average before {os.getloadavg()[0]:.2f}", flush=True)
    with Installation(Path(tempfile.mkdtemp(prefix="raycharge-live-")), SETTINGS) as system:
        found = measured(system, options)
    found["websocket_p50_ms"] = percentile(websocket_round_trips(FLOOR_TIMES), 0.5)
    for name, value in found.items():
        print(f"{name:32s} {value:10.2f}")
    print(json.dumps({name: round(value, 2) for name, value in found.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
