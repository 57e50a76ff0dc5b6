"""Stations of 2.0.1 and 2.1 that we did not write go through sessions and commands, and every door shows it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from loadtest.installation import Installation
from tests.conformance.price import cost
from tests.system.charge_points import registered, rows
from tests.system.eventually import eventually
from tests.system.independent_station_2 import COMPONENT, DIALECTS, VARIABLES, Dialect, independent_station_2
from tests.system.raw_station import stamp

pytestmark = [
    pytest.mark.system,
    pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.subprotocol),
]

SECRET = "a-secret-of-sixteen"
TAG = "FOREIGN-TAG-2"


class Teller:
    """A transaction as its station tells it, event after event."""

    def __init__(self, station: Any, transaction: str) -> None:
        self._station, self._transaction, self._number = station, transaction, 0

    async def event(self, event: str, trigger: str, info: dict[str, Any] | None = None, **more: Any) -> Any:
        told = self._station.types.TransactionType(transaction_id=self._transaction, **(info or {}))
        number, self._number = self._number, self._number + 1
        return await self._station.told(
            "TransactionEvent",
            event_type=event,
            timestamp=stamp(),
            trigger_reason=trigger,
            seq_no=number,
            transaction_info=told,
            **more,
        )

    def meter(self, wh: int, kw: float | None = None, context: str = "Sample.Periodic") -> list[Any]:
        """The register in Wh and the power, which is said in thousands of W."""
        types = self._station.types
        energy = types.SampledValueType(
            value=wh,
            context=context,
            measurand="Energy.Active.Import.Register",
            unit_of_measure=types.UnitOfMeasureType(unit="Wh"),
        )
        samples = [energy]
        if kw is not None:
            unit = types.UnitOfMeasureType(unit="W", multiplier=3)
            samples.append(
                types.SampledValueType(value=kw, context=context, measurand="Power.Active.Import", unit_of_measure=unit)
            )
        return [types.MeterValueType(timestamp=stamp(), sampled_value=samples)]


async def boot(station: Any, reason: str = "PowerUp") -> None:
    made = station.types.ChargingStationType(vendor_name="Foreign", model="Model F", firmware_version="9.2")
    assert (await station.told("BootNotification", charging_station=made, reason=reason)).status == "Accepted"


async def show(station: Any, state: str) -> None:
    await station.told("StatusNotification", timestamp=stamp(), connector_status=state, evse_id=1, connector_id=1)


async def go_through(station: Any, transaction: str) -> None:
    """Boot to the end: 1.5 kWh."""
    await boot(station)
    await show(station, "Available")
    token = station.types.IdTokenType(id_token=TAG, type="ISO14443")
    assert (await station.told("Authorize", id_token=token)).id_token_info["status"] == "Accepted"
    tell = Teller(station, transaction)
    await show(station, "Occupied")
    started = await tell.event(
        "Started",
        "Authorized",
        {"charging_state": "EVConnected"},
        id_token=token,
        evse=station.types.EVSEType(id=1, connector_id=1),
        meter_value=tell.meter(10_000, context="Transaction.Begin"),
    )
    assert started.id_token_info["status"] == "Accepted"
    for wh, kw in ((10_500, 7.25), (11_000, 7.0)):
        charging = {"charging_state": "Charging"}
        await tell.event("Updated", "MeterValuePeriodic", charging, meter_value=tell.meter(wh, kw))
    stopped = {"charging_state": "EVConnected", "stopped_reason": "Local"}
    ended = await tell.event(
        "Ended", "StopAuthorized", stopped, id_token=token, meter_value=tell.meter(11_500, context="Transaction.End")
    )
    assert ended.id_token_info["status"] == "Accepted"
    assert ended.total_cost == cost(1500)
    await show(station, "Available")


async def test_a_foreign_stations_session_is_seen_through_every_door(system: Installation, dialect: Dialect) -> None:
    identity = await registered(system, "FOREIGN2", password=SECRET, tokens=[TAG])
    async with independent_station_2(system, dialect, identity, SECRET) as station:
        await go_through(station, "their-own-name")
        live = (await asyncio.to_thread(system.get, f"/charge-points/{identity}"))["live"]
        assert (live["link"], live["registration"], live["boot"]["vendor"]) == ("connected", "accepted", "Foreign")
        assert (live["subprotocol"], live["deviations"]) == (dialect.subprotocol, {})
        assert station.costs == [cost(500)], "told on the way, once a minute at most"
        assert [c["status"] for c in live["connectors"] if c["connector"] == 1] == ["Available"]

    (session,) = await eventually(
        lambda: system.get("/sessions", params={"charge_point": identity, "state": "stopped"})["items"], "in the ledger"
    )
    assert session["transaction"] == "their-own-name"
    assert (session["meter_start_wh"], session["meter_stop_wh"]) == ("10000", "11500")
    assert Decimal(session["energy_wh"]) == 1500
    assert (session["id_token"], session["reason"], session["doubts"]) == (TAG, "Local", [])
    await asyncio.to_thread(see_in_stores, system, identity, session["id"])


def see_in_stores(system: Installation, identity: str, session: str) -> None:
    told = f"WHERE charge_point = '{identity}'"
    ledger = system.sql(f"SELECT id, state, energy_wh FROM sessions {told}")
    assert [(row[0], row[1], Decimal(row[2])) for row in ledger] == [(session, "stopped", Decimal(1500))]
    system.until(lambda: rows(system, "meter_values", identity) == 6, 20, "all meter values in ClickHouse")
    assert rows(system, "meter_values", identity, f"session = '{session}'") == 6
    values = system.clickhouse(
        f"SELECT measurand, toString(value), base_unit FROM meter_values {told} ORDER BY measurand, believed"
    )
    energies = [("Energy.Active.Import.Register", Decimal(wh), "Wh") for wh in (10_000, 10_500, 11_000, 11_500)]
    powers = [("Power.Active.Import", Decimal(watts), "W") for watts in (7250, 7000)]
    assert [(name, Decimal(value), unit) for name, value, unit in values] == energies + powers
    system.until(lambda: rows(system, "sessions", identity) == 1, 20, "the session in ClickHouse")
    assert system.clickhouse(f"SELECT session, energy_wh FROM sessions {told}") == [[session, 1500]]
    actions = system.clickhouse(f"SELECT action, count() FROM ocpp_messages {told} AND type = 2 GROUP BY 1 ORDER BY 1")
    assert {action: int(count) for action, count in actions} == {
        "Authorize": 1,
        "BootNotification": 1,
        "CostUpdated": 1,
        "StatusNotification": 3,
        "TransactionEvent": 4,
    }


async def operate(system: Installation, identity: str, operation: str, body: dict[str, Any]) -> Any:
    """An operator's endpoint, which must be answered Accepted."""
    path = f"/charge-points/{identity}/{operation}"
    answer = (await asyncio.to_thread(system.api, "POST", path, json=body)).raise_for_status().json()
    assert answer["outcome"] == "Accepted", answer
    return answer


async def test_a_foreign_station_is_started_and_stopped_from_afar(system: Installation, dialect: Dialect) -> None:
    identity = await registered(system, "AFAR2", tokens=[TAG])
    async with independent_station_2(system, dialect, identity) as station:
        await boot(station)
        await show(station, "Available")
        token = {"id_token": TAG, "kind": "ISO14443"}
        start = await operate(system, identity, "start", {"token": token, "evse": 1})
        asked = {"remote_start_id": start["number"], "evse_id": 1, "id_token": {"id_token": TAG, "type": "ISO14443"}}
        assert station.asked == [("RequestStartTransaction", asked)]
        tell = Teller(station, "from-afar")
        await tell.event(
            "Started",
            "RemoteStart",
            {"charging_state": "Charging", "remote_start_id": start["number"]},
            evse=station.types.EVSEType(id=1, connector_id=1),
            meter_value=tell.meter(500, context="Transaction.Begin"),
        )
        live = (await asyncio.to_thread(system.get, f"/charge-points/{identity}"))["live"]
        (session,) = [c["session"] for c in live["connectors"] if c["session"]]
        assert (session["command"], session["transaction"]) == (start["id"], "from-afar")
        stop = await operate(system, identity, "stop", {"session": session["id"]})
        assert station.asked[1:] == [("RequestStopTransaction", {"transaction_id": "from-afar"})]
        stopped = {"charging_state": "EVConnected", "stopped_reason": "Remote"}
        await tell.event("Ended", "RemoteStop", stopped, meter_value=tell.meter(900, context="Transaction.End"))
    (row,) = await eventually(
        lambda: system.get("/sessions", params={"charge_point": identity, "state": "stopped"})["items"], "in the ledger"
    )
    assert (row["id"], row["reason"], row["id_token"], row["doubts"]) == (session["id"], "Remote", TAG, [])
    assert Decimal(row["energy_wh"]) == 400
    await recorded(system, identity, {start["id"]: "RequestStartTransaction", stop["id"]: "RequestStopTransaction"})


async def recorded(system: Installation, identity: str, expected: dict[str, str]) -> None:
    """The commands are in the ledger, each with its action, as accepted; what it is told of costs is not looked at."""

    def ended() -> Any:
        found = system.get(f"/charge-points/{identity}/commands")["items"]
        found = [command for command in found if command["action"] != "CostUpdated"]
        return len(found) == len(expected) and all(command["state"] == "ended" for command in found) and found

    found = await eventually(ended, "recorded")
    assert {command["id"]: command["action"] for command in found} == expected
    assert {command["outcome"] for command in found} == {"Accepted"}


async def test_a_foreign_stations_variables_are_kept_and_it_is_reset(system: Installation, dialect: Dialect) -> None:
    identity = await registered(system, "MODEL2")
    path = f"/charge-points/{identity}"
    async with independent_station_2(system, dialect, identity) as station:
        await boot(station)
        names = ["HeartbeatInterval", "NoSuchVariable"]
        wanted = [{"component": {"name": COMPONENT}, "variable": {"name": name}} for name in names]
        read = await asyncio.to_thread(system.command, identity, "GetVariables", {"getVariableData": wanted})
        results = read["payload"]["getVariableResult"]
        assert [result["attributeStatus"] for result in results] == ["Accepted", "UnknownVariable"]
        settings = (await asyncio.to_thread(system.get, f"{path}/configuration"))["settings"]
        known = {setting["key"]: setting["value"] for setting in settings if setting["value"] is not None}
        assert known == {"HeartbeatInterval": "300"}

        wanted_report = {"requestId": 77, "reportBase": "FullInventory"}
        report = await asyncio.to_thread(system.command, identity, "GetBaseReport", wanted_report)
        await asyncio.wait_for(station.reported.wait(), 20)
        whole = await asyncio.to_thread(system.get, f"{path}/reports/77")
        assert (whole["complete"], whole["parts"]) == (True, 3)
        assert {item["variable"]: item["attributes"][0]["value"] for item in whole["items"]} == VARIABLES
        settings = (await asyncio.to_thread(system.get, f"{path}/configuration"))["settings"]
        assert {setting["key"]: setting["value"] for setting in settings if setting["value"]} == VARIABLES
        assert {setting["component"] for setting in settings} == {COMPONENT}

        reset = await operate(system, identity, "reset", {"immediate": False})
        assert station.asked[-1] == ("Reset", {"type": "OnIdle"})
        assert reset["payload"] == {"status": "Scheduled"}
    async with independent_station_2(system, dialect, identity) as station:
        await boot(station, "RemoteReset")
        live = (await asyncio.to_thread(system.get, path))["live"]
        assert (live["boot"]["reason"], live["deviations"]) == ("RemoteReset", {})
    actions = {read["id"]: "GetVariables", report["id"]: "GetBaseReport", reset["id"]: "Reset"}
    await recorded(system, identity, actions)
