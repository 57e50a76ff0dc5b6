"""A station that waits for an operator's word, in a host: refused where its version wants it, else noted."""

from __future__ import annotations

import asyncio

import pytest

from engine.charging.operations import Trigger
from engine.stores.admissions import AdmissionBook, MemoryAdmissions
from tests.actors.world import BOOT, STATUS, Place, StationIn

BOOT_2X = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}
STATUS_2X = {"timestamp": "2026-01-01T00:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1}


async def waiting(place: Place, admission: str, subprotocol: str = "ocpp2.0.1") -> tuple[MemoryAdmissions, StationIn]:
    """A station whose boot was answered so, and the registry's word on it."""
    said = MemoryAdmissions({"CP-1": admission})
    runtime = await place.runtime()
    runtime.admissions = AdmissionBook(said)
    await runtime.admissions.read()
    station = StationIn(runtime, subprotocol=subprotocol)
    answer = await station.call("BootNotification", BOOT if subprotocol == "ocpp1.6" else BOOT_2X)
    assert answer[2]["status"] == admission.capitalize()
    return said, station


async def test_in_1_6_what_comes_out_of_turn_is_heard_and_noted(place: Place) -> None:
    _, station = await waiting(place, "pending", "ocpp1.6")
    assert (await station.call("StatusNotification", STATUS))[0] == 3
    assert station.actor.state.deviations["call_before_acceptance"] == 1


@pytest.mark.parametrize("admission", ["pending", "rejected"])
async def test_in_2x_it_is_refused_until_the_boot_is_accepted(place: Place, admission: str) -> None:
    said, station = await waiting(place, admission)
    answer = await station.call("StatusNotification", STATUS_2X)
    assert answer[:3] == [4, answer[1], "SecurityError"]
    assert station.actor.state.connectors == {}
    said.clear()
    await station.actor.runtime.admissions.read()
    assert (await station.call("BootNotification", BOOT_2X))[2]["status"] == "Accepted"
    assert (await station.call("StatusNotification", STATUS_2X))[0] == 3


async def test_what_we_asked_for_is_welcome(place: Place) -> None:
    _, station = await waiting(place, "pending")
    runtime = station.actor.runtime
    asked = asyncio.create_task(runtime.operate("CP-1", "c1", Trigger("status"), 5.0, False, "me"))
    _, message_id, action, _ = await station.next_call()
    assert action == "TriggerMessage"
    station.reply(message_id, {"status": "Accepted"})
    assert (await asked).outcome == "Accepted"
    assert (await station.call("StatusNotification", STATUS_2X))[0] == 3
    assert (await station.call("Heartbeat", {}))[2] == "SecurityError"


async def test_our_own_trouble_refuses_nobody(place: Place) -> None:
    station = StationIn(await place.runtime(), subprotocol="ocpp2.0.1")
    await station.call("BootNotification", BOOT_2X)
    station.actor.state.registration = "pending"
    assert (await station.call("StatusNotification", STATUS_2X))[0] == 3
