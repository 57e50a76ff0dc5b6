"""The harness itself, against a CSMS that does what the test wants, right or wrong."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conformance import station as harness
from tests.conformance.scripted_csms import connected
from tests.conformance.station import CallError, Dial
from tests.conformance.station16 import Station16
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, ANY, CaseFailed, holds


async def test_a_16_station_goes_through_its_reusable_states() -> None:
    async with connected(Station16, "ocpp1.6") as (station, csms):
        await station.boot()
        assert await station.charging() == 7
        await station.meter_values()
        await station.stop("EVDisconnected")
        assert [s["status"] for s in csms.said("StatusNotification")] == [
            "Available",
            "Available",
            "Preparing",
            "Charging",
        ]
        (stop,) = csms.said("StopTransaction")
        assert (stop["transactionId"], stop["meterStop"], stop["reason"]) == (7, 2000, "EVDisconnected")


async def test_a_201_station_goes_through_its_reusable_states() -> None:
    async with connected(Station201, "ocpp2.0.1") as (station, csms):
        await station.boot()
        await station.parking_bay_occupied()
        await station.ev_connected_pre_session()
        await station.authorised()
        await station.energy_transfer_started()
        await station.energy_transfer_suspended()
        await station.stop_authorised()
        await station.ev_connected_post_session()
        await station.ev_disconnected(ends=False)
        await station.parking_bay_unoccupied()
        events = csms.said("TransactionEvent")
        assert [(e["eventType"], e["triggerReason"]) for e in events] == [
            ("Started", "EVDetected"),
            ("Updated", "CablePluggedIn"),
            ("Updated", "Authorized"),
            ("Updated", "ChargingStateChanged"),
            ("Updated", "ChargingStateChanged"),
            ("Updated", "StopAuthorized"),
            ("Updated", "ChargingStateChanged"),
            ("Updated", "EVCommunicationLost"),
            ("Ended", "EVDeparted"),
        ]
        assert [e["seqNo"] for e in events] == list(range(9))
        assert [e["evse"] for e in events if "evse" in e] == [{"id": 1, "connectorId": 1}]
        assert len({e["transactionInfo"]["transactionId"] for e in events}) == 1


async def test_a_call_of_the_csms_is_expected_checked_and_answered() -> None:
    async with connected(Station16, "ocpp1.6") as (station, csms):
        await csms.send(2, "a", "Reset", {"type": "Hard"})
        assert await station.expect("Reset", {"status": "Accepted"}, wanted={"type": "Hard"}) == {"type": "Hard"}
        await csms.send(2, "b", "ClearCache", {})
        await station.expect("ClearCache", CallError("InternalError", "worn out"))
        station.answers["TriggerMessage"] = lambda payload: {
            "status": "Accepted" if payload["requestedMessage"] == "Heartbeat" else "Rejected"
        }
        await csms.send(2, "c", "TriggerMessage", {"requestedMessage": "Heartbeat"})
        await station.boot_notification()
        station.nothing_else()
        assert [f for f in csms.frames if f[1] in "abc"] == [
            [3, "a", {"status": "Accepted"}],
            [4, "b", "InternalError", "worn out", {}],
            [3, "c", {"status": "Accepted"}],
        ]


async def test_what_nobody_expects_fails_the_case() -> None:
    async with connected(Station16, "ocpp1.6") as (station, csms):
        await csms.send(2, "a", "ClearCache", {})
        with pytest.raises(CaseFailed, match="waiting for the CSMS's Reset, and ClearCache came"):
            await station.expect("Reset", {"status": "Accepted"})
        await csms.send(2, "b", "ClearCache", {})
        await station.boot_notification()
        with pytest.raises(CaseFailed, match="sent ClearCache without being expected"):
            station.nothing_else()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ([2, "a", "Reset", {"type": "Sot"}], "CALL of Reset.* is not valid: type"),
        ([2, "a", "Reset", {"type": "Hard", "more": 1}], "is not valid"),
        ([2, "a", "RequestStartTransaction", {}], "is no action of ocpp1.6"),
        ([3, "nobody", {}], "what nobody waits for"),
        ({"no": "frame"}, "no OCPP frame"),
    ],
)
async def test_what_no_csms_may_send_fails_whatever_the_case_does_next(frame: Any, words: str) -> None:
    async with connected(Station16, "ocpp1.6") as (station, csms):
        assert csms.socket is not None
        await csms.socket.send(json.dumps(frame))
        with pytest.raises(CaseFailed, match=words):
            await station.expect("Reset", {"status": "Accepted"})
        with pytest.raises(CaseFailed, match=words):
            station.nothing_else()


async def test_an_answer_that_is_not_valid_or_not_wanted_fails() -> None:
    async with connected(Station16, "ocpp1.6") as (station, csms):
        csms.answers["Heartbeat"] = {"currentTime": "yesterday"}
        with pytest.raises(CaseFailed, match=r"the CSMS's answer .*Heartbeat.* is not valid: currentTime"):
            await station.call("Heartbeat")
        csms.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
        with pytest.raises(CaseFailed, match=r"the answer to Authorize: idTagInfo.status is 'Blocked', not 'Accepted'"):
            await station.authorised()
        with pytest.raises(CaseFailed, match=r"the case's own message .*StatusNotification"):
            await station.status("Reserviert")


async def test_waiting_ends_with_the_deadline_or_the_connection() -> None:
    async with connected(Station16, "ocpp1.6") as (station, csms):
        with pytest.raises(CaseFailed, match="waiting for the CSMS's Reset: nothing came within 0 s"):
            await station.receive("Reset", timeout_s=0.05)
        assert csms.socket is not None
        expecting = asyncio.create_task(station.receive("Reset"))
        await csms.socket.close(1012)
        with pytest.raises(CaseFailed, match="the connection is closed with 1012"):
            await expecting
        assert await station.closed_by_csms() == 1012
        with pytest.raises(CaseFailed, match="the connection is closed"):
            await station.call("Heartbeat")
        await station.reconnect()
        await station.boot_notification()


async def test_an_unreachable_csms_is_named(unused_tcp_port: int) -> None:
    station = harness.Station(Dial(f"ws://127.0.0.1:{unused_tcp_port}", "CP", ("ocpp1.6",)))
    with pytest.raises(CaseFailed, match="CP is not let in at"):
        await station.connect()
    assert isinstance(await station.refused(), OSError)


def test_fields_are_compared_by_path() -> None:
    payload = {"a": {"b": [{"c": 1}]}, "n": None}
    holds(payload, {"a.b.0.c": 1, "a.b.1": ABSENT, "n": None, "a": ANY, "a.b": lambda found: len(found) == 1})
    holds(payload, {"a.b.0.c": {1, 2}})
    with pytest.raises(CaseFailed, match=r"Reset.req: a.b.0.c is 1, not one of 2, 3"):
        holds(payload, {"a.b.0.c": {3, 2}}, "Reset.req")
    for wanted in ({"x": ANY}, {"a": ABSENT}, {"a.b.0.c": "1"}, {"a.b": lambda found: not found}):
        with pytest.raises(CaseFailed):
            holds(payload, wanted)
