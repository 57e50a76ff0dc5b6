"""Enquiries go to a provider while the actor goes on; the answer comes in its turn, or not if the socket is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from actors.enquiries import AT_ONCE, Enquiries
from engine.enquiries.port import Unanswered
from tests.actors.world import Place, StationIn, turns, until

ASKED = {"iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": "Install", "exiRequest": "UmVx"}
EV = "Get15118EVCertificate"
HEARD = {"generatedAt": "2026-01-01T00:00:00Z", "seqNo": 0, "requestId": 1, "data": "x"}


class Waiting:
    """A provider that answers when it is told to."""

    def __init__(self, trouble: Exception | None = None, exi: str = "QW5zd2Vy") -> None:
        self.gate = asyncio.Event()
        self.trouble, self.exi = trouble, exi
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def answer(self, charge_point: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((charge_point, content))
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        return {"status": "Accepted", "exiResponse": self.exi}

    async def aclose(self) -> None:
        """There is nothing to close."""


async def station_with(place: Place, provider: Waiting | None, **settings: Any) -> StationIn:
    runtime = await place.runtime()
    runtime.enquiries = Enquiries({} if provider is None else {EV: provider}, **settings)
    station = StationIn(runtime, subprotocol="ocpp2.0.1")
    await station.call("BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}})
    return station


async def test_the_answer_comes_from_the_provider_and_later_ones_wait_for_it(place: Place) -> None:
    provider = Waiting()
    station = await station_with(place, provider)
    asked = station.say(EV, ASKED)
    later = station.say("NotifyCustomerInformation", HEARD)
    beat = station.say("Heartbeat", {})
    await until(lambda: station.answer_to(beat), "Heartbeat answered at once")
    await turns()
    assert (station.answer_to(asked), station.answer_to(later)) == (None, None)
    provider.gate.set()
    await until(lambda: station.answer_to(later), "both answered")
    answers = [frame[1] for frame in station.link.sent]
    assert answers.index(asked) < answers.index(later)
    assert station.answer_to(asked) == [3, asked, {"status": "Accepted", "exiResponse": "QW5zd2Vy"}]
    assert provider.asked == [("CP-1", ASKED)]
    (event,) = await place.events("notice")
    assert (event["action"], event["answer"]) == (EV, {"status": "Accepted", "provided": True})


async def test_without_a_provider_the_answer_is_no(place: Place) -> None:
    station = await station_with(place, None)
    answer = await station.call(EV, ASKED)
    assert (answer[2]["status"], answer[2]["exiResponse"]) == ("Failed", "")


@pytest.mark.parametrize("trouble", [Unanswered("unknown"), RuntimeError("a fault of the provider")])
async def test_a_provider_that_fails_is_a_no_and_harms_nobody(place: Place, trouble: Exception) -> None:
    provider = Waiting(trouble)
    provider.gate.set()
    station = await station_with(place, provider)
    assert (await station.call(EV, ASKED))[2]["status"] == "Failed"
    assert (await station.call("Heartbeat", {}))[0] == 3
    assert station.actor.phase == "live"


async def test_an_answer_that_the_stations_version_does_not_have_is_a_no(place: Place) -> None:
    provider = Waiting(exi="x" * 7501)
    provider.gate.set()
    station = await station_with(place, provider)
    assert (await station.call(EV, ASKED))[2]["status"] == "Failed"


async def test_a_provider_that_does_not_answer_is_given_up(place: Place) -> None:
    station = await station_with(place, Waiting(), patience_s=0.05)
    assert (await station.call(EV, ASKED))[2]["status"] == "Failed"


async def test_a_connection_that_is_gone_drops_the_answer(place: Place) -> None:
    provider = Waiting()
    station = await station_with(place, provider)
    asked = station.say(EV, ASKED)
    await until(lambda: provider.asked, "the provider asked")
    again = StationIn(place.runtimes["host-0"])
    provider.gate.set()
    await until(lambda: station.link.closed, "the old socket closed")
    await turns()
    assert (station.answer_to(asked), again.answer_to(asked)) == (None, None)
    assert await place.events("notice") == []


async def test_many_at_once_are_told_no_beyond_a_few(place: Place) -> None:
    provider = Waiting()
    station = await station_with(place, provider)
    asked = [station.say(EV, ASKED) for _ in range(AT_ONCE + 1)]
    await until(lambda: len(provider.asked) == AT_ONCE, "as many asked as may be")
    provider.gate.set()
    await until(lambda: station.answer_to(asked[-1]), "all answered")
    statuses = [(station.answer_to(message) or [0, 0, {}])[2]["status"] for message in asked]
    assert statuses == ["Accepted"] * AT_ONCE + ["Failed"]
