"""CPU of a server process over the steady window of a load: what `floor.py` and `reference_csms.py` share."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import psutil

from benchmarks.load import LoadProcess


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def measure_server(module: str, *, chargers: int, warmup: float, seconds: float, echo: bool) -> dict[str, Any]:
    """Start `python -m module serve`, put a closed loop on it and count its CPU per acknowledged message.

    Returns `cpu_us_per_message` (the server's), the load generator's result under `load`, and the machine's load
    average before the run: numbers from a busy machine say little.
    """
    loadavg = os.getloadavg()[0]
    server = subprocess.Popen([sys.executable, "-m", module, "serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        watched = psutil.Process(server.pid)
        url = f"ws://127.0.0.1:{port}/ocpp"
        options = {"url": url, "chargers": chargers, "warmup": warmup, "seconds": seconds, "echo": echo}
        with LoadProcess(**options, connect_rate=500) as load:
            load.until("window_start")
            before = cpu_seconds(watched)
            load.until("window_end")
            used = cpu_seconds(watched) - before
            result = load.result()
    finally:
        server.terminate()
        server.wait(timeout=15)
        if server.stdout is not None:
            server.stdout.close()
    if not result["acknowledged"]:
        raise RuntimeError(f"{module} acknowledged nothing: {result['losses']}")
    return {
        "cpu_us_per_message": round(used / result["acknowledged"] * 1e6, 2),
        "messages_per_s": result["messages_per_s"],
        "chargers": chargers,
        "loadavg_before": loadavg,
        "load": result,
    }
