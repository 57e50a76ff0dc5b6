"""Boot, link, connectors and deviations: what operations see of a station."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.charging.effects import Reply
from engine.charging.events import BootReported, DeviationSeen, LinkChanged, SessionChanged, StatusChanged
from engine.charging.messages import (
    Acknowledged,
    AuthorizeAnswer,
    AuthorizeAsked,
    BootAnswer,
    Booted,
    DataTransferred,
    Deviated,
    Disconnected,
    Heartbeat,
    HeartbeatAnswer,
    TimerFired,
    TokenStanding,
)
from engine.errors import IllegalTransition
from tests.engine.charging.world import World, appended, of, reply


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    return world


def links(world: World) -> list[str]:
    return [event.link for event in world.told(LinkChanged)]


def test_a_boot_is_accepted_with_the_heartbeat_interval_and_journalled(world: World) -> None:
    effects = world.do(Booted("Vendor", "Model", firmware="1.2"))
    assert reply(effects) == BootAnswer("Accepted", 300, world.now)
    assert effects[-1] == Reply(reply(effects), durable=True)
    assert world.told(BootReported)[0].firmware == "1.2"
    assert world.state.registration == "accepted"


def test_a_boot_while_the_journal_is_away_is_pending_and_answered_at_once(world: World) -> None:
    effects = world.do(Booted("Vendor", "Model", durable=False))
    assert effects == [Reply(BootAnswer("Pending", 10, world.now), durable=False)]
    world.do(Booted("Vendor", "Model"))
    assert world.state.registration == "accepted"


@pytest.mark.parametrize("text", ["", "x" * 500])
def test_empty_and_over_long_vendors_are_accepted(world: World, text: str) -> None:
    assert reply(world.do(Booted(text, text))).status == "Accepted"


def test_a_boot_ends_neither_transactions_nor_waiting_commands(world: World) -> None:
    world.do(world.start(1000))
    world.do(world.command("a"))
    world.do(Booted("Vendor", "Model"))
    assert len(world.state.open) == len(world.state.commands) == 1


def test_a_station_that_never_booted_is_served(world: World) -> None:
    assert reply(world.do(world.start(1000))).standing.accepted
    assert world.state.registration == "unknown"


def test_heartbeat_and_authorize_are_answered_without_a_commit(world: World) -> None:
    world.parts.clear()
    standing = TokenStanding("Blocked")
    assert world.do(Heartbeat()) == [Reply(HeartbeatAnswer(world.now), durable=False)]
    assert world.do(AuthorizeAsked("T", standing)) == [Reply(AuthorizeAnswer(standing), durable=False)]
    assert world.parts == {}


def test_a_vendors_own_message_is_answered_unknown_vendor(world: World) -> None:
    assert reply(world.do(DataTransferred("v", "m", None))).status == "UnknownVendorId"


def test_a_lost_station_is_reconnecting_then_offline_after_the_grace_period(world: World) -> None:
    world.disconnect()
    world.pass_time(59)
    assert links(world) == ["connected", "reconnecting"]
    world.pass_time(2)
    assert links(world)[-1] == "offline"
    world.connect()
    assert links(world)[-1] == "connected"


def test_a_station_that_comes_back_in_time_is_never_offline(world: World) -> None:
    world.disconnect()
    world.pass_time(30)
    world.connect()
    world.pass_time(600)
    world.do(TimerFired("offline"))
    assert links(world) == ["connected", "reconnecting", "connected"]


def test_the_late_close_of_an_older_connection_changes_nothing(world: World) -> None:
    world.connect(5)
    effects = world.do(Disconnected(1, 1006, ""))
    assert world.state.link == "connected"
    assert appended(effects) == ["deviation"]
    world.connect(4)
    assert world.state.connection == 5


def test_after_the_host_died_a_connected_station_is_reconnecting_until_the_grace_is_over(world: World) -> None:
    world.host_dies()
    assert world.state.link == "reconnecting"
    world.pass_time(61)
    assert world.state.link == "offline"
    world.host_dies()
    assert links(world) == ["connected", "reconnecting", "offline"]


def test_the_grace_period_is_not_begun_anew_by_a_second_death(world: World) -> None:
    world.disconnect()
    world.pass_time(50)
    world.host_dies()
    world.pass_time(11)
    assert world.state.link == "offline"


def test_an_actor_that_wakes_up_for_a_station_never_seen_leaves_its_link_unknown() -> None:
    world = World()
    world.host_dies()
    assert (world.state.link, world.happened) == ("unknown", [])


def test_every_status_is_journalled_also_when_it_repeats(world: World) -> None:
    for status in ("Available", "Available", "Charging"):
        world.do(world.status(status))
        world.pass_time(5)
    assert [(event.previous, event.status) for event in world.told(StatusChanged)] == [
        ("unknown", "Available"),
        ("Available", "Available"),
        ("Available", "Charging"),
    ]


def test_a_status_sent_again_because_its_answer_got_lost_is_answered_and_journalled_once(world: World) -> None:
    status = world.status("Available")
    world.do(status)
    world.host_dies()
    assert reply(world.do(status)) == Acknowledged()
    assert len(world.told(StatusChanged)) == 1
    world.do(replace(status, error="GroundFailure"))
    assert len(world.told(StatusChanged)) == 2


def test_an_illegal_step_is_raised_in_tests_and_recorded_and_taken_on_in_production(world: World) -> None:
    world.do(world.status("Finishing"))
    with pytest.raises(IllegalTransition):
        world.do(world.status("SuspendedEV"))
    assert world.state.connectors[1, 1].status == "Finishing"
    lenient = World(strict=False)
    lenient.do(lenient.status("Finishing"))
    effects = lenient.do(lenient.status("SuspendedEV"))
    assert lenient.state.connectors[1, 1].status == "SuspendedEV"
    assert appended(effects) == ["deviation", "status"]


def test_connector_zero_is_the_station_itself(world: World) -> None:
    world.do(world.status("Unavailable", evse=0))
    world.do(world.status("Available", evse=1))
    assert world.state.connectors[0, 0].status == "Unavailable"
    assert world.state.connectors[1, 1].status == "Available"


def test_the_connectors_status_moves_its_session(world: World) -> None:
    world.do(world.status("Preparing"))
    world.do(world.start(1000))
    for status in ("Charging", "SuspendedEV", "SuspendedEVSE", "Charging", "Faulted", "Finishing"):
        world.do(world.status(status))
    states = [event.state for event in world.told(SessionChanged)]
    assert states == ["metered", "suspended_ev", "suspended_evse", "metered"]


def test_a_session_on_a_connector_that_is_suspended_already_begins_suspended(world: World) -> None:
    world.do(world.status("SuspendedEV"))
    number = reply(world.do(world.start(1000))).transaction
    world.pass_time(1)
    world.do(world.meters(number, (0, 1000)))
    assert [event.state for event in world.told(SessionChanged)] == ["suspended_ev"]


def test_the_status_of_another_connector_moves_no_session(world: World) -> None:
    world.do(world.start(1000))
    world.do(world.status("Charging", evse=2))
    assert world.told(SessionChanged) == []


def test_a_station_that_counts_connectors_without_end_is_answered_but_not_remembered(world: World) -> None:
    for evse in range(1, 301):
        reply(world.do(world.status("Available", evse=evse)))
    assert len(world.state.connectors) == 256
    assert len(world.told(StatusChanged)) == 300


def test_a_deviation_is_told_at_the_first_and_at_powers_of_ten_and_none_is_lost_in_the_counts(world: World) -> None:
    for _ in range(1000):
        world.do(Deviated("unit_case", "wh"))
    told = world.told(DeviationSeen)
    assert [event.count for event in told] == [1, 9, 90, 900]
    assert world.state.deviations["unit_case"] == 1000
    assert of(Reply, world.happened) == []
