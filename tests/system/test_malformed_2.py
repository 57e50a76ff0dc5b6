"""What no 2.x station should send: it gets the specified answer or none, and others notice nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from loadtest.installation import Installation
from tests.system.charge_points import registered, rows
from tests.system.eventually import eventually
from tests.system.odd_frames import Odd, is_answered
from tests.system.raw_station import BOOT, RawStation, stamp

pytestmark = pytest.mark.system

VERSIONS = ("ocpp2.0.1", "ocpp2.1")
BOOT_2 = {"reason": "PowerUp", "chargingStation": {"vendorName": "Raw", "model": "Two"}}
TAG = "ODD-2-TAG"
GONE: Any = object()
MANY = [{"value": number} for number in range(10_000)]


def meter(*samples: Any, at: str = "") -> list[dict[str, Any]]:
    return [{"timestamp": at or stamp(), "sampledValue": list(samples)}]


def told(event: str, number: int, transaction: str = "odd", **more: Any) -> dict[str, Any]:
    """A TransactionEvent's payload; members that are GONE are left out."""
    payload = {
        "eventType": event,
        "timestamp": stamp(),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": number,
        "transactionInfo": {"transactionId": transaction},
        **more,
    }
    return {name: value for name, value in payload.items() if value is not GONE}


def odd(name: str, answer: str, **wrong: Any) -> Odd:
    return Odd(name, json.dumps([2, "odd", "TransactionEvent", told("Updated", 1) | wrong]), answer)


def odd_events() -> list[Odd]:
    missing, kind, bounds = "OccurrenceConstraintViolation", "TypeConstraintViolation", "PropertyConstraintViolation"
    untold = {name: value for name, value in told("Updated", 1).items() if name != "transactionInfo"}
    return [
        Odd("no transactionInfo", json.dumps([2, "odd", "TransactionEvent", untold]), missing),
        odd("no transactionId", missing, transactionInfo={}),
        odd("a seqNo of 2^70", kind, seqNo=2**70),
        odd("a seqNo of 2^63", bounds, seqNo=2**63),
        odd("a seqNo below 0", "", seqNo=-1),
        odd("a seqNo with a fraction of nothing", "", seqNo=2.0),
        odd("ten thousand samples", "", seqNo=3, meterValue=meter(*MANY)),
        odd("one meterValue instead of a list", "", seqNo=4, meterValue=meter({"value": 7})[0]),
        odd("meterValue is text", kind, meterValue="7"),
        odd("EVSE -1", bounds, evse={"id": -1}),
        odd("EVSE 10^9", bounds, evse={"id": 10**9}),
        odd("the year 1970", "", seqNo=5, timestamp="1970-01-01T00:00:00Z"),
        odd("meters of 1970", "", seqNo=6, meterValue=meter({"value": 8}, at="1970-01-01T00:00:00Z")),
        odd("an unknown trigger", "", seqNo=7, triggerReason="Whim"),
        odd("an idToken without type", missing, idToken={"idToken": TAG}),
        odd("a reservation of 2^64 - 1", "", seqNo=8, reservationId=2**64 - 1),
        Odd("an answer refused", '[5,"odd","FormatViolation","",{}]', None),
        Odd("1.6's words", '[2,"odd","StopTransaction",{}]', "NotImplemented"),
    ]


@asynccontextmanager
async def station_of(system: Installation, version: str, prefix: str) -> AsyncIterator[tuple[str, RawStation]]:
    """A booted station of a version."""
    identity = await registered(system, prefix, tokens=[TAG])
    async with await RawStation.connect(system, identity, subprotocols=(version,)) as station:
        await booted(station)
        yield identity, station


async def booted(station: RawStation) -> None:
    boot = BOOT if station.socket.subprotocol == "ocpp1.6" else BOOT_2
    assert (await station.call("BootNotification", boot))[2]["status"] == "Accepted"


async def deviations(system: Installation, identity: str) -> dict[str, int]:
    state: dict[str, Any] = await asyncio.to_thread(system.get, f"/charge-points/{identity}/state")
    return dict(state["deviations"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_odd_events_are_answered_and_a_sane_session_follows(system: Installation, version: str) -> None:
    async with station_of(system, version, "ODD2") as (identity, station):
        assert (await station.call("TransactionEvent", told("Started", 0, evse={"id": 1, "connectorId": 1})))[0] == 3
        events = odd_events()
        for event in events:
            await is_answered(station, event)
        assert (await station.call("TransactionEvent", told("Ended", 9)))[0] == 3
        begin, end = (meter({"value": wh, "context": f"Transaction.{at}"}) for wh, at in ((100, "Begin"), (350, "End")))
        token = {"idToken": TAG, "type": "ISO14443"}
        sane = told("Started", 0, "sane", evse={"id": 2, "connectorId": 1}, idToken=token, meterValue=begin)
        assert (await station.call("TransactionEvent", sane))[2]["idTokenInfo"]["status"] == "Accepted"
        assert (await station.call("TransactionEvent", told("Ended", 1, "sane", meterValue=end)))[0] == 3
        noted = await deviations(system, identity)
    expected = {"item_for_list", "clock_not_set", "unknown_member", "fraction_for_integer", "number_out_of_bounds"}
    assert expected <= noted.keys()
    found = await eventually(
        lambda: (
            (items := system.get("/sessions", params={"charge_point": identity, "state": "stopped"})["items"])
            and len(items) == 2
            and items
        ),
        "both in the ledger",
    )
    sessions = {item["transaction"]: item for item in found}
    assert Decimal(sessions["sane"]["energy_wh"]) == 250
    assert (sessions["sane"]["evse"], sessions["sane"]["id_token"], sessions["sane"]["doubts"]) == (2, TAG, [])
    # Nothing that was acknowledged is lost: MANY, the two odd ones, and those of the sane session.
    await eventually(lambda: rows(system, "meter_values", identity) == len(MANY) + 4, "every acknowledged value stored")


async def test_an_answer_counts_once_and_only_on_its_own_connection(system: Installation) -> None:
    async with (
        station_of(system, "ocpp2.0.1", "ASKED2") as (asked, station),
        station_of(system, "ocpp2.1", "MEDDLER2") as (meddler, other),
    ):
        asking = asyncio.create_task(asyncio.to_thread(system.command, asked, "Reset", {"type": "OnIdle"}))
        _, message_id, action, _ = await station.next_call()
        assert action == "Reset"
        await other.answer(message_id, {"status": "Rejected"})
        await other.send(json.dumps([4, message_id, "GenericError", "", {}]))
        assert (await other.call("Heartbeat", {}))[0] == 3
        assert not asking.done()
        await station.answer(message_id, {"status": "Accepted"})
        ended = await asking
        assert ended["outcome"] == "Accepted"
        await station.answer(message_id, {"status": "Rejected"})
        await station.send(json.dumps([4, message_id, "GenericError", "", {}]))
        # The next one is the station's to answer, not its twice said answer's.
        clearing = asyncio.create_task(asyncio.to_thread(system.command, asked, "ClearCache", {}))
        call = await station.next_call()
        assert call[2] == "ClearCache"
        await station.answer(call[1], {"status": "Rejected"})
        assert (await clearing)["outcome"] == "Rejected"
        # Their numbers are kept at the first, the tenth and so on.
        assert (await deviations(system, asked)).keys() == {"duplicate_answer"}
        assert (await deviations(system, meddler)).keys() == {"unsolicited_answer"}
    kept = await eventually(
        lambda: [c for c in system.get(f"/charge-points/{asked}/commands")["items"] if c["id"] == ended["id"]],
        "recorded",
    )
    assert [command["outcome"] for command in kept] == ["Accepted"]


@dataclass
class Bystander:
    """A station that charges beside all that; `worst_s` is how long it waited for an answer."""

    station: RawStation
    answered: int = 0
    worst_s: float = 0.0

    async def live(self, answers: int) -> None:
        loop = asyncio.get_running_loop()
        while self.answered < answers:
            asked = loop.time()
            event = told("Updated" if self.answered else "Started", self.answered, meterValue=meter({"value": 1}))
            assert (await self.station.call("TransactionEvent", event))[0] == 3
            self.worst_s = max(self.worst_s, loop.time() - asked)
            self.answered += 1
            await asyncio.sleep(0.02)


async def test_a_flood_of_sends_is_never_answered_and_slows_only_its_station(system: Installation) -> None:
    stream = {"id": 1, "pending": 0, "basetime": stamp(), "data": [{"t": 0, "v": "230"}]}
    flood = [
        json.dumps([6, f"s{number}", "NotifyPeriodicEventStream", stream if number % 2 else {"id": "one"}])
        for number in range(800)
    ]
    flood += [json.dumps([6, "s", "MakeCoffee", {}]), '[6,"s"]', '[6,"s","Heartbeat",{"x":', json.dumps([6, 1, 2, 3])]
    async with (
        station_of(system, "ocpp2.1", "FLOOD2") as (identity, station),
        station_of(system, "ocpp2.0.1", "BESIDE2") as (beside, other),
    ):
        bystander = Bystander(other)
        living = asyncio.create_task(bystander.live(50))
        for frame in flood:
            await station.send(frame)
            await asyncio.sleep(0)
        await station.send('[2,"behind","Heartbeat",{}]')
        assert (await station.receive(60))[:2] == [3, "behind"], "a SEND was answered"
        await living
        assert bystander.worst_s < 2.0
        assert (await deviations(system, beside)) == {}
        # Numbers are kept at the first, the tenth and so on.
        assert (await deviations(system, identity))["invalid_send"] >= 100
    await eventually(lambda: rows(system, "ocpp_messages", identity, "type = 6") >= 800, "every SEND in the log")


async def test_quick_reconnects_in_other_versions_are_one_charge_point(system: Installation) -> None:
    identity = await registered(system, "CHAMELEON", tokens=[TAG])
    begin, end = (meter({"value": wh, "context": f"Transaction.{at}"}) for wh, at in ((0, "Begin"), (900, "End")))
    words = {"ocpp1.6": {"type": "Soft"}, "ocpp2.0.1": {"type": "OnIdle"}, "ocpp2.1": {"type": "OnIdle"}}
    older: RawStation | None = None
    for turn, version in enumerate(["ocpp2.0.1", "ocpp1.6", "ocpp2.1", "ocpp1.6", "ocpp2.1", "ocpp2.0.1"]):
        station = await RawStation.connect(system, identity, subprotocols=(version,))
        await booted(station)
        if older is not None:
            assert await older.closed() in (1000, 1012), f"the older socket stays open in turn {turn}"
        older = station
        if turn == 0:
            started = told("Started", 0, evse={"id": 1, "connectorId": 1}, meterValue=begin)
            assert (await station.call("TransactionEvent", started))[0] == 3
        resetting = asyncio.create_task(
            asyncio.to_thread(system.api, "POST", f"/charge-points/{identity}/reset", json={})
        )
        call = await station.next_call()
        assert (call[2], call[3]) == ("Reset", words[version])
        await station.answer(call[1], {"status": "Accepted"})
        assert (await resetting).raise_for_status().json()["outcome"] == "Accepted"
        live: dict[str, Any] = (await asyncio.to_thread(system.get, f"/charge-points/{identity}"))["live"]
        assert (live["subprotocol"], live["link"], live["deviations"]) == (version, "connected", {})
    assert older is not None
    async with older:
        assert (await older.call("TransactionEvent", told("Ended", 1, meterValue=end)))[0] == 3
    (session,) = await eventually(
        lambda: system.get("/sessions", params={"charge_point": identity, "state": "stopped"})["items"], "in the ledger"
    )
    assert (session["evse"], Decimal(session["energy_wh"]), session["doubts"]) == (1, Decimal(900), [])
