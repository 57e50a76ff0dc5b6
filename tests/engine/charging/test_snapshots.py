"""Snapshots hold all that a machine remembers, stay small where they are written often, and are versioned."""

from __future__ import annotations

import orjson
import pytest

from engine.charging import snapshots
from engine.charging.messages import Booted, Heartbeat
from engine.charging.view import charge_point_view
from tests.engine.charging.world import World, reply


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    world.do(Booted("V", "M", firmware="1"))
    world.do(world.status("Available", evse=0))
    world.do(world.status("Charging"))
    return world


def test_a_meter_value_writes_only_its_sessions_part_and_that_is_small(world: World) -> None:
    number = reply(world.do(world.start(123_456_789, "T" * 20))).transaction
    world.pass_time(10)
    world.parts.clear()
    world.do(world.meters(number, (0, 123_456_999)))
    assert list(world.parts) == ["s:session-101"]
    assert len(world.parts["s:session-101"]) <= 350


def test_a_heartbeat_writes_nothing(world: World) -> None:
    world.parts.clear()
    world.do(Heartbeat())
    assert world.parts == {}


def test_what_is_restored_equals_what_was_written(world: World) -> None:
    number = reply(world.do(world.start(1000))).transaction
    world.pass_time(10)
    world.do(world.meters(number, (0, 1200)))
    world.do(world.meters("", (0, 7)))
    world.do(world.command("a", "GetConfiguration", payload={}))
    world.do(world.stop("-1", 5))
    assert snapshots.restore_charge_point("CP-1", world.parts) == world.state
    assert snapshots.restore_sessions("CP-1", world.parts) == world.sessions


def test_no_parts_give_a_station_that_nobody_has_seen() -> None:
    assert snapshots.restore_charge_point("CP-1", {}).link == "unknown"


def test_an_older_version_is_lifted_and_a_newer_one_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    core = orjson.loads(world.parts["core"])
    older = {**core, "v": 0, "mood": core["link"]}
    del older["link"]
    lift = {("core", 0): lambda part: {**part, "link": part["mood"]}}
    monkeypatch.setattr(snapshots, "UPCASTERS", lift)
    assert snapshots.restore_charge_point("CP-1", {"core": orjson.dumps(older)}).link == "connected"
    with pytest.raises(ValueError, match="version 99"):
        snapshots.restore_charge_point("CP-1", {"core": orjson.dumps({**core, "v": 99})})


def test_the_view_shows_the_station_with_its_running_session(world: World) -> None:
    number = reply(world.do(world.start(1000))).transaction
    world.pass_time(10)
    world.do(world.meters(number, (0, 1250)))
    view = charge_point_view("CP-1", world.parts)
    assert (view["link"], view["registration"], view["boot"]["firmware"]) == ("connected", "accepted", "1")
    station, connector = view["connectors"]
    assert (station["evse"], station["session"]) == (0, None)
    assert (connector["status"], connector["power_w"]) == ("Charging", "7400")
    assert (connector["session"]["energy_wh"], connector["session"]["state"]) == ("250", "metered")
    assert view["last_seen"] == world.now
    ahead = World()
    ahead.do(ahead.start(1000, at=ahead.at(ago=-20)))
    ahead.do(ahead.status("Charging"))
    assert charge_point_view("CP-1", ahead.parts)["clock_drift_s"] == 20
    assert orjson.loads(orjson.dumps(view)) == view


def test_the_view_of_a_stopped_session_is_gone_from_its_connector(world: World) -> None:
    number = reply(world.do(world.start(1000))).transaction
    world.do(world.stop(number, 2000))
    assert all(connector["session"] is None for connector in charge_point_view("CP-1", world.parts)["connectors"])
