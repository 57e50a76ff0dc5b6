"""Frames that no station should send: each gets the specified answer or none, and the others notice nothing."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from engine.errors import RaychargeError
from loadtest.fleet import Fleet, Plan
from loadtest.habits import Habits
from loadtest.installation import Installation
from loadtest.station import Traits
from tests.system.charge_points import registered, rows
from tests.system.eventually import eventually
from tests.system.odd_frames import Odd, is_answered
from tests.system.raw_station import RawStation, status

pytestmark = pytest.mark.system

DEEP = "[" * 100_000
NINES = "9" * 5_000


def call(action: str, payload: str) -> str:
    return f'[2,"odd","{action}",{payload}]'


def told(member: str) -> str:
    return call("StatusNotification", '{"errorCode":"NoError","status":"Available",' + member + "}")


ODD = [
    Odd("no JSON", '{"a":', None),
    Odd("no JSON after its id", '[2,"odd","Heartbeat",{"x":', "FormationViolation"),
    Odd("empty", "", None),
    Odd("no list", '"Heartbeat"', None),
    Odd("a null", "null", None),
    Odd("nested brackets", DEEP, None),
    Odd("nested and closed brackets", DEEP + "]" * 100_000, None),
    Odd("nested payload", f'[2,"odd","Heartbeat",{DEEP}{"]" * 100_000}]', "FormationViolation"),
    Odd("nested objects", call("DataTransfer", '{"a":' * 20_000 + "1" + "}" * 20_000), "FormationViolation"),
    Odd("a huge integer", told(f'"connectorId":{NINES}'), "TypeConstraintViolation"),
    Odd("a text for a number", told('"connectorId":"one"'), "TypeConstraintViolation"),
    Odd("an object for a number", told('"connectorId":{}'), "TypeConstraintViolation"),
    Odd("a member missing", call("StatusNotification", '{"connectorId":1}'), "OccurenceConstraintViolation"),
    Odd("an unknown status", call("StatusNotification", json.dumps(status("Happy"))), "PropertyConstraintViolation"),
    Odd(
        "NaN", call("StopTransaction", '{"transactionId":NaN,"meterStop":1,"timestamp":""}'), "TypeConstraintViolation"
    ),
    Odd("an unknown action", call("MakeCoffee", "{}"), "NotImplemented"),
    Odd("an action of ours", call("Reset", '{"type":"Soft"}'), "NotSupported"),
    Odd("an unsolicited CALLRESULT", '[3,"nobody-asked",{"status":"Accepted"}]', None),
    Odd("an unsolicited CALLERROR", '[4,"nobody-asked","GenericError","",{}]', None),
    Odd("an unknown message type", '[7,"odd",{}]', None),
    Odd("a binary frame", call("Heartbeat", "{}").encode(), ""),
    Odd("a NUL inside", told('"connectorId":1,"info":"a\\u0000b","vendorId":"\\u0000"'), ""),
    Odd("a NUL behind", call("Heartbeat", "{}") + "\0", ""),
    Odd("half a surrogate pair", told('"connectorId":1,"info":"\\ud800"'), ""),
    Odd("the year 9999", told('"connectorId":1,"timestamp":"9999-12-31T23:59:59Z"'), ""),
    Odd("no date", told('"connectorId":1,"timestamp":"0000-99-99"'), ""),
]


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


async def bomb(system: Installation, identity: str) -> int:
    """100 MB of blanks in a frame of 100 kB. Returns the close code."""
    deflate = ClientPerMessageDeflateFactory(compress_settings={"level": 9})
    station = await RawStation.connect(system, identity, compression=None, extensions=[deflate])
    assert [extension.name for extension in station.socket.protocol.extensions] == ["permessage-deflate"]
    await station.send(" " * 100_000_000)
    return await station.closed()


async def flood(system: Installation, identity: str, seconds: float) -> int:
    """Fragments of one byte without an end, as fast as they are taken. Returns how many were."""
    station = await RawStation.connect(system, identity)
    sent = 0
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    protocol = station.socket.protocol
    try:
        async with asyncio.timeout(seconds + 1):
            protocol.send_text(b"[", fin=False)
            while loop.time() < until:
                for _ in range(200):
                    protocol.send_continuation(b"[", fin=False)
                for data in protocol.data_to_send():
                    station.socket.transport.write(data)
                sent += 200
                await station.socket.drain()
                await asyncio.sleep(0)
    except (TimeoutError, ConnectionClosed, ConnectionError):
        pass
    station.socket.transport.abort()
    return sent


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
    trouble = asyncio.gather(
        *(mischief(system, identity, 5) for identity in identities[:2]),
        bombing(system, identities[2], 5),
        flood(system, identities[3], 5),
        return_exceptions=True,
    )
    during = await observed(bystanders, 6)
    outcome = await trouble
    assert not any(isinstance(each, Exception) for each in outcome), outcome
    assert min(outcome) > 0, f"no trouble was made: {outcome}"
    assert during["events"] == {}
    assert during["unanswered"] == {}
    assert during["errors"] == {}
    assert during["count"] > 0.7 * before["count"]
    assert during["p50"] < max(10 * before["p50"], 250_000), (before, during)
    assert bystanders.online == bystanders.registered == 100


async def mischief(system: Installation, identity: str, seconds: float) -> int:
    """All odd frames again and again. Returns how many were sent."""
    until = asyncio.get_running_loop().time() + seconds
    sent = 0
    async with await RawStation.connect(system, identity) as station:
        while asyncio.get_running_loop().time() < until:
            for odd in ODD:
                await is_answered(station, odd)
                sent += 1
    return sent


async def bombing(system: Installation, identity: str, seconds: float) -> int:
    """One bomb after the other. Returns how many went off."""
    until = asyncio.get_running_loop().time() + seconds
    gone = 0
    while asyncio.get_running_loop().time() < until:
        if await bomb(system, identity) != 1009:
            raise RaychargeError("a bomb was swallowed")
        gone += 1
    return gone
