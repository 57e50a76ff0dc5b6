"""A charge point with a process of its own: a whole session, a remote stop, and a kill in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from loadtest.audit import AuditBook, AuditLog
from loadtest.fleet import Statistics
from loadtest.installation import Installation
from loadtest.link import Link, wall
from loadtest.station import Station, Traits
from loadtest.wire import Address
from tests.system.charge_points import registered, rows
from tests.system.eventually import eventually

pytestmark = pytest.mark.system

TAG = "OWN-TAG"


async def until(condition: Callable[[], object], what: str, within_s: float = 40.0) -> None:
    """Wait for something of the station, which lives on this loop."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not condition():
        assert loop.time() < deadline, f"not {what} within {within_s:.0f} s"
        await asyncio.sleep(0.05)


def ray_actors(system: Installation) -> str:
    """What Ray's own command line lists of this cluster."""
    lines = (system.data_dir / "run" / "ray.env").read_text().splitlines()
    environment = os.environ | dict(line.split("=", 1) for line in lines)
    ray = Path(sys.executable).with_name("ray")
    done = subprocess.run(
        [ray, "list", "actors", "--limit", "200", "--filter", "state=ALIVE"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


async def test_a_dedicated_charge_point_survives_the_kill_of_its_process_in_mid_session(
    system: Installation, tmp_path: Path
) -> None:
    identity = await registered(system, "OWN", isolation="dedicated", password="own-secret-of-16", tokens=[TAG])
    log = AuditLog(tmp_path / "audit.jsonl")
    traits = Traits(meter_interval_s=0.2, retry_interval_s=1, call_timeout_s=8, reconnect_max_s=2)
    seen = Statistics()
    station = Station(identity, traits, audit=log, observer=seen)
    link = Link(station, Address.of(f"ws://127.0.0.1:{system.ocpp_port}/ocpp", identity, "own-secret-of-16"))
    link.start()
    try:
        await until(lambda: station.registered, "booted")
        station.plug_in(1, wall())
        link.pump()
        await until(lambda: station.connectors[1].status == "Preparing" and not station.outbox.durable, "plugged in")
        remote = {"idTag": TAG, "connectorId": 1}
        started = await asyncio.to_thread(system.command, identity, "RemoteStartTransaction", remote)
        assert started["outcome"] == "Accepted"
        await until(lambda: station.connectors[1].transaction and station.connectors[1].transaction.number, "charging")
        transaction = station.connectors[1].transaction
        assert transaction is not None

        pid = system.pids()[identity]
        assert pid not in (system.pids()["host-0"], system.pids()["host-1"])
        assert identity in await asyncio.to_thread(ray_actors, system)
        connections = seen.events["connected"]
        os.kill(pid, signal.SIGKILL)
        # In the middle of everything: the meter goes on while there is nobody to take its values.
        await until(lambda: system.pids().get(identity, pid) != pid, "a process again")
        await until(lambda: seen.events["connected"] > connections and station.registered, "booted again")
        alive = await eventually(lambda: _session(system, identity), "alive again")
        assert alive["transaction"] == str(transaction.number)
        stop = {"transactionId": transaction.number}
        stopped = await asyncio.to_thread(system.command, identity, "RemoteStopTransaction", stop)
        assert stopped["outcome"] == "Accepted"
        await until(lambda: station.connectors[1].transaction is None, "stopped")
        station.unplug(1, wall())
        link.pump()
        await until(lambda: not station.outbox.durable and station.outbox.under_way is None, "all acknowledged")
    finally:
        await link.stop()
        log.close()
    await asyncio.to_thread(audited, system, identity, AuditBook(tmp_path / "audit.jsonl"), started["id"])


def _session(system: Installation, identity: str) -> Any:
    live = system.get(f"/charge-points/{identity}")["live"]
    found = [c["session"] for c in live["connectors"] if c["session"]]
    return found[0] if found and live["link"] == "connected" else None


def audited(system: Installation, identity: str, book: AuditBook, command: str) -> None:
    """Everything that was acknowledged is in the stores exactly once."""
    meters, states = book.must("MeterValues"), book.must("StatusNotification")
    assert len(book.must("StartTransaction")) == len(book.must("StopTransaction")) == 1
    assert len(meters) > 5
    samples = sum(line.samples for line in meters)
    system.until(lambda: rows(system, "meter_values", identity) >= samples, 30, "all meter values stored")
    assert rows(system, "meter_values", identity) == samples
    system.until(lambda: rows(system, "connector_status", identity) >= len(states), 30, "all statuses stored")
    assert rows(system, "connector_status", identity) == len(states)
    system.until(lambda: rows(system, "sessions", identity) == 1, 20, "the session stored")
    stop, start = book.must("StopTransaction")[0], book.must("StartTransaction")[0]
    ledger = system.sql(
        f"SELECT state, energy_wh, meter_start_wh, command FROM sessions WHERE charge_point = '{identity}'"
    )
    assert len(ledger) == 1
    state, energy, begin, cause = ledger[0]
    assert (state, cause) == ("stopped", command)
    assert Decimal(begin) == start.detail["meterStart"]
    assert Decimal(energy) == Decimal(str(stop.detail["meterStop"])) - Decimal(begin)
