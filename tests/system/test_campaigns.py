"""A campaign through a running system: asked at a pace, its runner killed in the middle, nobody asked twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest

from loadtest.installation import Installation
from tests.system.charge_points import registered
from tests.system.eventually import eventually
from tests.system.raw_station import RawStation

pytestmark = pytest.mark.system
STATIONS = 6


class Fleet:
    """Stations that answer ClearCache once `gate` is set, and count how often they were asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, name: str, station: RawStation, status: str = "Accepted") -> None:
        self._tasks.append(asyncio.create_task(self._serve(name, station, status)))

    async def _serve(self, name: str, station: RawStation, status: str) -> None:
        while True:
            _, message_id, action, _ = await station.next_call(timeout_s=300)
            self.asked[f"{name} {action}"] += 1
            await self.gate.wait()
            await station.answer(message_id, {"status": status})

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def campaign(system: Installation, path: str, method: str = "GET", **arguments: Any) -> Any:
    answer = system.api(method, f"/campaigns{path}", **arguments)
    assert answer.status_code < 300, answer.text
    return answer.json()


async def test_a_campaign_survives_the_kill_of_its_runner_and_asks_nobody_twice(system: Installation) -> None:
    names = [await registered(system, f"CAMPAIGN{number}") for number in range(STATIONS)]
    absent, late = names[-1], names[-2]
    fleet = Fleet()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(fleet.end)

        async def arrive(name: str, status: str = "Accepted") -> None:
            station = await stack.enter_async_context(await RawStation.connect(system, name))
            await station.boot()
            fleet.add(name, station, status)

        for number, name in enumerate(names[:-2]):
            await arrive(name, "Rejected" if number == 3 else "Accepted")
        body = {
            "operation": "clear_cache",
            "filter": {"ids": names},
            "per_minute": 600,
            "at_once": 2,
            "deadline_at": "2999-01-01T00:00:00Z",
        }
        made = await asyncio.to_thread(campaign, system, "", "POST", json=body)
        path = f"/{made['id']}"
        assert made["progress"]["targets"] == STATIONS
        await eventually(lambda: sum(fleet.asked.values()) == 2, "two asked")

        pid = system.pids()["campaigns"]
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: system.pids().get("campaigns", pid) != pid, "restarted", within_s=90)
        await eventually(lambda: campaign(system, path)["progress"]["asked"] == 2, "the same two")
        fleet.gate.set()

        def stand() -> tuple[int, ...]:
            progress = campaign(system, path)["progress"]
            return tuple(progress[each] for each in ("succeeded", "failed", "waiting"))

        # In whichever order the four are asked.
        await eventually(lambda: stand() == (3, 1, 2), "asked", within_s=60)

        await arrive(late)
        await eventually(lambda: campaign(system, path)["progress"]["succeeded"] == 4, "the late one", within_s=60)
        cancelled = await asyncio.to_thread(campaign, system, f"{path}/cancel", "POST")
        assert (cancelled["state"], cancelled["progress"]["skipped"]) == ("cancelled", 1)
        assert fleet.asked == Counter({f"{name} ClearCache": 1 for name in names[:-1]}), "somebody was asked twice"

        targets = (await asyncio.to_thread(campaign, system, f"{path}/targets"))["items"]
        ended = {each["charge_point"]: each for each in targets}
        assert (ended[absent]["state"], ended[names[3]]["outcome"]) == ("skipped", "Rejected")
        asked_by = f"/commands/{ended[names[0]]['command']}"
        await eventually(lambda: system.api("GET", asked_by).status_code == 200, "in the ledger")
        command = await asyncio.to_thread(system.get, asked_by)
        assert (command["charge_point"], command["requested_by"]) == (names[0], f"campaign {made['id']}")


async def test_a_reset_over_the_typed_endpoint_is_followed_by_its_boot(system: Installation) -> None:
    name = await registered(system, "FOLLOWED")
    async with await RawStation.connect(system, name) as station:
        await station.boot()
        url = f"/charge-points/{name}/reset"
        refused = await asyncio.to_thread(system.api, "POST", url, json={"evse": 1})
        assert (refused.status_code, refused.json()["field"]) == (422, "evse"), "the host's word has to arrive"
        asking = asyncio.create_task(asyncio.to_thread(system.api, "POST", url, json={"immediate": True}))
        _, message_id, action, payload = await station.next_call()
        assert (action, payload) == ("Reset", {"type": "Hard"})
        await station.answer(message_id, {"status": "Accepted"})
        ended = (await asking).json()
        assert (ended["outcome"], ended["action"]) == ("Accepted", "Reset")
        await station.boot()

        def followed() -> Any:
            # Its first word comes to SQL a little after the answer.
            answer = system.api("GET", f"/commands/{ended['id']}")
            return answer.json()["followed_by"] if answer.status_code == 200 else []

        (boot,) = await eventually(followed, "followed by its boot")
        assert (boot["kind"], boot["status"]) == ("boot", "Accepted")


async def test_a_station_waits_for_its_operator_without_a_reconnect(system: Installation) -> None:
    name = await registered(system, "WAITING")
    url = f"/charge-points/{name}"
    async with await RawStation.connect(system, name, subprotocols=("ocpp2.0.1",)) as station:

        async def booted() -> str:
            boot = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}
            return str((await station.call("BootNotification", boot))[2]["status"])

        async def until_answered(status: str) -> None:
            for _ in range(200):
                if await booted() == status:
                    return
                await asyncio.sleep(0.1)
            pytest.fail(f"its boot was never answered with {status}")

        assert await booted() == "Accepted"
        for admission in ("pending", "rejected"):
            assert (await asyncio.to_thread(system.api, "PATCH", url, json={"admission": admission})).status_code == 200
            await until_answered(admission.capitalize())
            assert (await station.call("Heartbeat", {}))[:3:2] == [4, "SecurityError"]
            start = {"token": {"id_token": "T"}, "evse": 1}
            refused = await asyncio.to_thread(system.api, "POST", f"{url}/start", json=start)
            assert refused.json()["outcome"] == "Rejected"
        await asyncio.to_thread(system.api, "PATCH", url, json={"admission": "accepted"})
        await until_answered("Accepted")
        assert (await station.call("Heartbeat", {}))[0] == 3
