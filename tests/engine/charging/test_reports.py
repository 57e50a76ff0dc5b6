"""Reports in parts: any order, repeats, gaps, a host that dies in the middle; what a whole one teaches."""

from __future__ import annotations

from random import Random
from string import printable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.charging.kept import parts as kept
from engine.charging.kept import reports
from engine.charging.kept.notice_events import ReportAssembled
from engine.charging.kept.notices import CONFIGURATION, CUSTOMER, MONITORING, PROFILES, ReportPart
from engine.charging.kept.view import configuration_view, monitors_view, reports_view
from engine.charging.messages import Acknowledged
from engine.clock import SECOND
from tests.engine.charging.asking import V201, ask
from tests.engine.charging.world import World, reply


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    return world


def variable(name: str, value: str | None = "1", **attributes: Any) -> dict[str, Any]:
    place = {"component": "Ctrlr", "component_instance": "", "evse": None, "connector": None, "instance": ""}
    attribute = {"value": value, "mutability": "ReadWrite"} | attributes
    return {**place, "variable": name, "attributes": [attribute], "characteristics": {"dataType": "string"}}


def part(number: int | str, *names: str, last: bool = False, request: int = 7) -> ReportPart:
    return ReportPart(CONFIGURATION, request, number, last, tuple(variable(name) for name in names))


PARTS = [part(0, "A", "B"), part(1, "C"), part(2, "D"), part(3, "E", last=True)]


def shown(world: World, request: int = 7) -> dict[str, Any]:
    (report,) = reports_view(world.parts, request)
    return report


@given(
    order=st.permutations([0, 1, 2, 3]),
    repeats=st.lists(st.sampled_from([0, 1, 2, 3]), max_size=5),
    deaths=st.sets(st.integers(0, 8)),
)
@settings(max_examples=60, deadline=None)
def test_parts_make_the_same_report_in_any_order_repeated_and_over_dying_hosts(
    order: list[int], repeats: list[int], deaths: set[int]
) -> None:
    world = World()
    told = order[:2] + repeats + order[2:] + repeats
    for step, number in enumerate(told):
        assert reply(world.do(PARTS[number])) == Acknowledged()
        if step in deaths:
            world.host_dies()
    report = shown(world)
    assert (report["complete"], report["parts"], report["rows"]) == (True, 4, 5)
    assert [item["variable"] for item in report["items"]] == ["A", "B", "C", "D", "E"]
    assert sorted(setting["key"] for setting in configuration_view(world.parts)) == ["A", "B", "C", "D", "E"]
    assert [(event.complete, event.rows) for event in world.told(ReportAssembled)] == [(True, 5)]
    assert [name for name in world.parts if name.startswith("p:")] == []


def test_a_report_with_a_gap_is_not_whole_and_teaches_nothing_before_it_is_given_up(world: World) -> None:
    for each in (PARTS[0], PARTS[2], PARTS[3]):
        world.do(each)
    assert (shown(world)["state"], shown(world)["parts"]) == ("open", 3)
    assert [item["variable"] for item in shown(world)["items"]] == ["A", "B", "D", "E"]
    assert configuration_view(world.parts) == []
    world.pass_time(reports.PATIENCE / SECOND - 1)
    assert shown(world)["state"] == "open"
    world.pass_time(2)
    assert (shown(world)["state"], shown(world)["complete"]) == ("incomplete", False)
    assert len(configuration_view(world.parts)) == 4
    assert [event.complete for event in world.told(ReportAssembled)] == [False]


def test_the_time_to_give_up_counts_from_the_last_part_also_after_a_restart(world: World) -> None:
    world.do(PARTS[0])
    world.pass_time(500)
    world.do(PARTS[1])
    world.host_dies()
    world.pass_time(500)
    assert shown(world)["state"] == "open"
    world.pass_time(200)
    assert shown(world)["state"] == "incomplete"


def test_a_report_that_was_asked_for_names_its_command_and_a_new_one_replaces_the_old(world: World) -> None:
    sent = {"requestId": 7, "reportBase": "FullInventory"}
    ask(world, V201, "GetBaseReport", sent, {"status": "Accepted"})
    assert (shown(world)["state"], shown(world)["items"]) == ("promised", [])
    first = shown(world)["command"]
    for each in PARTS:
        world.do(each)
    assert shown(world)["complete"]
    ask(world, V201, "GetBaseReport", sent, {"status": "Accepted"})
    assert shown(world)["state"] == "promised"
    assert shown(world)["command"] not in ("", first)
    world.do(part(0, "F", last=True))
    assert [item["variable"] for item in shown(world)["items"]] == ["F"]


def test_parts_that_come_before_the_answer_are_the_reports_beginning(world: World) -> None:
    world.do(PARTS[0])
    ask(world, V201, "GetBaseReport", {"requestId": 7, "reportBase": "FullInventory"}, {"status": "Accepted"})
    for each in PARTS[1:]:
        world.do(each)
    assert (shown(world)["complete"], shown(world)["rows"]) == (True, 5)
    assert shown(world)["command"] != ""


def test_an_empty_result_is_a_whole_report_of_nothing(world: World) -> None:
    answer = {"status": "EmptyResultSet"}
    ask(world, V201, "GetReport", {"requestId": 3}, answer)
    assert (shown(world, 3)["complete"], shown(world, 3)["items"]) == (True, [])


def test_parts_without_numbers_are_told_apart_by_what_they_say(world: World) -> None:
    profile = {"id": 1, "evse": 1, "purpose": "TxDefaultProfile", "stack_level": 0, "transaction": None}
    one = ReportPart(PROFILES, 4, "aa", False, ({**profile, "source": "CSO"},))
    two = ReportPart(PROFILES, 4, "bb", True, ({**profile, "id": 2, "stack_level": 1, "source": "EMS"},))
    for each in (one, one, two, two):
        world.do(each)
    assert [row["id"] for row in shown(world, 4)["items"]] == [1, 2]
    assert shown(world, 4)["complete"]


def test_a_monitoring_report_makes_monitors_known(world: World) -> None:
    place = {"component": "C", "component_instance": "", "evse": 1, "connector": None, "variable": "V", "instance": ""}
    rows = ({**place, "id": 5, "type": "UpperThreshold", "value": 3, "severity": 4},)
    world.do(ReportPart(MONITORING, 9, 0, True, rows))
    (monitor,) = monitors_view(world.parts)["monitors"]
    assert (monitor["id"], monitor["evse"], monitor["read_at"]) == (5, 1, world.now)


def test_only_the_newest_reports_are_kept_and_open_ones_are_given_up_last(world: World) -> None:
    world.do(part(0, "Open", request=1))
    for request in range(2, reports.MAX_REPORTS + 3):
        world.do(part(0, f"V{request}", last=True, request=request))
    kept_requests = {row["request"] for row in reports_view(world.parts)}
    assert kept_requests == {1, *range(4, reports.MAX_REPORTS + 3)}
    assert len([name for name in world.parts if name.startswith("r:")]) == reports.MAX_REPORTS - 1


def test_a_report_without_end_is_bounded_and_says_so(world: World) -> None:
    world.do(part(reports.MAX_PARTS, "Beyond"))
    assert reports_view(world.parts) == []
    dice = Random(1)
    incompressible = ["".join(dice.choices(printable[:90], k=25_000)) for _ in range(40)]
    for number, text in enumerate(incompressible):
        world.do(ReportPart(CUSTOMER, 8, number, number == len(incompressible) - 1, (text,)))
    assert shown(world, 8)["truncated"]
    assert shown(world, 8)["complete"]
    assert len(world.parts["r:customer_information:8"]) <= reports.MAX_BYTES


def test_no_report_falls_out_of_the_list_and_leaves_its_parts_behind(world: World) -> None:
    """Digests are random, so they do not pack: the list of the longest reports is longer than any other part."""
    random, requests = Random(1), range(reports.MAX_REPORTS)
    for request in requests:
        world.do(part("first", "A", request=request))
    content = kept.load(world.state, kept.REPORTS)
    for row in content["reports"]:
        row["digests"] += [random.randbytes(8).hex() for _ in range(reports.MAX_PARTS - 2)]
    kept.store(world.state, kept.REPORTS, content, 1 << 30)
    world.do(part("last", "B", request=0))
    assert {row["request"] for row in kept.load(world.state, kept.REPORTS)["reports"]} == set(requests)
    assert len(world.parts[kept.REPORTS]) > kept.MAX_BYTES


def test_secrets_in_a_report_are_hidden_before_they_are_kept(world: World) -> None:
    rows = (variable("BasicAuthPassword", "geheim"), variable("Key", "geheim", mutability="WriteOnly"))
    world.do(ReportPart(CONFIGURATION, 7, 0, False, rows))
    assert "geheim" not in world.written()
    world.do(ReportPart(CONFIGURATION, 7, 1, True, ()))
    assert "geheim" not in world.written()
    assert {setting["value"] for setting in configuration_view(world.parts)} == {"***"}
