"""A customer whom a station forgets goes off its local authorization list too, and off nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from engine.charging.effects import Effect, SendCall
from engine.charging.kept.notices import CUSTOMER, ReportPart
from engine.charging.kept.reports import PATIENCE
from engine.charging.kept.view import VIEWS
from engine.charging.messages import CallAnswered
from engine.clock import SECOND
from engine.ocpp.v2.protocol import OCPP_201
from tests.engine.charging.asking import V21, V201, ask
from tests.engine.charging.world import World, of

TOKEN = {"idToken": "04A2B3", "type": "ISO14443"}
ENTRY = {"idToken": TOKEN, "idTokenInfo": {"status": "Accepted"}}


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    return world


def list_of(world: World, *entries: dict[str, Any], version: int = 7) -> None:
    listed = {"localAuthorizationList": list(entries)} if entries else {}
    sent = {"versionNumber": version, "updateType": "Full", **listed}
    ask(world, V201, "SendLocalList", sent, {"status": "Accepted"})


def forget(world: World, version: str = V201, status: str = "Accepted", **asked: Any) -> list[Effect]:
    sent = {"requestId": 5, "report": True, "clear": True, "idToken": TOKEN, **asked}
    return ask(
        world, version, "CustomerInformation", {k: v for k, v in sent.items() if v is not None}, {"status": status}
    )


def lists(effects: list[Effect]) -> list[dict[str, Any]]:
    return [dict(call.payload) for call in of(SendCall, effects) if call.action == "SendLocalList"]


def told(world: World, number: int = 0, *, last: bool = True) -> list[Effect]:
    return world.do(ReportPart(CUSTOMER, 5, number, last, ("What we know of you",)))


@pytest.mark.parametrize("version", [V201, V21])
def test_the_token_is_taken_off_the_list_that_is_there(world: World, version: str) -> None:
    list_of(world, ENTRY)
    (change,) = lists(forget(world, version, report=False))
    assert change == {
        "versionNumber": 8,
        "updateType": "Differential",
        "localAuthorizationList": [{"idToken": TOKEN}],
    }


def test_a_customer_of_whom_the_station_reports_is_taken_off_when_it_has_reported(world: World) -> None:
    list_of(world, ENTRY)
    assert lists(forget(world)) == []
    assert lists(told(world, last=False)) == []
    world.host_dies()
    world.connect()
    assert len(lists(told(world, 1))) == 1
    assert lists(told(world, 1)) == [], "once"


def test_a_report_that_was_there_before_the_answer_is_not_waited_for(world: World) -> None:
    list_of(world, ENTRY)
    told(world)
    assert len(lists(forget(world))) == 1


def test_a_report_that_does_not_come_is_not_waited_for_for_ever(world: World) -> None:
    list_of(world, ENTRY)
    forget(world)
    world.pass_time(PATIENCE / SECOND + 1)
    assert len(lists(world.happened)) == 2, "the list, and its change"


def test_a_list_that_the_station_told_of_counts(world: World) -> None:
    ask(world, V201, "GetLocalListVersion", {}, {"versionNumber": 3})
    world.host_dies()
    world.connect()
    (change,) = lists(forget(world, report=False))
    assert change["versionNumber"] == 4


def test_nothing_is_sent_where_nothing_is_to_be_taken_off(world: World) -> None:
    def forgotten(**asked: Any) -> list[dict[str, Any]]:
        return lists(forget(world, report=False, **asked))

    assert forgotten() == [], "no list is known"
    ask(world, V201, "GetLocalListVersion", {}, {"versionNumber": 0})
    assert forgotten() == [], "the station has no list"
    list_of(world)
    assert forgotten() == [], "the list is empty"
    list_of(world, ENTRY, version=9)
    assert forgotten(clear=False) == [], "nothing is cleared"
    assert forgotten(status="Rejected") == [], "the station did not clear"
    assert forgotten(idToken=None, customerIdentifier="C-1") == [], "no token was named"
    assert len(forgotten()) == 1


def test_the_new_version_is_known_when_the_station_has_taken_it(world: World) -> None:
    list_of(world, ENTRY)
    forget(world, report=False)
    (mine,) = world.state.commands
    assert (mine.action, mine.state) == ("SendLocalList", "sent")
    assert VIEWS["local-list"](world.parts)["version"] == 7
    facts = OCPP_201.learned(mine.action, mine.payload, {"status": "Accepted"})
    world.do(CallAnswered(mine.command, {"status": "Accepted"}, "Accepted", facts))
    assert VIEWS["local-list"](world.parts)["version"] == 8
