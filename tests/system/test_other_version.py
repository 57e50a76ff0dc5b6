"""A station that names no version, or another than it speaks, is understood, shown and commanded in its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from loadtest.installation import Installation
from tests.system.charge_points import registered
from tests.system.raw_station import RawStation

pytestmark = pytest.mark.system

BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "OCA", "model": "OCA"}}


@pytest.mark.parametrize("subprotocols", [(), ("ocpp1.6",)])
async def test_a_station_is_served_in_the_version_that_it_speaks(
    system: Installation, subprotocols: tuple[str, ...]
) -> None:
    identity = await registered(system, "OTHER")
    async with await RawStation.connect(system, identity, subprotocols=subprotocols) as station:
        booted = (await station.call("BootNotification", BOOT))[2]
        assert booted["status"] == "Accepted"
        assert "." not in booted["currentTime"], "this make reads no fractions"
        live: dict[str, Any] = (await asyncio.to_thread(system.get, f"/charge-points/{identity}"))["live"]
        assert live["subprotocol"] == "ocpp2.0.1"
        assert live["quirks"] == ["no_milliseconds"]
        assert live["deviations"] == {"other_version": 1}
        resetting = asyncio.create_task(
            asyncio.to_thread(system.api, "POST", f"/charge-points/{identity}/reset", json={})
        )
        call = await station.next_call()
        assert (call[2], set(call[3])) == ("Reset", {"type"})
        assert call[3]["type"] in ("OnIdle", "Immediate"), "2.0.1's words"
        await station.answer(call[1], {"status": "Accepted"})
        assert (await resetting).raise_for_status().json()["outcome"] == "Accepted"
