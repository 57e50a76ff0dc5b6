"""Two sockets claim one charge point: which one counts, and who may not disturb whom."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import InvalidStatus
from websockets.headers import build_authorization_basic

from loadtest.installation import Installation
from tests.system.charge_points import registered, rows
from tests.system.eventually import eventually
from tests.system.raw_station import RawStation, stamp, start, status

pytestmark = pytest.mark.system

SECRET = "right-secret-of-16"
WRONG = "wrong-secret-of-16"


def host_of(system: Installation, identity: str) -> str:
    """The host that says the charge point's actor is in it and connected; "" if none does."""
    found = [
        host["name"]
        for host in system.get("/actors")["hosts"]
        for actor in host["actors"]
        if actor["id"] == identity and actor["link"] == "connected"
    ]
    assert len(found) <= 1, f"{identity} lives in {found}"
    return found[0] if found else ""


async def refusal(system: Installation, identity: str, password: str | None, **more: object) -> tuple[int, bytes]:
    """Status and body of a refused handshake."""
    with pytest.raises(InvalidStatus) as caught:
        await RawStation.connect(system, identity, password=password, **more)  # type: ignore[arg-type]
    return caught.value.response.status_code, bytes(caught.value.response.body or b"")


async def test_the_newer_socket_wins_wherever_it_lands(system: Installation) -> None:
    identity = await registered(system, "TWICE", password=SECRET, tokens=["TWICE-TAG"])
    async with AsyncExitStack() as stack:
        station = await stack.enter_async_context(await RawStation.connect(system, identity, password=SECRET))
        assert (await station.boot())["status"] == "Accepted"
        said = start("TWICE-TAG")
        number = (await station.call("StartTransaction", said))[2]["transactionId"]
        hosts = [await eventually(lambda: host_of(system, identity), "connected")]
        changed = stayed = 0
        for turn in range(40):
            newer = await stack.enter_async_context(await RawStation.connect(system, identity, password=SECRET))
            # Answered on the newer one, with what the older one began.
            assert (await newer.call("StartTransaction", said))[2]["transactionId"] == number
            assert (await newer.call("StatusNotification", status("Charging")))[0] == 3
            assert await station.closed() in (1000, 1012), f"the older socket stays open in turn {turn}"
            hosts.append(await asyncio.to_thread(host_of, system, identity))
            changed += hosts[-1] != hosts[-2]
            stayed += hosts[-1] == hosts[-2]
            station = newer
            if changed >= 2 and stayed >= 1:
                break
        assert changed >= 2, f"all sockets landed on one host: {hosts}"
        assert set(hosts) == {"host-0", "host-1"}
        stop = {"transactionId": number, "meterStop": 1700, "timestamp": stamp()}
        assert (await station.call("StopTransaction", stop))[0] == 3
        said_often = len(hosts) - 1
    await eventually(lambda: rows(system, "connector_status", identity) >= said_often, "all statuses stored")
    assert await asyncio.to_thread(rows, system, "connector_status", identity) == said_often
    await eventually(lambda: rows(system, "sessions", identity), "the session stored")
    ledger = await asyncio.to_thread(
        system.sql, f"SELECT state, energy_wh FROM sessions WHERE charge_point = '{identity}'"
    )
    assert [(state, float(energy)) for state, energy in ledger] == [("stopped", 700.0)]


async def test_a_late_close_of_the_old_socket_changes_nothing(system: Installation) -> None:
    identity = await registered(system, "LATE", password=SECRET)
    old = await RawStation.connect(system, identity, password=SECRET)
    await old.boot()
    # Deaf: it does not see that it was closed, and goes only when its end is cut, after the newer one is in.
    old.socket.transport.pause_reading()
    async with await RawStation.connect(system, identity, password=SECRET) as newer:
        assert (await newer.call("StatusNotification", status("Available")))[0] == 3
        before = await asyncio.to_thread(system.get, f"/charge-points/{identity}/state")
        old.socket.transport.abort()
        for _ in range(5):
            assert (await newer.call("Heartbeat", {}))[0] == 3
            assert (await newer.call("StatusNotification", status("Available")))[0] == 3
        after = await asyncio.to_thread(system.get, f"/charge-points/{identity}/state")
        assert after["link"] == "connected"
        assert (after["link_since"], after["remote"]) == (before["link_since"], before["remote"])


async def test_who_does_not_authenticate_changes_nothing(system: Installation) -> None:
    identity = await registered(system, "GUARDED", password=SECRET)
    async with await RawStation.connect(system, identity, password=SECRET) as station:
        await station.boot()
        before = await asyncio.to_thread(system.get, f"/charge-points/{identity}/state")
        source = ("127.0.0.3", 0)
        unknown = await refusal(system, "NOBODY-KNOWS-ME", WRONG, local_addr=source)
        assert unknown[0] == 401
        assert await refusal(system, "NOBODY-KNOWS-ME", None, local_addr=source) == unknown
        assert await refusal(system, identity, WRONG, local_addr=source) == unknown
        assert await refusal(system, identity, None, local_addr=source) == unknown
        other = {"Authorization": build_authorization_basic("SOMEBODY", SECRET)}
        assert await refusal(system, identity, None, headers=other, local_addr=source) == unknown
        assert (await station.call("Heartbeat", {}))[0] == 3
        after = await asyncio.to_thread(system.get, f"/charge-points/{identity}/state")
        assert (after["link"], after["link_since"]) == ("connected", before["link_since"])


async def test_proven_stations_get_in_while_their_address_is_limited(system: Installation) -> None:
    """A carrier's NAT: somebody behind it guesses passwords, and the others must not suffer."""
    identity = await registered(system, "NAT", password=SECRET)
    source = ("127.0.0.4", 0)
    async with await RawStation.connect(system, identity, password=SECRET, local_addr=source) as station:
        await station.boot()
    codes: list[int] = []
    while codes[-20:] != [429] * 20:
        assert len(codes) < 400, "guessing is not limited"
        tries = [refusal(system, identity, WRONG, local_addr=source) for _ in range(10)]
        codes += [code for code, _ in await asyncio.gather(*tries)]
    assert set(codes) == {401, 429}
    # Often enough to come to every host, also to those that have never seen this station.
    for _ in range(8):
        async with await RawStation.connect(system, identity, password=SECRET, local_addr=source) as station:
            assert (await station.call("Heartbeat", {}))[0] == 3
    assert (await refusal(system, identity, WRONG, local_addr=source))[0] == 429
