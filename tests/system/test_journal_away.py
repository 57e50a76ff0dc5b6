"""The journal is away for a while: stations keep their sockets, get what memory can tell, and lose nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import Any

import pytest

from loadtest.installation import Installation
from tests.system.charge_points import registered, rows
from tests.system.eventually import eventually
from tests.system.raw_station import BOOT, RawStation, start, status

pytestmark = pytest.mark.system

AWAY_S = 12.0


async def test_stations_are_kept_while_the_journal_is_away(system: Installation) -> None:
    identity = await registered(system, "KEPT", tokens=["KEPT-TAG"])
    newcomer = await registered(system, "NEWCOMER")
    valkey = system.pids()["valkey"]
    async with await RawStation.connect(system, identity) as station:
        assert (await station.boot())["status"] == "Accepted"
        os.kill(valkey, signal.SIGSTOP)
        until = asyncio.get_running_loop().time() + AWAY_S
        try:
            await station.send(json.dumps([2, "status", "StatusNotification", status("Preparing")]))
            # The station has lost patience; what needs no store is answered at once all the same.
            await answered_soon(station, "Heartbeat", {})
            authorized = await answered_soon(station, "Authorize", {"idTag": "KEPT-TAG"})
            assert authorized["idTagInfo"]["status"] == "Accepted"
            late = await boots_pending(station)
            async with await RawStation.connect(system, newcomer) as other:
                # It may be the first one in its host, which finds out by its lease.
                await boots_pending(other)
                await answered_soon(other, "Heartbeat", {})
            await station.send(json.dumps([2, "start", "StartTransaction", start("KEPT-TAG")]))
            with pytest.raises(TimeoutError):
                await station.receive(max(0.5, until - asyncio.get_running_loop().time()))
        finally:
            os.kill(valkey, signal.SIGCONT)
        answers = {said: payload for _, said, payload in [await station.receive(30) for _ in range(2 + len(late))]}
        assert answers.keys() == {"status", "start", *late}
        assert answers["start"]["idTagInfo"]["status"] == "Accepted"
        await boots_accepted(station)
        async with await RawStation.connect(system, newcomer) as other:
            await boots_accepted(other)
    await eventually(lambda: rows(system, "connector_status", identity), "stored")
    ledger = f"SELECT transaction_id FROM sessions WHERE charge_point = '{identity}'"
    started = await eventually(lambda: system.sql(ledger), "in the ledger")
    assert started == [(str(answers["start"]["transactionId"]),)]
    assert await asyncio.to_thread(rows, system, "connector_status", identity) == 1


async def answered_soon(station: RawStation, action: str, payload: dict[str, str]) -> dict[str, Any]:
    """The CALLRESULT of what memory can tell. Raises TimeoutError."""
    kind, _, answer = await station.call(action, payload, 3.0)
    assert kind == 3
    told: dict[str, Any] = answer
    return told


async def boots_pending(station: RawStation) -> list[str]:
    """Boot until the answer is Pending: the host takes a while to find out. Returns the boots that wait."""
    waiting = []
    async with asyncio.timeout(AWAY_S):
        while True:
            message_id = station.next_id()
            await station.send(json.dumps([2, message_id, "BootNotification", BOOT]))
            try:
                answer = await station.answer_to(message_id, 1.0)
            except TimeoutError:
                waiting.append(message_id)
                continue
            assert answer[2]["status"] == "Pending"
            return waiting


async def boots_accepted(station: RawStation) -> None:
    """Boot, as a station does that was told to wait, until a host knows that the journal is back."""
    async with asyncio.timeout(AWAY_S):
        while True:
            if (await station.boot())["status"] == "Accepted":
                return
            await asyncio.sleep(0.2)
