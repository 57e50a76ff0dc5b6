"""What an idle charger costs in memory: the slope of the hosts' PSS between 1,000 and 6,000 booted chargers.

Real sockets, booted and accepted, connectors reported. The hosts' bare size is printed apart. PSS (proportional set
size) counts pages that several processes share by their share.

    python -m benchmarks.memory [--from 1000] [--to 6000] [--hosts 1]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.load import LoadProcess
from loadtest.installation import Installation

SETTLE_S = 12.0


def pss_kib(system: Installation) -> int:
    """The PSS of all hosts together, KiB."""
    total = 0
    for name, pid in system.pids().items():
        if name.startswith("host-"):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
    return total


def settled_pss(system: Installation) -> int:
    """The PSS once boots, commits and the garbage collector's freeze are through: the least of several looks."""
    time.sleep(SETTLE_S)
    looks = []
    for _ in range(5):
        looks.append(pss_kib(system))
        time.sleep(1.0)
    return min(looks)


def sockets(system: Installation) -> int:
    """Actors in all hosts."""
    return sum(host["count"] for host in system.get("/actors")["hosts"])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory")
    parser.add_argument("--from", dest="low", type=int, default=1000)
    parser.add_argument("--to", dest="high", type=int, default=6000)
    parser.add_argument("--hosts", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="raycharge-memory-"))
    with Installation(folder, {"HOSTS": str(options.hosts)}) as system:
        bare = settled_pss(system)
        system.register([f"LOAD-{n:06d}" for n in range(1, options.high + 1)], tokens=["LOAD"])
        url = f"ws://127.0.0.1:{system.ocpp_port}/ocpp"
        common = {"url": url, "mode": "idle", "seconds": 0, "warmup": 0, "connect_rate": 200, "heartbeat": 300}
        with LoadProcess(**common, chargers=options.low) as first:
            first.until("ready")
            few, few_count = settled_pss(system), sockets(system)
            rest = options.high - options.low
            with LoadProcess(**common, chargers=rest, first=options.low + 1, ready_timeout=300) as second:
                second.until("ready")
                many, many_count = settled_pss(system), sockets(system)
    if (few_count, many_count) != (options.low, options.high):
        print(f"only {few_count} and {many_count} chargers came up", file=sys.stderr)
        return 1
    each = (many - few) / (many_count - few_count)
    print(f"bare hosts                     {bare / 1024:8.1f} MiB")
    print(f"with {few_count:6d} chargers          {few / 1024:8.1f} MiB")
    print(f"with {many_count:6d} chargers          {many / 1024:8.1f} MiB")
    print(f"each charger                   {each:8.2f} KiB")
    result = {"pss_kib_per_charger": round(each, 2), "bare_host_mib": round(bare / 1024 / options.hosts, 1)}
    print(json.dumps({**result, "chargers": many_count, "hosts": options.hosts}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
