"""`raycharge` against the running system, as a person at the keyboard uses it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import pytest

from loadtest.installation import PASSWORD, Installation
from tests.system.charge_points import registered, rows
from tests.system.eventually import eventually
from tests.system.raw_station import RawStation

pytestmark = pytest.mark.system


def raycharge(system: Installation, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the system's environment."""
    environment = system.environment | {"COLUMNS": "200", "TERM": "dumb"} | more
    command = [sys.executable, "-m", "api.command_line.main", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90)


async def test_actors_lists_hosts_and_their_charge_points(system: Installation) -> None:
    identity = await registered(system, "LISTED")
    async with await RawStation.connect(system, identity) as station:
        await station.boot()
        listed = await asyncio.to_thread(raycharge, system, "actors", "--json")
        assert listed.returncode == 0, listed.stderr
        hosts = {host["name"]: host for host in json.loads(listed.stdout)}
        assert {"host-0", "host-1"} <= hosts.keys()
        assert all(host["pid"] and host["ready"] for host in hosts.values())
        ((host, actor),) = [(h, a) for h in hosts.values() for a in h["actors"] if a["id"] == identity]
        assert (actor["link"], actor["connection"], actor["epoch"], actor["mailbox"]) == ("connected", 1, 1, 0)
        table = await asyncio.to_thread(raycharge, system, "actors")
        assert table.returncode == 0
        line = next(line for line in table.stdout.splitlines() if identity in line)
        assert "connected" in line
        assert host["name"] in table.stdout


def test_actors_refuses_a_wrong_password(system: Installation) -> None:
    refused = raycharge(system, "actors", RAYCHARGE_PASSWORD="not-" + PASSWORD)
    assert refused.returncode != 0
    assert "password" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_doctor_finds_nothing_wrong_with_the_running_system(system: Installation) -> None:
    examined = raycharge(system, "doctor", "--json", "--chargers", "100")
    findings = json.loads(examined.stdout)
    assert [f for f in findings if f["level"] == "fail"] == []
    assert examined.returncode == 0
    assert len(findings) > 5
    by_name = " ".join(f["name"].lower() for f in findings)
    for what in ("port", "file", "clock"):
        assert what in by_name, by_name


async def test_simulate_charges_against_the_system(system: Installation) -> None:
    prefix = f"SIM-{os.urandom(2).hex()}-"
    await asyncio.to_thread(system.register, [f"{prefix}{n:03}" for n in (1, 2, 3)], tokens=["SIM-TAG"])
    done = await asyncio.to_thread(
        raycharge,
        system,
        *("simulate", "--count", "3", "--prefix", prefix, "--seconds", "8", "--speed", "600"),
        *("--id-tag", "SIM-TAG", "--meter-interval", "1"),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["events"]["connected"] == 3
    assert told["errors"] == {}
    said = told["calls"]["StatusNotification"]["count"]
    assert said >= 3
    stored = await eventually(
        lambda: sum(rows(system, "connector_status", f"{prefix}{n:03}") for n in (1, 2, 3)) >= said, "stored"
    )
    assert stored
