"""Alerts on a running system: a fault with its vendor code, repeats, acknowledged over REST, over after its time; no
connection for too long; and a projection that is killed in between opens nothing twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from loadtest.installation import Installation
from tests.system.charge_points import registered
from tests.system.eventually import eventually
from tests.system.raw_station import RawStation, stamp, status

pytestmark = pytest.mark.system
QUICKLY = {"faulted": {"clear_s": 2}, "offline": {"hold_s": 1, "clear_s": 1}}


@pytest.fixture
def quick_rules(system: Installation) -> Iterator[None]:
    """Rules for this test's patience, and those out of the box after it."""
    for kind, body in QUICKLY.items():
        path = f"/alert-rules/{kind}?network=default"
        assert system.api("PATCH", path, json=body).json()["source"] == "network"
    yield
    for kind in QUICKLY:
        system.api("DELETE", f"/alert-rules/{kind}?network=default").raise_for_status()


def alerts_of(system: Installation, charge_point: str, rule: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.get(f"/alerts?charge_point={charge_point}&rule={rule}&sort=opened")["items"]
    return found


def faulted(vendor_code: str) -> dict[str, Any]:
    return status("Faulted") | {"errorCode": "GroundFailure", "vendorErrorCode": vendor_code, "timestamp": stamp()}


async def one(system: Installation, charge_point: str, rule: str, **wanted: Any) -> dict[str, Any]:
    """The only alert of this rule, once it is as wanted."""

    def ask() -> dict[str, Any] | None:
        found = alerts_of(system, charge_point, rule)
        assert len(found) <= 1, found
        fits = [each for each in found if all(each[name] == value for name, value in wanted.items())]
        return fits[0] if fits else None

    alert: dict[str, Any] = await eventually(ask, f"{rule} {wanted}", within_s=40)
    return alert


async def test_a_fault_is_an_alert_that_somebody_takes_over_and_that_clears(
    system: Installation, quick_rules: None
) -> None:
    charge_point = await registered(system, "FAULT")
    async with await RawStation.connect(system, charge_point) as station:
        await station.boot()
        await station.call("StatusNotification", faulted("E42"))
        alert = await one(system, charge_point, "faulted", state="open")
        assert (alert["severity"], alert["network"], alert["connector"]) == ("major", "default", 1)
        assert alert["details"]["vendor_error"] == "E42"
        assert "GroundFailure, vendor code E42" in alert["title"]
        (pid,) = [pid for name, pid in system.pids().items() if name == "projection-watch"]
        os.kill(pid, signal.SIGKILL)
        await station.call("StatusNotification", faulted("E43"))
        alert = await one(system, charge_point, "faulted", count=2)
        assert alert["details"]["vendor_error"] == "E43"
        answer = await asyncio.to_thread(
            system.api, "POST", f"/alerts/{alert['id']}/acknowledgement", json={"note": "Seen"}
        )
        assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
        await station.call("StatusNotification", status("Available"))
        alert = await one(system, charge_point, "faulted", state="resolved")
    assert alert["resolution"] == "condition"
    story = await asyncio.to_thread(system.get, f"/alerts/{alert['id']}")
    assert [line["kind"] for line in story["history"]] == ["opened", "repeated", "acknowledged", "resolved"]
    assert await asyncio.to_thread(
        system.sql, f"SELECT count(*) FROM alerts WHERE charge_point = '{charge_point}'"
    ) == [(1,)]


async def test_no_connection_for_too_long_is_an_alert_until_the_station_is_back(
    system: Installation, quick_rules: None
) -> None:
    charge_point = await registered(system, "GONE")
    async with await RawStation.connect(system, charge_point) as station:
        await station.boot()
    alert = await one(system, charge_point, "offline", state="open")
    assert alert["connector"] is None
    async with await RawStation.connect(system, charge_point):
        assert (await one(system, charge_point, "offline", state="resolved"))["id"] == alert["id"]
