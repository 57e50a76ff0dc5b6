"""The simulated charge point against a scripted CSMS, without sockets and with time turned by hand."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.audit import audit_lines
from loadtest.station import Quirk, Traits, quirks
from tests.loadtest.scripted_csms import DURABLE, World, said_at


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(audit=tmp_path / "audit.jsonl")


def test_a_whole_session_is_told_in_order(world: World) -> None:
    world.run(1)
    world.charge(610)
    world.leave()
    told = [action for action in world.csms.actions() if action != "Heartbeat"]
    assert told[:6] == [
        "BootNotification", "StatusNotification", "StatusNotification",
        "StatusNotification", "Authorize", "StartTransaction",
    ]  # fmt: skip
    assert told[6:17] == ["StatusNotification"] + ["MeterValues"] * 10
    assert told[17:] == ["StopTransaction", "StatusNotification", "StatusNotification"]
    statuses = [p["status"] for p in world.csms.payloads("StatusNotification") if p["connectorId"] == 1]
    assert statuses == ["Available", "Preparing", "Charging", "Finishing", "Available"]
    stop = world.csms.payloads("StopTransaction")[0]
    start = world.csms.payloads("StartTransaction")[0]
    assert stop["reason"] == "EVDisconnected"
    assert stop["transactionId"] == 7
    assert stop["meterStop"] > start["meterStart"]


def test_meter_values_grow_and_are_told_apart(world: World) -> None:
    world.charge(3600)
    meters = world.csms.payloads("MeterValues")
    stamps = [said_at("MeterValues", payload) for payload in meters]
    registers = [float(payload["meterValue"][0]["sampledValue"][0]["value"]) for payload in meters]
    assert len(set(stamps)) == len(stamps) == 60
    assert stamps == sorted(stamps)
    assert registers == sorted(registers)
    assert {len(payload["meterValue"][0]["sampledValue"]) for payload in meters} == {4}


def test_a_full_battery_suspends_the_session(world: World) -> None:
    world.charge(48 * 3600)
    assert "SuspendedEV" in [p["status"] for p in world.csms.payloads("StatusNotification")]
    last = world.csms.payloads("MeterValues")[-1]["meterValue"][0]["sampledValue"]
    assert last[1]["value"] == "0"


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_boots_again_at_the_given_interval_until_accepted(world: World, status: str) -> None:
    world.cut()
    world.csms.received.clear()
    world.csms.boot = {"status": status, "interval": 7}
    world.run(20)
    assert set(world.csms.actions()) == {"BootNotification"}
    before = len(world.csms.received)
    world.run(21)
    assert len(world.csms.received) - before == 3
    world.csms.boot = {"status": "Accepted", "interval": 60}
    world.run(8)
    assert "StatusNotification" in world.csms.actions()
    world.run(180)
    assert world.csms.actions().count("Heartbeat") == 3


def test_an_outage_changes_neither_order_nor_timestamps(world: World) -> None:
    world.charge(120)
    world.reachable = False
    world.cut()
    world.run(1800)
    offline = [call.said for call in world.station.outbox.durable]
    assert len(offline) == 30
    world.station.stop(1, world.now, "Local")
    world.heal()
    arrived = world.csms.durable_in_order_of_arrival()
    stamps = [stamp for _, stamp in arrived]
    assert stamps == sorted(stamps)
    assert set(offline) <= set(stamps)


def test_a_transaction_begun_offline_gets_its_number_when_the_start_is_answered(world: World) -> None:
    world.run(1)
    world.reachable = False
    world.cut()
    world.charge(300)
    world.leave()
    world.heal()
    start = world.csms.payloads("StartTransaction")
    assert len(start) == 1
    assert {p["transactionId"] for p in world.csms.payloads("MeterValues")} == {7}
    assert world.csms.payloads("StopTransaction")[0]["transactionId"] == 7


@pytest.mark.parametrize("same_id", [True, False])
def test_an_unanswered_start_is_repeated_in_the_same_words(tmp_path: Path, same_id: bool) -> None:
    wanted = quirks(["same_id_on_retry"] if same_id else [])
    world = World(replace(Traits(), quirks=wanted), audit=tmp_path / "audit.jsonl")
    world.run(1)
    world.station.plug_in(1, world.now)
    world.act()
    world.loses_answers = True
    world.station.begin(1, "TAG", world.now)
    world.act()
    world.run(100)
    world.loses_answers = False
    world.heal()
    starts = [
        (message_id, payload) for message_id, action, payload in world.csms.received if action == "StartTransaction"
    ]
    assert len(starts) > 1
    assert len({str(payload) for _, payload in starts}) == 1
    assert (len({message_id for message_id, _ in starts}) == 1) is same_id
    assert [line.transaction for line in world.book().must("StartTransaction")] == [7]


def test_a_call_error_is_retried_a_set_number_of_times_and_then_given_up(world: World) -> None:
    world.run(1)
    world.csms.errors["StartTransaction"] = 99
    world.charge(600)
    assert world.csms.actions().count("StartTransaction") == 3
    events = [line.event for line in audit_lines_of(world) if line.kind == "StartTransaction"]
    assert events == ["said", "dropped"]
    assert {p["transactionId"] for p in world.csms.payloads("MeterValues")} == {-1}


def audit_lines_of(world: World) -> list:
    world.book()
    assert world.audit_path is not None
    return list(audit_lines(world.audit_path))


def test_what_got_lost_is_not_overtaken(world: World) -> None:
    world.charge(90)
    world.loses_requests = True
    world.run(85)
    world.loses_requests = False
    world.csms.errors["MeterValues"] = 1
    world.run(400)
    stamps = [said_at("MeterValues", payload) for payload in world.csms.payloads("MeterValues")]
    assert stamps == sorted(stamps)
    assert len(stamps) == len(set(stamps)) + 1, "the refused one, and only that, came twice"


def test_a_repeat_is_no_second_acknowledgement(tmp_path: Path) -> None:
    world = World(Traits(quirks=quirks(["duplicates", "stop_twice"])), audit=tmp_path / "audit.jsonl")
    world.charge(1200)
    world.leave()
    assert not world.book().twice
    assert len(world.book().must("StopTransaction")) == 1
    repeats = [line.kind for line in audit_lines_of(world) if line.event == "repeat"]
    assert {"MeterValues", "StopTransaction"} <= set(repeats)


def test_a_refused_card_ends_the_session(world: World) -> None:
    world.run(1)
    world.station.plug_in(1, world.now)
    world.csms.id_tag_status = "Blocked"
    world.station.begin(1, "STOLEN", world.now)
    world.act()
    world.run(5)
    assert world.csms.payloads("StopTransaction")[0]["reason"] == "DeAuthorized"


def test_reconnects_ever_more_slowly_and_not_in_step() -> None:
    world = World(Traits(reconnect_min_s=1, reconnect_max_s=60))
    world.run(1)
    world.reachable = False
    world.cut()
    gaps = []
    for _ in range(10):
        gaps.append((world.station.due - world.now) / 1e6)
        world.run(gaps[-1] + 0.001)
    assert all(0.5 * min(60, 2**n) - 0.01 <= gap <= min(60, 2**n) for n, gap in enumerate(gaps))
    dues = set()
    for seed in range(20):
        other = World(seed=seed)
        other.run(1)
        other.cut()
        dues.add(other.station.due)
    assert len(dues) == 20


def test_a_dead_line_is_given_up_after_silence(world: World) -> None:
    world.run(1)
    world.loses_requests = True
    world.charge(600)
    assert world.hangups
    world.heal()
    assert world.csms.payloads("StartTransaction")


def test_quirks_show_on_the_line() -> None:
    def session(*names: str) -> World:
        world = World(Traits(quirks=quirks(names)), seed=3)
        world.charge(1200)
        world.leave()
        return world

    assert session("stop_twice").csms.actions().count("StopTransaction") == 2
    after_stop = session("meters_after_stop").csms
    assert "MeterValues" in after_stop.actions()[after_stop.actions().index("StopTransaction") :]
    assert "idTag" not in session("stop_without_tag").csms.payloads("StopTransaction")[0]
    assert not session("no_zone").csms.payloads("StartTransaction")[0]["timestamp"].endswith("Z")
    assert isinstance(session("meter_object").csms.payloads("MeterValues")[0]["meterValue"], dict)
    stamps = [said_at("MeterValues", p) for p in session("out_of_order_meters").csms.payloads("MeterValues")]
    assert stamps != sorted(stamps)
    assert len(set(stamps)) == len(stamps)
    repeated = session("duplicates").csms
    assert len(repeated.received) > len(session().csms.received)
    two = session("two_answers")
    two.call("ClearCache", {})
    assert [frame[0] for frame in two.answers] == [3, 4]
    kwh = session("kwh_as_wh").csms
    register = float(kwh.payloads("MeterValues")[0]["meterValue"][0]["sampledValue"][0]["value"])
    assert register * 1000 == pytest.approx(kwh.payloads("StartTransaction")[0]["meterStart"], abs=5000)
    with pytest.raises(ValueError, match="no quirk 'nonsense'"):
        quirks(["nonsense"])


BREAKING = ["cut", "unreachable", "reachable", "lose answers", "lose requests", "keep all", "error"]
LIVING = ["arrive", "arrive", "leave", "suspend", "resume", "fault", "clear", "reset"]
STEPS = st.lists(st.tuples(st.sampled_from(BREAKING + LIVING), st.floats(0, 200)), min_size=3, max_size=30)


def play(world: World, step: str) -> None:
    station, now = world.station, world.now
    if step == "cut":
        world.cut()
    elif step in ("unreachable", "reachable"):
        world.reachable = step == "reachable"
    elif step.startswith("lose"):
        world.loses_answers, world.loses_requests = step == "lose answers", step == "lose requests"
    elif step == "keep all":
        world.loses_answers = world.loses_requests = False
    elif step == "error":
        world.csms.errors |= {"MeterValues": 2, "StopTransaction": 1, "TransactionEvent": 2}
    elif step == "arrive":
        station.plug_in(1, now)
        station.present(1, "TAG", now)
    elif step == "leave":
        station.unplug(1, now)
    elif step == "suspend":
        station.suspend(1, now, by_car=True)
    elif step == "resume":
        station.resume(1, now)
    elif step == "fault":
        station.fault(1, "GroundFailure", now)
    elif step == "clear":
        station.clear_fault(1, now)
    elif world.line:
        world.call("Reset", {"type": "Soft" if station.traits.version == "ocpp1.6" else "Immediate"})
    world.act()


@settings(max_examples=80, deadline=None)
@given(STEPS, st.sampled_from([(), ("same_id_on_retry",), ("no_boot_after_reconnect",), ("duplicates", "stop_twice")]))
def test_whatever_breaks_all_is_told_once_in_order_with_its_first_time(
    steps: list[tuple[str, float]], names: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Traits(quirks=quirks(names)), audit=Path(folder) / "audit.jsonl")
        # Errors may come in any number here; after three of them a station gives a message up.
        world.station.configuration.assign("TransactionMessageAttempts", "99")
        world.charge(65)
        for step, seconds in steps:
            play(world, step)
            world.run(seconds)
        world.heal()
        book = world.book()
        assert world.log is not None
        world.log.close()
    arrived = world.csms.durable_in_order_of_arrival()
    assert [stamp for _, stamp in arrived] == sorted(stamp for _, stamp in arrived)
    assert not book.twice
    assert book.acknowledged.keys() <= book.said.keys()
    dropped = book.said.keys() - book.acknowledged.keys()
    assert not dropped, "every message gets through once all works again"
    told = {(line.kind, line.timestamp) for line in book.acknowledged.values()}
    repeats = {(a, stamp) for a, stamp in arrived} - told
    assert all(action == "StopTransaction" and "stop_twice" in names for action, _ in repeats)
    words: dict[tuple[str, str], set[str]] = {}
    for _, action, payload in world.csms.received:
        if action in DURABLE:
            words.setdefault((action, said_at(action, payload)), set()).add(str(payload))
    assert all(len(versions) == 1 for versions in words.values()), "a repeat has the words of the first time"


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_the_same_seed_gives_the_same_frames(seed: int) -> None:
    def frames() -> list[object]:
        world = World(seed=seed)
        world.charge(300)
        world.leave()
        return list(world.csms.received)

    assert frames() == frames()


def test_a_station_that_never_repeats_a_status_loses_it() -> None:
    world = World(Traits(resend_status=False))
    world.run(1)
    world.loses_requests = True
    world.station.plug_in(1, world.now)
    world.act()
    world.cut()
    world.heal()
    statuses = [p["status"] for p in world.csms.payloads("StatusNotification") if p["connectorId"] == 1]
    assert statuses[0] == "Available"
    assert said_before_the_cut(world) == ["Available"]


def said_before_the_cut(world: World) -> list[str]:
    boots = [n for n, action in enumerate(world.csms.actions()) if action == "BootNotification"]
    return [
        p["status"] for _, a, p in world.csms.received[: boots[1]] if a == "StatusNotification" and p["connectorId"]
    ]


def test_meter_values_may_come_several_times_a_second_until_the_csms_configures_them() -> None:
    world = World(Traits(meter_interval_s=0.25))
    world.charge(10)
    assert len(world.csms.payloads("MeterValues")) == 40
    world.call("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "5"})
    world.run(20.25)
    assert len(world.csms.payloads("MeterValues")) == 45


def test_quirk_names_are_what_the_command_line_takes() -> None:
    assert quirks(q.value for q in Quirk) == frozenset(Quirk)
