"""Alerts under SIGKILL: stations fault and clear while what watches them and what delivers is killed at random.

Whoever counts stands outside: a webhook's receiver and a mail server. Every fault that a station was acknowledged has
to be told once as opened and once as resolved, by each of both. The same message may come again under its own id, where
a kill fell between sending and writing that down; receivers know it by that, and it is counted apart.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from engine.clock import SystemClock, to_iso
from loadtest.installation import Installation
from loadtest.receivers import Receivers

VICTIMS = ("projection-watch", "back-office")
TOLD = ("alert.opened", "alert.resolved")
RULE = {"hold_s": 0, "clear_s": 0, "opens_job": False}
ALL_TOLD_WITHIN_S = 240.0
AFTER_KILLS = 2
"""Faults of each station after the last kill."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was counted. `alerts`: faults that stations were acknowledged; each is told twice, to two receivers.

    `lost`: not told; `doubled`: told under two ids; `repeated`: came more than once under one id. `slowest_s`: from the
    last acknowledgement until all was told.
    """

    alerts: int
    delivered: int
    lost: int
    doubled: int
    repeated: int
    kills: int
    slowest_s: float

    def summary(self) -> dict[str, Any]:
        """As one JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


class FaultingStation:
    """An OCPP 1.6 station that says what its connector's state is, and waits until that is acknowledged."""

    def __init__(self, system: Installation, name: str) -> None:
        self._system, self.name = system, name
        self._socket: ClientConnection | None = None
        self._number = 0

    async def say(self, status: str, error: str = "NoError") -> None:
        """Say it until it is acknowledged: lines break, and hosts may be busy."""
        payload = {"connectorId": 1, "errorCode": error, "status": status, "timestamp": to_iso(SystemClock().now())}
        while True:
            try:
                await self._call("StatusNotification", payload)
                return
            except (OSError, TimeoutError, WebSocketException):
                await self.leave()
                await asyncio.sleep(0.5)

    async def boot(self) -> None:
        """Connect and be accepted."""
        boot = {"chargePointVendor": "Acme", "chargePointModel": "Fault"}
        while (await self._call("BootNotification", boot))["status"] != "Accepted":  # noqa: ASYNC110 - it is asked
            await asyncio.sleep(0.5)

    async def leave(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            with suppress(OSError, TimeoutError, WebSocketException):
                await socket.close()

    async def _call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        if self._socket is None:
            url = f"ws://127.0.0.1:{self._system.ocpp_port}/ocpp/{self.name}"
            self._socket = await connect(url, subprotocols=["ocpp1.6"], proxy=None)  # type: ignore[list-item]
        self._number += 1
        await self._socket.send(json.dumps([2, str(self._number), action, payload]))
        async with asyncio.timeout(20):
            while True:
                answer = json.loads(await self._socket.recv())
                if answer[0] != 2 and answer[1] == str(self._number):
                    return dict(answer[2])
                if answer[0] == 2:
                    await self._socket.send(json.dumps([4, answer[1], "NotSupported", "", {}]))


async def run(
    system: Installation, receivers: Receivers, *, stations: int, kills: int, seed: int, pause_s: float = 1.0
) -> Told:
    """Have `stations` fault and clear until `kills` processes are killed, and a little longer; count what is told.

    A state lasts up to `pause_s`. Everything is in a network of its own.
    """
    chance = random.Random(seed)
    network = f"alerts-{chance.randrange(16**6):06x}"
    names = [f"{network}-{number}" for number in range(stations)]
    channels = await asyncio.to_thread(_prepare, system, receivers, network, names)
    fleet = [FaultingStation(system, name) for name in names]
    for station in fleet:
        await station.boot()
    killing = asyncio.create_task(_kill(system, chance, kills))
    faulting = (_faults(station, killing, pause_s) for station in fleet)
    wanted = sum(await asyncio.gather(*faulting))
    done, began = await killing, time.monotonic()
    deadline = began + ALL_TOLD_WITHIN_S
    while _counted(receivers, network, wanted, done, 0.0).lost and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.25)
    took = time.monotonic() - began
    # What would be told twice may still be on its way: until nothing waits any more.
    while _waiting(system, channels) and time.monotonic() < deadline:  # noqa: ASYNC110 - another process's
        await asyncio.sleep(0.5)
    for station in fleet:
        await station.leave()
    return _counted(receivers, network, wanted, done, took)


async def _faults(station: FaultingStation, killing: asyncio.Task[int], pause_s: float) -> int:
    """Fault and clear while processes die, and a little longer. Returns how often."""
    chance, count, after = random.Random(station.name), 0, 0
    await station.say("Available")
    while after < AFTER_KILLS:
        after += killing.done()
        await station.say("Faulted", "GroundFailure")
        await asyncio.sleep(chance.uniform(0.0, pause_s))
        await station.say("Available")
        await asyncio.sleep(chance.uniform(0.0, pause_s))
        count += 1
    return count


async def _kill(system: Installation, chance: random.Random, kills: int) -> int:
    """Kill one victim after the other, each at a random moment once it runs (again). Returns how many."""
    done = 0
    while done < kills:
        victim = VICTIMS[done % len(VICTIMS)] if kills <= len(VICTIMS) else chance.choice(VICTIMS)
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        pid = (await asyncio.to_thread(system.pids)).get(victim)
        if pid is None:
            continue
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            done += 1
    return done


def _prepare(system: Installation, receivers: Receivers, network: str, names: list[str]) -> list[str]:
    """Charge points, a rule without delays, and two channels that are told of alerts. Returns the channels' ids."""

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict(system.api("POST", path, json=body).raise_for_status().json())

    post("/networks", {"id": network, "name": network})
    post("/stations", {"id": network, "name": network, "network": network})
    for name in names:
        post("/charge-points", {"id": name, "security_profile": 0, "station": network})
    rule = system.api("PATCH", f"/alert-rules/faulted?network={network}", json=RULE)
    rule.raise_for_status()
    channels = []
    for kind, address in (("webhook", receivers.url), ("email", "alerts@example.org")):
        said = {"kind": kind, "name": f"Counting {kind}", "address": address, "network": network}
        channels.append(post("/channels", said)["id"])
        post("/subscriptions", {"channel": channels[-1], "kinds": list(TOLD)})
    return channels


def _counted(receivers: Receivers, prefix: str, wanted: int, kills: int, took: float) -> Told:
    """Hold what came in against what has to."""
    hooks = {
        id: each
        for id, each in dict(receivers.hooks).items()
        if each["data"].get("charge_point", "").startswith(prefix)
    }
    mails = {id: subject for id, subject in receivers.arrived() if prefix in subject}
    by_alert = Counter((each["type"], each["data"]["id"]) for each in hooks.values())
    told = [sum(kind == each for each, _ in by_alert) for kind in TOLD]
    lost = sum(max(wanted - count, 0) for count in told) + max(2 * wanted - len(mails), 0)
    doubled = sum(count - 1 for count in by_alert.values()) + sum(max(count - wanted, 0) for count in told)
    doubled += max(len(mails) - 2 * wanted, 0)
    letters = Counter(id for id, subject in receivers.arrived() if prefix in subject)
    repeated = sum(receivers.times[id] - 1 for id in hooks) + sum(letters.values()) - len(letters)
    return Told(wanted, len(by_alert) + len(mails), lost, doubled, repeated, kills, round(took, 2))


def _waiting(system: Installation, channels: list[str]) -> bool:
    names = ", ".join(f"'{each}'" for each in channels)
    waiting = f"SELECT count(*) FROM deliveries WHERE state = 'waiting' AND channel IN ({names})"
    return bool(system.sql(waiting)[0][0])
