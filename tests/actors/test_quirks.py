"""Stations with quirks, and stations that speak another version than they negotiated, through an actor."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from actors.runtime import Runtime
from engine.charging.view import charge_point_view
from engine.clock import SECOND, ManualClock, to_iso
from engine.ocpp.quirks import TRIGGER_PATIENCE_S, Quirk
from engine.stores.live_state import LiveStates
from tests.actors.world import BOOT, STATUS, Place, StationIn, until

BOOT_2 = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}


async def runtime_with(place: Place, tmp_path: Path, *quirks: Quirk, offset: int = 0) -> tuple[Runtime, ManualClock]:
    file = tmp_path / "quirks.toml"
    names = ", ".join(f'"{quirk.value}"' for quirk in quirks)
    minutes = f"offset_minutes = {offset}" if offset else ""
    file.write_text(f'[[profile]]\nname = "test"\nvendor = "V"\nmodel = "M*"\nquirks = [{names}]\n{minutes}\n')
    clock = ManualClock()
    return await place.runtime(clock=clock, quirks=str(file), ping_interval_s=20.0), clock


async def rows(place: Place, channel: str) -> list[Any]:
    """All records of a channel, in order."""
    found = []
    for partition, head in (await place.journal.heads()).items():
        for entry in await place.journal.read(partition, 0, count=head):
            found += json.loads(entry.channels.get(channel, b"[]"))
    return found


async def test_quirks_are_chosen_at_boot_and_shown(place: Place, tmp_path: Path) -> None:
    runtime, _ = await runtime_with(place, tmp_path, Quirk.NO_MILLISECONDS, Quirk.NO_PING)
    station = StationIn(runtime)
    assert (await station.call("Heartbeat", {}))[2]["currentTime"].endswith(".000Z"), "nobody knows its make yet"
    booted = (await station.call("BootNotification", BOOT))[2]
    assert booted == {"currentTime": "2026-01-01T00:00:00Z", "interval": 20, "status": "Accepted"}
    assert (await station.call("Heartbeat", {}))[2] == {"currentTime": "2026-01-01T00:00:00Z"}
    view = await LiveStates(place.journal, runtime.quirks).state("CP-1")
    assert view is not None
    assert view["quirks"] == ["no_milliseconds", "no_ping"]
    other = (await station.call("BootNotification", BOOT | {"chargePointModel": "Other"}))[2]
    assert other["interval"] == 300
    assert other["currentTime"].endswith(".000Z")


async def test_local_time_and_kwh_are_put_right_in_the_records(place: Place, tmp_path: Path) -> None:
    runtime, clock = await runtime_with(
        place, tmp_path, Quirk.LOCAL_TIME, Quirk.KWH_VALUES, Quirk.KWH_REGISTERS, offset=120
    )
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    local = to_iso(clock.now() + 2 * 3600 * SECOND)
    await station.call("StatusNotification", STATUS | {"timestamp": local})
    start = {"connectorId": 1, "idTag": "TAG", "meterStart": 5, "timestamp": local}
    number = (await station.call("StartTransaction", start))[2]["transactionId"]
    value = {"value": "6.5", "unit": "Wh"}
    reading = {"timestamp": local, "sampledValue": [value]}
    await station.call("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [reading]})
    stop = {"transactionId": number, "meterStop": 7, "timestamp": local}
    await station.call("StopTransaction", stop)
    (status,) = await place.events("status")
    assert (status["said"], status["believed"]) == (local, clock.now())
    (stopped,) = await place.events("session.stopped")
    assert (stopped["meter_start_wh"], stopped["meter_stop_wh"], stopped["energy_wh"]) == ("5000", "7000", "2000")
    (meter,) = await rows(place, "m")
    assert (meter[5], meter[6]) == (local, clock.now())
    assert meter[8][0][6:8] == ["6.5", "6500.0"]


async def test_a_reversed_card_is_known(place: Place, tmp_path: Path) -> None:
    runtime, _ = await runtime_with(place, tmp_path, Quirk.TOKEN_PADDED)
    station = StationIn(runtime)
    tidy = StationIn(runtime, "CP-2")
    await station.call("BootNotification", BOOT)
    await tidy.call("BootNotification", BOOT | {"chargePointVendor": "W"})
    for _ in range(2):
        assert (await station.call("Authorize", {"idTag": "TAG0000"}))[2]["idTagInfo"]["status"] == "Accepted"
        assert (await tidy.call("Authorize", {"idTag": "TAG0000"}))[2]["idTagInfo"]["status"] == "Invalid"


async def test_stray_answers_are_not_counted(place: Place, tmp_path: Path) -> None:
    runtime, _ = await runtime_with(place, tmp_path, Quirk.STRAY_ANSWERS)
    station = StationIn(runtime)
    stray = b'[4,"never asked","FormationViolation","",{}]'
    station.actor.frame_received(station.link, stray)
    await station.call("BootNotification", BOOT)
    station.actor.frame_received(station.link, stray)
    await station.call("Heartbeat", {})
    assert station.actor.state.deviations == {"unsolicited_answer": 1}, "counted until its make was known"


async def test_nobody_waits_long_behind_a_trigger_that_is_never_answered(place: Place, tmp_path: Path) -> None:
    runtime, clock = await runtime_with(place, tmp_path, Quirk.NO_TRIGGERS)
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    trigger = {"requestedMessage": "StatusNotification"}
    asking = asyncio.ensure_future(runtime.command("CP-1", "c", "TriggerMessage", trigger, 300, False, "me"))
    await station.next_call()
    assert station.actor.state.commands[0].expires == clock.now() + int(TRIGGER_PATIENCE_S * SECOND)
    clock.advance(TRIGGER_PATIENCE_S)
    station.actor.timer_fired("commands")
    assert (await asking).outcome == "TimedOut"


async def test_a_call_to_a_station_without_milliseconds_has_none(place: Place, tmp_path: Path) -> None:
    runtime, _ = await runtime_with(place, tmp_path, Quirk.NO_MILLISECONDS)
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    update = {"location": "http://x/y", "retrieveDate": "2026-01-01T00:00:00.000Z"}
    asking = asyncio.ensure_future(runtime.command("CP-1", "c", "UpdateFirmware", update, 30, False, "me"))
    call = await station.next_call()
    assert call[3]["retrieveDate"] == "2026-01-01T00:00:00Z"
    station.reply(call[1], {})
    await asking


# --- another version than the negotiated one --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("negotiated", "spoken", "boot", "spelling"),
    [
        ("ocpp1.6", "ocpp2.0.1", BOOT_2, "OccurrenceConstraintViolation"),
        ("ocpp2.0.1", "ocpp1.6", BOOT, "OccurenceConstraintViolation"),
    ],
)
async def test_a_station_is_answered_in_the_version_that_it_speaks(
    place: Place, negotiated: str, spoken: str, boot: dict[str, Any], spelling: str
) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime, subprotocol=negotiated)
    await until(lambda: station.actor.state.subprotocol == negotiated, "connected")
    answer = await station.call("BootNotification", boot)
    assert (answer[0], answer[2]["status"]) == (3, "Accepted")
    state = station.actor.state
    assert state.subprotocol == spoken
    assert state.boot is not None
    assert (state.boot.vendor, state.boot.model) == ("V", "M")
    assert state.deviations == {"other_version": 1}
    if spoken == "ocpp1.6":
        assert (await station.call("StatusNotification", STATUS))[0] == 3
    else:
        status = {"timestamp": "2026-01-01T00:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
        assert (await station.call("StatusNotification", status))[0] == 3
    assert state.deviations == {"other_version": 1}, "noted once: from then on it is simply its version"
    refused = await station.call("Authorize", {})
    assert refused[2] == spelling, "errors are spelt as its version spells them"
    told = [event["subprotocol"] for event in await place.events("link")]
    assert told[-2:] == [negotiated, spoken]
    parts = (await place.journal.snapshots(["CP-1"]))["CP-1"]
    assert charge_point_view("CP-1", parts)["subprotocol"] == spoken


async def test_commands_are_said_in_the_version_that_the_station_speaks(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT_2)
    asking = asyncio.ensure_future(runtime.command("CP-1", "c", "Reset", {"type": "OnIdle"}, 30, False, "me"))
    call = await station.next_call()
    assert call[2:] == ["Reset", {"type": "OnIdle"}]
    station.reply(call[1], {"status": "Accepted"})
    assert (await asking).outcome == "Accepted"


async def test_an_odd_message_of_the_negotiated_version_does_not_change_it(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT | {"chargingStation": "what"})
    await station.call("BootNotification", BOOT | BOOT_2)
    await station.call("StatusNotification", STATUS | {"evseId": 1})
    assert (await station.call("TransactionEvent", {"eventType": "nonsense"}))[0] == 4
    assert (await station.call("NotifyReport", {}))[0] == 4
    assert station.actor.state.subprotocol == "ocpp1.6"
    assert "other_version" not in station.actor.state.deviations
