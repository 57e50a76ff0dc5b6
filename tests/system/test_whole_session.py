"""A station that we did not write goes through a whole session, and every door shows it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from ocpp.v16 import call
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus, Reason, RegistrationStatus

from loadtest.installation import Installation
from tests.system.charge_points import registered, rows
from tests.system.eventually import eventually
from tests.system.independent_station import IndependentStation, independent_station
from tests.system.raw_station import stamp

pytestmark = pytest.mark.system

SECRET = "a-secret-of-sixteen"
TAG = "FOREIGN-TAG"


def meter(wh: int, watts: float) -> list[dict[str, Any]]:
    rows = [
        {"value": str(wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        {"value": str(watts), "measurand": "Power.Active.Import", "unit": "kW", "location": "Outlet"},
    ]
    return [{"timestamp": stamp(), "sampledValue": rows}]


async def go_through(station: IndependentStation) -> int:
    """Boot to stop: 1.5 kWh. Returns the transaction's number."""
    booted = await station.call(call.BootNotification("Model F", "Foreign", firmware_version="9.1"), suppress=False)
    assert booted.status == RegistrationStatus.accepted
    standing = (await station.call(call.Authorize(TAG), suppress=False)).id_tag_info
    assert standing["status"] == "Accepted"
    await station.call(call.StatusNotification(1, ChargePointErrorCode.no_error, ChargePointStatus.preparing, stamp()))
    started = await station.call(call.StartTransaction(1, TAG, 10_000, stamp()), suppress=False)
    assert started.id_tag_info["status"] == "Accepted"
    number = int(started.transaction_id)
    await station.call(call.StatusNotification(1, ChargePointErrorCode.no_error, ChargePointStatus.charging, stamp()))
    for wh, kw in ((10_500, 7.25), (11_000, 7.0)):
        await station.call(call.MeterValues(1, meter(wh, kw), number), suppress=False)
    stop = call.StopTransaction(11_500, stamp(), number, Reason.local, TAG)
    assert (await station.call(stop, suppress=False)).id_tag_info["status"] == "Accepted"
    await station.call(call.StatusNotification(1, ChargePointErrorCode.no_error, ChargePointStatus.available, stamp()))
    return number


async def test_a_foreign_stations_session_is_seen_through_every_door(system: Installation) -> None:
    identity = await registered(system, "FOREIGN", password=SECRET, tokens=[TAG])
    async with independent_station(system, identity, SECRET) as station:
        number = await go_through(station)
        live = (await asyncio.to_thread(system.get, f"/charge-points/{identity}"))["live"]
        assert (live["link"], live["registration"], live["boot"]["vendor"]) == ("connected", "accepted", "Foreign")
        assert [c["status"] for c in live["connectors"] if c["connector"] == 1] == ["Available"]

    (session,) = await eventually(
        lambda: system.get("/sessions", params={"charge_point": identity, "state": "stopped"})["items"], "in the ledger"
    )
    assert session["transaction"] == str(number)
    assert (session["meter_start_wh"], session["meter_stop_wh"]) == ("10000", "11500")
    assert Decimal(session["energy_wh"]) == 1500
    assert (session["id_token"], session["reason"], session["doubts"]) == (TAG, "Local", [])

    await asyncio.to_thread(see_in_stores, system, identity, session["id"])
    await eventually(lambda: curve(system, session["id"]), "drawn as a curve")


def see_in_stores(system: Installation, identity: str, session: str) -> None:
    told = f"WHERE charge_point = '{identity}'"
    ledger = system.sql(f"SELECT id, state, energy_wh FROM sessions {told}")
    assert [(row[0], row[1], Decimal(row[2])) for row in ledger] == [(session, "stopped", Decimal(1500))]
    system.until(lambda: rows(system, "meter_values", identity) == 4, 20, "all meter values in ClickHouse")
    assert rows(system, "meter_values", identity, f"session = '{session}'") == 4
    values = system.clickhouse(
        f"SELECT raw, toString(value), base_unit FROM meter_values {told} AND unit = 'kW' ORDER BY believed"
    )
    assert [(raw, Decimal(value), unit) for raw, value, unit in values] == [
        ("7.25", Decimal(7250), "W"),
        ("7.0", Decimal(7000), "W"),
    ]
    system.until(lambda: rows(system, "sessions", identity) == 1, 20, "the session in ClickHouse")
    assert system.clickhouse(f"SELECT session, energy_wh FROM sessions {told}") == [[session, 1500]]
    states = system.clickhouse(f"SELECT status FROM connector_status {told} ORDER BY entry, idx")
    assert [state for (state,) in states] == ["Preparing", "Charging", "Available"]
    actions = system.clickhouse(f"SELECT action, count() FROM ocpp_messages {told} AND type = 2 GROUP BY 1 ORDER BY 1")
    assert {action: int(count) for action, count in actions} == {
        "Authorize": 1,
        "BootNotification": 1,
        "MeterValues": 2,
        "StartTransaction": 1,
        "StatusNotification": 3,
        "StopTransaction": 1,
    }


def curve(system: Installation, session: str) -> bool:
    """Whether REST draws the session's curve, whole and exact."""
    told = system.get(f"/sessions/{session}/meter-values")
    curves = {c["measurand"]: (c["unit"], [Decimal(p["value"]) for p in c["points"]]) for c in told["curves"]}
    return bool(told["complete"]) and curves == {
        "Energy.Active.Import.Register": ("Wh", [Decimal(10_500), Decimal(11_000)]),
        "Power.Active.Import": ("W", [Decimal(7250), Decimal(7000)]),
    }
