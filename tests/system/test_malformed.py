"""Frames that no station should send: each gets the specified answer or none, and the others notice nothing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from loadtest.fleet import Fleet, Plan
from loadtest.habits import Habits
from loadtest.installation import Installation
from loadtest.station import Traits
from tests.system.charge_points import registered, rows
from tests.system.eventually import eventually
from tests.system.odd_frames import NINES, ODD, Odd, call, is_answered, told
from tests.system.raw_station import RawStation, status
from tests.system.trouble import bomb

pytestmark = pytest.mark.system


async def test_odd_frames_get_the_specified_answer_or_none(system: Installation) -> None:
    identity = await registered(system, "ODDITY")
    async with await RawStation.connect(system, identity) as station:
        await station.boot()
        for odd in ODD:
            await is_answered(station, odd)
        await station.send('[2,"one","StatusNotification",' + json.dumps(status("Available")) + "]")
        await station.send('[2,"two","Heartbeat",{}]')
        # The second is answered from memory and need not wait for the first one's commit.
        assert {(await station.receive())[1] for _ in range(2)} == {"one", "two"}
        await station.send(f'[2,{NINES},"Heartbeat",{{}}]')
        assert (await station.receive())[0] in (3, 4)
        await station.send(told('"connectorId":1,"info":"?"').encode().replace(b"?", b"\xff\xfe"), as_text=True)
        assert (await station.receive())[:2] == [3, "odd"]
    told_us = (await asyncio.to_thread(system.get, f"/charge-points/{identity}/state"))["deviations"]
    assert {"unsolicited_answer", "broken_json", "pipelined_call", "invalid_utf8"} <= told_us.keys()
    acknowledged = sum(odd.answer == "" and b"StatusNotification" in _bytes(odd) for odd in ODD) + 2
    await eventually(
        lambda: rows(system, "connector_status", identity) == acknowledged, "every acknowledged status stored"
    )
    seen = await asyncio.to_thread(rows, system, "ocpp_messages", identity, "type IN (0, 2)")
    assert seen >= len(ODD), "the message log has not all of them"


def _bytes(odd: Odd) -> bytes:
    return odd.frame if isinstance(odd.frame, bytes) else odd.frame.encode()


async def test_frames_beyond_all_measure_end_their_connection_only(system: Installation) -> None:
    identity = await registered(system, "BOMBER")
    async with await RawStation.connect(system, identity) as station:
        await station.boot()
        await station.send(call("DataTransfer", '{"vendorId":"' + "x" * 400_000 + '"}'))
        assert await station.closed() == 1009
    assert await bomb(system, identity) == 1009
    async with await RawStation.connect(system, identity) as station:
        fragments = ['[2,"split","Heart', 'beat"', ",{", "}]"]
        await station.socket.send(fragments)
        assert (await station.receive())[:2] == [3, "split"]
        assert (await station.boot())["status"] == "Accepted"


@pytest.fixture(scope="module")
async def bystanders(system: Installation) -> AsyncIterator[Fleet]:
    """100 stations that charge and tell their meters every second."""
    plan = Plan(
        f"ws://127.0.0.1:{system.ocpp_port}/ocpp",
        count=100,
        prefix=f"BY-{os.urandom(2).hex()}-",
        traits=Traits(meter_interval_s=1.0),
        habits=Habits(first_visit_s=1.0, think_s=0.5, session_s=36_000, pause_chance=0, id_tags=("BY-TAG",)),
        start_rate=100,
    )
    await asyncio.to_thread(system.register, plan.identities(), tokens=["BY-TAG"])
    fleet = Fleet(plan)
    running = asyncio.create_task(fleet.run())
    deadline = asyncio.get_running_loop().time() + 40
    while fleet.statistics.events["session started"] < 100:
        assert asyncio.get_running_loop().time() < deadline, fleet.statistics.summary()
        await asyncio.sleep(0.1)
    yield fleet
    fleet.stop()
    await running


async def troubled(system: Installation, identities: list[str], seconds: float) -> asyncio.subprocess.Process:
    """The makers of trouble at work, in a process of their own, which prints what they did."""
    trouble = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.system.trouble", str(system.ocpp_port), str(seconds), *identities,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert trouble.stdin is not None
    assert trouble.stdout is not None
    assert await asyncio.wait_for(trouble.stdout.readline(), 60) == b"ready\n"
    trouble.stdin.write(b"go\n")
    return trouble


async def observed(fleet: Fleet, seconds: float) -> dict[str, Any]:
    """What the fleet lives through in the next seconds."""
    statistics = fleet.statistics
    statistics.latencies = {}
    events, unanswered = statistics.events.copy(), statistics.unanswered_calls.copy()
    await asyncio.sleep(seconds)
    meters = statistics.latencies["MeterValues"]
    return {
        "events": {
            what: count
            for what, count in (statistics.events - events).items()
            if what in ("connected", "disconnected") or what.startswith("not connected")
        },
        "unanswered": dict(statistics.unanswered_calls - unanswered),
        "errors": dict(statistics.errors),
        "p50": meters.percentile(0.5),
        "count": meters.count,
    }


@pytest.mark.long
async def test_a_hundred_others_notice_nothing(system: Installation, bystanders: Fleet) -> None:
    before = await observed(bystanders, 4)
    identities = [await registered(system, "TROUBLE") for _ in range(4)]
    trouble = await troubled(system, identities, 5)
    during = await observed(bystanders, 6)
    printed, _ = await trouble.communicate()
    made = json.loads(printed)
    assert trouble.returncode == 0
    assert min(made) > 0, f"no trouble was made: {made}"
    assert during["events"] == {}
    assert during["unanswered"] == {}
    assert during["errors"] == {}
    assert during["count"] > 0.7 * before["count"]
    assert during["p50"] < max(10 * before["p50"], 250_000), (before, during)
    assert bystanders.online == bystanders.registered == 100
