"""Fleets of stations over real sockets: whole sessions, broken lines, wrong passwords, the command line."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from engine.errors import ConfigurationError
from loadtest.audit import AuditBook
from loadtest.blocking import BlockingDriver
from loadtest.fleet import Fleet, Plan, arguments, plan_of, read_passwords
from loadtest.habits import Habits
from loadtest.station import Station, Traits, quirks
from loadtest.wire import Address
from tests.loadtest.conftest import PASSWORD, TinyServer

QUICK = Traits(meter_interval_s=1, speed=2000, reconnect_min_s=0.05, reconnect_max_s=0.2, call_timeout_s=2)
BUSY = Habits(idle_s=3000, session_s=5000, first_visit_s=0.3, think_s=0.3, speed=2000, fault_chance=0.2)


async def until(condition: Callable[[], bool], timeout_s: float = 15.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - any condition, also of other processes
            await asyncio.sleep(0.02)


async def test_a_fleet_charges_through_broken_lines_and_its_audit_agrees_with_the_csms(
    tiny: TinyServer, tmp_path: Path
) -> None:
    audit = tmp_path / "audit.jsonl"
    plan = Plan(tiny.url, count=8, password=PASSWORD, traits=QUICK, habits=BUSY, audit=audit, seed=5)
    fleet = Fleet(plan)
    running = asyncio.create_task(fleet.run())
    await until(lambda: fleet.statistics.events["session started"] >= 8)
    tiny.cut_all()
    await until(lambda: tiny.handshakes >= 16 and fleet.registered == 8)
    await until(lambda: fleet.statistics.events["session stopped"] >= 4)
    assert await fleet.drain(10)
    fleet.stop()
    statistics = await running
    book = AuditBook(audit)
    assert not book.twice
    for kind in ("StartTransaction", "StopTransaction", "MeterValues", "StatusNotification"):
        received = sum(csms.actions().count(kind) for csms in tiny.csms.values())
        assert 0 < len(book.must(kind)) <= received
    assert statistics.summary()["calls"]["MeterValues"]["p99_ms"] > 0  # type: ignore[index]
    await until(lambda: not tiny.connections)


async def test_a_wrong_password_is_tried_again_and_shown(tiny: TinyServer) -> None:
    fleet = Fleet(Plan(tiny.url, count=1, password="wrong", traits=QUICK, habits=None))
    running = asyncio.create_task(fleet.run())
    await until(lambda: sum(n for what, n in fleet.statistics.events.items() if "401" in what) >= 2)
    assert fleet.online == 0
    fleet.stop()
    await running


async def test_an_idle_fleet_answers_commands_and_comes_back_after_a_reset(tiny: TinyServer) -> None:
    traits = Traits(reboot_s=0.1)
    fleet = Fleet(Plan(tiny.url, count=2, password=PASSWORD, traits=traits, habits=None))
    running = asyncio.create_task(fleet.run())
    await until(lambda: fleet.registered == 2 and fleet.backlog == 0)
    await next(iter(tiny.connections)).send('[2,"1","Reset",{"type":"Hard"}]')
    await until(lambda: fleet.statistics.events["reboot"] == 1 and tiny.handshakes == 3 and fleet.registered == 2)
    fleet.stop()
    await running


async def test_a_fleet_speaks_the_versions_in_turn(tiny: TinyServer) -> None:
    versions = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
    fleet = Fleet(Plan(tiny.url, count=3, password=PASSWORD, traits=QUICK, habits=BUSY, versions=versions))
    running = asyncio.create_task(fleet.run())
    await until(lambda: fleet.statistics.events["session stopped"] >= 3)
    assert sorted(c.subprotocol or "" for c in tiny.connections) == list(versions)
    told = [set(tiny.of(name).actions()) for name in fleet.plan.identities()]
    assert ["StartTransaction" in actions for actions in told] == [True, False, False]
    assert ["TransactionEvent" in actions for actions in told] == [False, True, True]
    fleet.stop()
    await running


def test_the_command_line_names_versions_and_keeps_the_audit_to_1_6() -> None:
    options = arguments().parse_args(["--version", "ocpp2.0.1", "--version", "ocpp2.1", "--start-at", "EVConnected"])
    plan = plan_of(options)
    assert plan.versions == ("ocpp2.0.1", "ocpp2.1")
    assert plan.traits.start_at == "EVConnected"
    with pytest.raises(ConfigurationError, match="audit"):
        plan_of(arguments().parse_args(["--version", "ocpp2.1", "--audit", "a.jsonl"]))


async def test_a_station_lives_in_a_thread_too(tiny: TinyServer) -> None:
    driver = BlockingDriver(Station("THREAD-1", QUICK), Address.of(tiny.url, "THREAD-1", PASSWORD))
    ended = threading.Event()

    def live() -> None:
        while not ended.is_set():
            driver.run_for(0.05)
        driver.close()

    living = asyncio.create_task(asyncio.to_thread(live))
    await until(lambda: tiny.of("THREAD-1").actions().count("StatusNotification") == 2)
    tiny.cut_all()
    await until(lambda: tiny.of("THREAD-1").actions().count("BootNotification") == 2)
    ended.set()
    await living


@pytest.mark.parametrize(("names", "negotiated"), [([], "ocpp1.6"), (["no_subprotocol"], None)])
async def test_a_station_may_name_no_subprotocol(tiny: TinyServer, names: list[str], negotiated: str | None) -> None:
    plan = Plan(tiny.url, count=1, prefix="A=B+", password=PASSWORD, traits=Traits(quirks=quirks(names)), habits=None)
    fleet = Fleet(plan)
    running = asyncio.create_task(fleet.run())
    await until(lambda: fleet.registered == 1)
    assert [connection.subprotocol for connection in tiny.connections] == [negotiated]
    fleet.stop()
    await running


async def test_the_command_line_reads_passwords_and_prints_its_statistics(tiny: TinyServer, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords.txt"
    passwords.write_text(f"T-001:{PASSWORD}\n\nT-002:{PASSWORD}\n")
    fleet = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtest.fleet", "--url", tiny.url, "--count", "2", "--prefix", "T-", "--idle",
        "--password-file", str(passwords), "--seconds", "1.5", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await fleet.communicate()
    assert fleet.returncode == 0
    assert orjson.loads(printed)["calls"]["BootNotification"]["count"] == 2


def test_mistakes_on_the_command_line_are_explained(tmp_path: Path) -> None:
    broken = tmp_path / "passwords.txt"
    broken.write_text("no colon here\n")
    with pytest.raises(ConfigurationError, match="line 1"):
        read_passwords(broken)
    with pytest.raises(ConfigurationError, match="kwh_as_wh"):
        plan_of(arguments().parse_args(["--quirk", "nonsense"]))


async def test_locust_runs_charge_points_headless(tiny: TinyServer, tmp_path: Path) -> None:
    report = tmp_path / "locust"
    facade = await asyncio.start_server(tiny.rest, "127.0.0.1", 0)
    api = f"http://127.0.0.1:{facade.sockets[0].getsockname()[1]}"
    locust = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", "--host", tiny.url, "--headless",
        "--users", "4", "--spawn-rate", "20", "--run-time", "8s", "--csv", str(report), "--station-password", PASSWORD,
        "--meter-interval", "1", "--speed", "3000", "--api-url", api, "--api-email", "a@example.org",
        "--api-password", "secret", "--command-interval", "2",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    began = time.monotonic()
    printed, _ = await locust.communicate()
    facade.close()
    assert locust.returncode == 0, printed.decode()
    assert time.monotonic() - began < 30
    named = report.with_name("locust_stats.csv").read_text()
    for action in (
        "BootNotification",
        "Authorize",
        "StartTransaction",
        "MeterValues",
        "StopTransaction",
        "TriggerMessage",
    ):
        assert action in named
