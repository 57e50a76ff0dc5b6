"""A session on a tariff, from the operator's words to the cost in the ledger, through a running system."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loadtest.installation import Installation
from tests.system.charge_points import registered
from tests.system.eventually import eventually
from tests.system.raw_station import RawStation, start, status

pytestmark = pytest.mark.system

SECRET = "a-secret-of-sixteen"
MALL = {
    "currency": "INR",
    "elements": [{"components": [{"dimension": "ENERGY", "price": "18"}]}],
    "idle": {"per_minute": "3", "grace_s": 300},
    "tax_included": True,
}
_PLACE = ("station", "charge_point", "evse", "connector", "token_group")


async def test_eighteen_a_unit_and_three_a_minute_too_long(system: Installation) -> None:
    """The station's clock, by which everything is priced, runs ahead so that nobody has to wait for an hour."""
    identity = await registered(system, "MALL", password=SECRET, tokens=["MALL-TAG"])
    tariff = await _assigned(system, identity)
    began = datetime.now(UTC)

    def after(minutes: float) -> str:
        return (began + timedelta(minutes=minutes)).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async with await RawStation.connect(system, identity, password=SECRET) as station:
        await station.boot()
        await station.call("StatusNotification", status("Preparing", said=after(0)))
        started = await station.call("StartTransaction", start("MALL-TAG", 1000, said=after(0.1)))
        transaction = started[2]["transactionId"]
        await station.call("StatusNotification", status("Charging", said=after(0.2)))
        await station.call("MeterValues", _meter(transaction, 12_000, after(30)))
        running = await eventually(lambda: _price(system, identity, "198.00"), "priced while it charges")
        assert (running["settled"], running["tariff"]) == (False, tariff)
        await station.call("StatusNotification", status("SuspendedEV", said=after(60)))
        stop = {"transactionId": transaction, "meterStop": 23_000, "timestamp": after(62), "reason": "Local"}
        await station.call("StopTransaction", stop)
        await station.call("StatusNotification", status("Finishing", said=after(62)))
        await station.call("StatusNotification", status("Available", said=after(67)))
    session = await eventually(lambda: _settled(system, identity), "settled in the ledger")
    assert (session["cost"], session["currency"], session["tariff"]) == ("402.00", "INR", tariff)
    assert (session["network"], session["tariff_version"], session["doubts"]) == ("default", 1, [])
    price = await asyncio.to_thread(system.get, f"/sessions/{session['id']}/price")
    assert price["settled"]
    assert [(line["kind"], line["amount"]) for line in price["bill"]["lines"]] == [
        ("energy", "396.00"),
        ("idle", "6.00"),
    ]


async def _assigned(system: Installation, charge_point: str) -> str:
    body = {"name": f"For {charge_point}", "content": MALL, "publish": {}}
    made = await asyncio.to_thread(system.api, "POST", "/tariffs", json=body)
    tariff: str = made.raise_for_status().json()["id"]
    assigned = {"tariff": tariff, "charge_point": charge_point}
    (await asyncio.to_thread(system.api, "POST", "/tariff-assignments", json=assigned)).raise_for_status()
    where = {"charge_point": charge_point, "evse": 1, "connector": 1}
    await eventually(lambda: system.get("/tariff-for", params=where)["tariff"] == tariff, "known to the façade")
    await eventually(lambda: _known_to_hosts(system), "known to every host", within_s=5.0)
    return tariff


def _known_to_hosts(system: Installation) -> bool:
    """Whether each host has as many targets of assignments as there are."""
    rows = system.get("/tariff-assignments", params={"at": datetime.now(UTC).isoformat(), "limit": 500})["items"]
    targets = {tuple(row[name] for name in ("network", *_PLACE)) for row in rows}
    found = re.findall(r"^raycharge_host_tariff_targets\{[^}]*\} ([0-9.]+)$", system.metrics(), re.MULTILINE)
    return bool(found) and all(float(number) >= len(targets) for number in found)


def _sessions(system: Installation, charge_point: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.get("/sessions", params={"charge_point": charge_point})["items"]
    return found


def _price(system: Installation, charge_point: str, gross: str) -> dict[str, Any] | None:
    for session in _sessions(system, charge_point):
        answer = system.api("GET", f"/sessions/{session['id']}/price")
        if answer.status_code == 200 and answer.json()["bill"]["gross"] == gross:
            told: dict[str, Any] = answer.json()
            return told
    return None


def _settled(system: Installation, charge_point: str) -> dict[str, Any] | None:
    return next((session for session in _sessions(system, charge_point) if session["settled_at"]), None)


def _meter(transaction: int, wh: int, said: str) -> dict[str, Any]:
    value = {"value": str(wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    return {
        "connectorId": 1,
        "transactionId": transaction,
        "meterValue": [{"timestamp": said, "sampledValue": [value]}],
    }
