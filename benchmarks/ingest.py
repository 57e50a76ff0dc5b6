"""From the socket to ClickHouse: what a MeterValues costs, and how long it takes, against floors of the same run.

1. The floor: an echo of the same frame by the same sans-IO server. The reference: `ocpp` + `websockets`, storing
   nothing. Both with as many chargers as the rest, once before all the rest and once after it: a shared machine is not
   the same one five minutes later, so what counts is the mean.
2. Closed loop: 1,000 chargers, 4 sampled values a message inside a transaction, each answered only after the fsync, the
   message log and all consumers on. Host CPU over the window; everybody's CPU until consumers and merges have settled.
3. The same with TransactionEvents of 2.0.1 (Updated, 4 sampled values) and once more with MeterValues, so that the two
   are compared within minutes.
4. Open loop at half that rate: latency from the intended send time; from acknowledgement until ClickHouse answers with
   the row, first alone, then with an analyst's query running.

    python -m benchmarks.ingest [--chargers 1000] [--seconds 60] [--hosts 1]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks.floor import measure_floor
from benchmarks.load import LoadProcess
from benchmarks.measured import cpu_seconds
from benchmarks.reference_csms import measure_reference
from benchmarks.visibility import Visibility
from engine import compiled
from loadtest.installation import Installation

BUSY_FLOOR_US = 14.0
SETTLE_S = 90.0


class Cpu:
    """CPU seconds of an installation's processes, by role."""

    def __init__(self, system: Installation) -> None:
        self._system = system
        assert system.launcher is not None
        self._launcher = psutil.Process(system.launcher.pid)

    def by_role(self) -> dict[str, float]:
        """Seconds so far: host, valkey, ledger, …; everything else (Ray, launcher, supervisor) is `rest`."""
        roles = {pid: name for name, pid in self._system.pids().items() if not name.startswith("child-")}
        processes = {self._launcher.pid: self._launcher}
        processes |= {child.pid: child for child in self._launcher.children(recursive=True)}
        for pid in roles:
            processes.setdefault(pid, psutil.Process(pid))
        found: dict[str, float] = {}
        for pid, process in processes.items():
            with suppress(psutil.NoSuchProcess):
                role = roles.get(pid, "rest")
                role = "host" if role.startswith("host-") else role.removeprefix("projection-")
                role = "rest" if role in ("launcher", "supervisor") else role
                found[role] = found.get(role, 0.0) + cpu_seconds(process)
        return found


def lag_s(system: Installation) -> float:
    """The worst consumer's lag in seconds, from /metrics."""
    text = system.api("GET", "/../../metrics").text
    lags = [
        float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith("raycharge_projection_lag_seconds")
    ]
    return max(lags)


def settle(system: Installation, cpu: Cpu) -> dict[str, float]:
    """Wait until consumers have caught up and nobody works any more; the CPU by role at that moment."""
    deadline = time.monotonic() + SETTLE_S
    before = cpu.by_role()
    while time.monotonic() < deadline:
        time.sleep(2.0)
        now = cpu.by_role()
        work = sum(
            now.get(role, 0.0) - before.get(role, 0.0) for role in ("valkey", "ledger", "analytics", "clickhouse")
        )
        before = now
        if work < 0.15:
            break
    return before


def closed_loop(
    system: Installation, chargers: int, seconds: float, *, version: str = "ocpp1.6", first: int = 1
) -> dict[str, Any]:
    """Step 2 of the module's docstring. `first` is the number of the first charger."""
    cpu = Cpu(system)
    lags: list[float] = []
    url = f"ws://127.0.0.1:{system.ocpp_port}/ocpp"
    options = {"url": url, "chargers": chargers, "version": version, "first": first, "connect_rate": 300}
    with LoadProcess(**options, warmup=10, seconds=seconds) as load:
        load.until("window_start")
        before = cpu.by_role()
        began = time.monotonic()
        for share in (0.28, 0.31, 0.34, 0.37, 0.40, 0.85, 0.88, 0.91, 0.94, 0.97):
            time.sleep(max(0.0, began + share * seconds - time.monotonic()))
            lags.append(lag_s(system))
        load.until("window_end")
        during = cpu.by_role()
        result = load.result()
    after = settle(system, cpu)
    messages = result["acknowledged"]
    per_message = {role: (after.get(role, 0.0) - before.get(role, 0.0)) / messages * 1e6 for role in sorted(after)}
    host = (during["host"] - before["host"]) / messages * 1e6
    return {
        "host_us": host,
        "total_us": sum(per_message.values()) - per_message["host"] + host,
        "per_role_us": {role: round(value, 2) for role, value in per_message.items()},
        "messages_per_s": result["messages_per_s"],
        "load": result,
        "lag_at_a_third_s": round(max(lags[:5]), 3),
        "lag_at_the_end_s": round(max(lags[5:]), 3),
    }


def compare_versions(
    system: Installation, chargers: int, seconds: float, before: dict[str, Any]
) -> tuple[dict[str, Any], float]:
    """Step 3: the run with TransactionEvents, and how much more one costs than a MeterValues before and after it."""
    events = closed_loop(system, chargers, seconds, version="ocpp2.0.1", first=chargers + 1)
    after = closed_loop(system, chargers, seconds)
    meters = (before["host_us"] + after["host_us"]) / 2
    print(f"hosts, MeterValues again       {after['host_us']:8.2f} µs at {after['messages_per_s']:.0f}/s")
    return events, events["host_us"] / meters


@contextmanager
def analysts_query(system: Installation, seconds: float) -> Iterator[dict[str, float]]:
    """A query of about `seconds` over the meter values, running meanwhile; tells how long it really took."""
    took: dict[str, float] = {}
    probe = "SELECT sum(cityHash64(a.raw, b.number)) FROM meter_values AS a CROSS JOIN numbers({n}) AS b"
    rows = max(1, int(system.clickhouse("SELECT count() FROM meter_values")[0][0]))
    began = time.monotonic()
    system.clickhouse(probe.format(n=20), timeout_s=200.0)
    each = max(0.02, time.monotonic() - began) / 20
    times = max(20, int(seconds / each))

    def ask() -> None:
        start = time.monotonic()
        system.clickhouse(probe.format(n=times), timeout_s=300.0)
        took["seconds"] = time.monotonic() - start

    thread = threading.Thread(target=ask)
    took["rows"] = float(rows)
    thread.start()
    try:
        yield took
    finally:
        thread.join()


def open_loop(system: Installation, chargers: int, rate: float, seconds: float, first: int) -> dict[str, Any]:
    """Step 4: latency, and how long after its acknowledgement a row is in ClickHouse's answers."""
    folder = Path(tempfile.mkdtemp(prefix="raycharge-ingest-"))
    samples = folder / "acks.jsonl"
    url = f"ws://127.0.0.1:{system.ocpp_port}/ocpp"
    options = {"url": url, "chargers": chargers, "mode": "open", "rate": rate, "first": first, "connect_rate": 300}
    with LoadProcess(
        **options, warmup=5, seconds=seconds, sample_log=samples, sample_every=max(1, int(rate / 10))
    ) as load:
        load.until("window_start")
        visibility = Visibility(system, samples)
        visibility.start()
        result = load.result()
    return {"load": result, **visibility.finish()}


def mean(before: dict[str, Any], after: dict[str, Any]) -> dict[str, float]:
    """The same yardstick at both ends of a run."""
    return {name: (before[name] + after[name]) / 2 for name in ("cpu_us_per_message", "messages_per_s")}


def report(
    floor: dict[str, Any],
    reference: dict[str, Any],
    closed: dict[str, Any],
    alone: dict[str, Any],
    queried: dict[str, Any],
    query: dict[str, float],
    fsyncs: float,
    events: dict[str, Any],
    ratio: float,
) -> dict[str, Any]:
    """The table for people, and the object for the last line."""
    floor_us, reference_us = floor["cpu_us_per_message"], reference["cpu_us_per_message"]
    print(f"load average before            {os.getloadavg()[0]:.2f}")
    print(f"hot path                       {'compiled' if compiled.active() else 'from its sources'}")
    print(f"floor (echo)                   {floor_us:8.2f} µs of CPU a message at {floor['messages_per_s']:.0f}/s")
    print(f"reference (ocpp + websockets)  {reference_us:8.2f} µs at {reference['messages_per_s']:.0f}/s")
    print(f"hosts                          {closed['host_us']:8.2f} µs at {closed['messages_per_s']:.0f}/s")
    print(f"hosts, TransactionEvent        {events['host_us']:8.2f} µs at {events['messages_per_s']:.0f}/s")
    print(f"it costs                       {ratio:8.2f} times what a MeterValues costs")
    print(f"everything                     {closed['total_us']:8.2f} µs: {closed['per_role_us']}")
    print(f"lag at a third / at the end    {closed['lag_at_a_third_s']} / {closed['lag_at_the_end_s']} s")
    for name, run in (("alone", alone), (f"beside a query of {query.get('seconds', 0):.0f} s", queried)):
        load = run["load"]
        print(
            f"open loop {name}: {load['messages_per_s']:.0f}/s, p50 {load['p50_ms']} ms, p99 {load['p99_ms']} ms; "
            f"acknowledged → ClickHouse p50 {run['p50_s']} s, p99 {run['p99_s']} s of {run['rows']} rows"
        )
    if floor_us > BUSY_FLOOR_US:
        print(f"The floor is above {BUSY_FLOOR_US} µs: the machine is too busy for these figures; run again.")
    return {
        "hot_path_compiled": compiled.active(),
        "host_cpu_over_floor": round(closed["host_us"] / floor_us, 2),
        "total_cpu_over_floor": round(closed["total_us"] / floor_us, 2),
        "reference_over_host": round(reference_us / closed["host_us"], 2),
        "transaction_event_over_meter_values": round(ratio, 2),
        "transaction_event_us": round(events["host_us"], 2),
        "messages_per_s": closed["messages_per_s"],
        "messages_per_fsync": round(fsyncs, 1),
        "p50_ms": alone["load"]["p50_ms"],
        "p99_ms": alone["load"]["p99_ms"],
        "ack_to_clickhouse_p99_s": max(alone["p99_s"], queried["p99_s"]),
        "ack_to_clickhouse_alone_p99_s": alone["p99_s"],
        "query_s": round(query.get("seconds", 0.0), 1),
        "lag_at_a_third_s": closed["lag_at_a_third_s"],
        "lag_at_the_end_s": closed["lag_at_the_end_s"],
        "floor_us": round(floor_us, 2),
        "reference_us": round(reference_us, 2),
        "host_us": round(closed["host_us"], 2),
        "total_us": round(closed["total_us"], 2),
        "per_role_us": closed["per_role_us"],
    }


def messages_per_flight(system: Installation) -> float:
    """Messages a group commit: each commit is one fsync."""
    text = system.api("GET", "/../../metrics").text
    sums = {"raycharge_journal_messages_total": 0.0, "raycharge_journal_flights_total": 0.0}
    for line in text.splitlines():
        for name in sums:
            if line.startswith(name):
                sums[name] += float(line.rsplit(" ", 1)[1])
    messages, flights = sums.values()
    return messages / flights if flights else 0.0


def versions_only(chargers: int, seconds: float, hosts: int) -> int:
    """MeterValues of 1.6 against TransactionEvents of 2.0.1, and nothing else."""
    folder = Path(tempfile.mkdtemp(prefix="raycharge-ingest-"))
    with Installation(folder, {"HOSTS": str(hosts)}) as system:
        system.register([f"LOAD-{n:06d}" for n in range(1, 2 * chargers + 1)], tokens=["LOAD"])
        meters = closed_loop(system, chargers, seconds)
        events, ratio = compare_versions(system, chargers, seconds, meters)
    found = {"meter_values_us": round(meters["host_us"], 2), "transaction_event_us": round(events["host_us"], 2)}
    print(json.dumps(found | {"transaction_event_over_meter_values": round(ratio, 2)}))
    return 0


def main() -> int:
    """Run everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest")
    parser.add_argument("--chargers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--open-seconds", type=float, default=30.0)
    parser.add_argument("--hosts", type=int, default=1)
    parser.add_argument("--partitions", type=int, default=0)
    parser.add_argument("--versions-seconds", type=float, default=20.0, help="length of step 3's windows")
    parser.add_argument("--brief", action="store_true", help="only floor and closed loop")
    parser.add_argument("--versions-only", action="store_true", help="only steps 2 and 3, briefly")
    options = parser.parse_args()
    if options.versions_only:
        return versions_only(options.chargers, options.versions_seconds, options.hosts)
    floor = measure_floor(seconds=min(10.0, options.seconds), chargers=options.chargers)
    reference = {} if options.brief else measure_reference(seconds=10.0, chargers=options.chargers)
    folder = Path(tempfile.mkdtemp(prefix="raycharge-ingest-"))
    settings = {"HOSTS": str(options.hosts)}
    if options.partitions:
        settings["PARTITIONS"] = str(options.partitions)
    with Installation(folder, settings) as system:
        names = [f"LOAD-{n:06d}" for n in range(1, 2 * options.chargers + 1)]
        system.register(names, tokens=["LOAD"])
        closed = closed_loop(system, options.chargers, options.seconds)
        fsyncs = messages_per_flight(system)
        if options.brief:
            brief = {"hot_path_compiled": compiled.active(), "floor_us": floor["cpu_us_per_message"]}
            print(json.dumps({**brief, "fsync": fsyncs, **closed}))
            return 0
        events, ratio = compare_versions(system, options.chargers, options.versions_seconds, closed)
        rate = closed["messages_per_s"] / 2
        alone = open_loop(system, options.chargers, rate, options.open_seconds, 1)
        with analysts_query(system, 30.0) as query:
            queried = open_loop(system, options.chargers, rate, options.open_seconds, 1)
    floor = mean(floor, measure_floor(seconds=min(10.0, options.seconds), chargers=options.chargers))
    reference = mean(reference, measure_reference(seconds=10.0, chargers=options.chargers))
    print(json.dumps(report(floor, reference, closed, alone, queried, query, fsyncs, events, ratio)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
