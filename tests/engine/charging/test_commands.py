"""Commands: one at a time, in order, each ended exactly once, and correlated with what they cause."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from engine.charging.effects import SendCall
from engine.charging.events import BootReported, CommandAsked, CommandChanged, SessionStarted
from engine.charging.intents import RESET, Intent
from engine.charging.kept.view import configuration_view
from engine.charging.messages import Booted, CallAnswered, CallRefused
from tests.engine.charging.world import World, appended, calls, endings, of, reply


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    return world


def test_a_command_is_journalled_as_sent_in_the_step_that_sends_it(world: World) -> None:
    effects = world.do(world.command("a"))
    assert appended(effects) == ["command", "command"]
    assert [event.state for event in world.told(CommandChanged)] == ["requested", "sent"]
    assert calls(effects) == ["a"]
    assert orjson.loads(world.parts["core"])["commands"][0][5] == "sent"


def test_who_asked_is_journalled_in_the_step_that_sends_and_once(world: World) -> None:
    line = {"id": "line-1", "actor": "u-1", "action": "reset"}
    effects = world.do(world.command("a", asked=line))
    assert appended(effects) == ["command_asked", "command", "command"]
    (told,) = world.told(CommandAsked)
    assert (told.command, told.line) == ("a", line)
    world.do(world.command("a", asked=line))
    world.do(world.answered("a", {"status": "Accepted"}))
    world.do(world.command("a", asked=line))
    assert len(world.told(CommandAsked)) == 1


def test_who_asked_a_station_that_is_away_is_journalled_too(world: World) -> None:
    world.disconnect()
    effects = world.do(world.command("a", asked={"id": "line-1"}))
    assert appended(effects) == ["command_asked", "command", "command"]
    assert world.outcomes() == {"a": ["NotConnected"]}


def test_commands_go_one_at_a_time_in_order(world: World) -> None:
    assert calls(world.do(world.command("a"))) == ["a"]
    assert calls(world.do(world.command("b", "ClearCache", payload={}))) == []
    effects = world.do(world.answered("a", {"status": "Accepted"}))
    assert endings(effects) == [("a", "Accepted")]
    assert calls(effects) == ["b"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (CallAnswered("a", {"status": "Accepted"}, "Accepted"), "Accepted"),
        (CallAnswered("a", {"status": "Rejected"}, "Rejected"), "Rejected"),
        (CallAnswered("a", {}, "Failed"), "Failed"),
        (CallRefused("a", "InternalError", "boom"), "Failed"),
    ],
)
def test_the_stations_answer_ends_a_command(world: World, answer: CallAnswered | CallRefused, outcome: str) -> None:
    world.do(world.command("a"))
    world.do(answer)
    assert world.outcomes() == {"a": [outcome]}


def test_what_an_answer_means_is_the_protocol_layers_to_say(world: World) -> None:
    world.do(world.command("a"))
    world.do(CallAnswered("a", {"status": "Accepted"}, "Rejected"))
    assert world.outcomes() == {"a": ["Rejected"]}


def test_a_command_in_another_versions_words_is_not_sent(world: World) -> None:
    world.disconnect()
    world.do(world.command("a", wait=True, subprotocol="ocpp2.0.1"))
    world.connect()
    assert world.outcomes() == {"a": ["Rejected"]}
    assert calls(world.happened) == []


def test_a_station_that_does_not_answer_in_time_is_timed_out_and_its_late_answer_ignored(world: World) -> None:
    world.do(world.command("a"))
    world.do(world.command("b", "ClearCache", payload={}))
    world.pass_time(31)
    assert world.outcomes() == {"a": ["TimedOut"]}
    assert calls(world.happened) == ["a", "b"]
    effects = world.do(world.answered("a", {"status": "Accepted"}))
    assert appended(effects) == ["deviation"]
    assert world.outcomes() == {"a": ["TimedOut"]}


def test_an_action_that_needs_longer_gets_longer() -> None:
    world = World()
    world.connect()
    world.do(world.command("a", "UnlockConnector", payload={"connectorId": 1}))
    world.pass_time(59)
    assert world.outcomes() == {}
    world.pass_time(2)
    assert world.outcomes() == {"a": ["TimedOut"]}


def test_a_call_gets_no_more_time_than_the_commands_deadline(world: World) -> None:
    world.do(world.command("a", deadline=world.now + 5_000_000))
    world.pass_time(6)
    assert world.outcomes() == {"a": ["TimedOut"]}


def test_without_a_connection_a_command_that_does_not_wait_ends_at_once() -> None:
    world = World()
    assert endings(world.do(world.command("a"))) == [("a", "NotConnected")]


def test_a_waiting_command_is_sent_when_the_station_comes_even_after_the_host_died() -> None:
    world = World()
    assert calls(world.do(world.command("a", wait=True))) == []
    world.host_dies()
    assert calls(world.connect()) == ["a"]


def test_a_waiting_command_expires_at_its_deadline_also_after_the_host_died() -> None:
    world = World()
    world.do(world.command("a", wait=True))
    world.host_dies()
    world.pass_time(121)
    assert world.outcomes() == {"a": ["Expired"]}


def test_a_command_whose_deadline_is_over_expires(world: World) -> None:
    assert endings(world.do(world.command("a", deadline=world.now))) == [("a", "Expired")]


@pytest.mark.parametrize("loss", ["disconnect", "connect", "host_dies"])
def test_a_sent_command_whose_connection_is_gone_is_never_sent_again(world: World, loss: str) -> None:
    world.do(world.command("a", wait=True))
    getattr(world, loss)()
    assert world.outcomes() == {"a": ["TimedOut"]}
    world.connect()
    assert calls(world.happened) == ["a"]


def test_asking_for_the_same_command_again_runs_it_once_and_tells_its_outcome(world: World) -> None:
    request = world.command("a")
    world.do(request)
    assert world.do(request) == []
    world.do(world.answered("a", {"status": "Accepted"}))
    assert endings(world.do(request)) == [("a", "Accepted")]
    assert world.outcomes() == {"a": ["Accepted"]}


def test_the_same_reset_asked_again_supersedes_the_one_that_waits() -> None:
    world = World()
    world.do(world.command("a", wait=True))
    world.do(world.command("other", wait=True, payload={"type": "Hard"}))
    assert endings(world.do(world.command("b", wait=True))) == [("a", "Superseded")]
    assert [command.command for command in world.state.commands] == ["other", "b"]


def test_no_remote_start_goes_to_a_station_whose_boot_is_pending() -> None:
    world = World(registration="Pending")
    world.connect()
    world.do(Booted("V", "M"))
    start = {"action": "RemoteStartTransaction", "payload": {"idTag": "A"}}
    assert endings(world.do(world.command("now", **start))) == [("now", "Rejected")]
    assert calls(world.do(world.command("later", wait=True, **start))) == []
    assert calls(world.do(world.command("reset"))) == ["reset"]
    world.do(world.answered("reset", {"status": "Accepted"}))
    world.config = World().config
    assert calls(world.do(Booted("V", "M"))) == ["later"]


def test_a_session_carries_the_remote_start_that_led_to_it_once(world: World) -> None:
    payload = {"idTag": "card", "connectorId": 2}
    world.do(world.command("remote", "RemoteStartTransaction", payload=payload))
    world.do(world.answered("remote", {"status": "Accepted"}))
    world.host_dies()
    world.connect()
    for token, evse in (("OTHER", 2), ("CARD", 1), ("CARD", 2), ("CARD", 2)):
        world.pass_time(1)
        world.do(world.start(1000, token, evse))
    assert [event.command for event in world.told(SessionStarted)] == ["", "", "remote", ""]


@pytest.mark.parametrize(("status", "seconds"), [("Rejected", 1), ("Accepted", 301)])
def test_a_start_after_a_rejected_or_long_past_remote_start_is_the_drivers_own(
    world: World, status: str, seconds: float
) -> None:
    world.do(world.command("remote", "RemoteStartTransaction", payload={"idTag": "CARD"}))
    world.do(world.answered("remote", {"status": status}))
    world.pass_time(seconds)
    world.do(world.start(1000))
    assert world.told(SessionStarted)[0].command == ""


def test_a_boot_carries_the_reset_that_led_to_it_even_if_its_answer_was_lost(world: World) -> None:
    world.do(world.command("reset"))
    world.disconnect()
    world.pass_time(40)
    world.connect()
    world.do(Booted("V", "M"))
    world.do(Booted("V", "M"))
    assert [event.command for event in world.told(BootReported)] == ["reset", ""]


def test_the_stations_configuration_is_learnt_with_its_secrets_hidden(world: World) -> None:
    world.do(world.command("get", "GetConfiguration", payload={}))
    keys = [
        {"key": "HeartbeatInterval", "value": "300", "readonly": False},
        {"key": "AuthorizationKey", "value": "geheim", "readonly": False},
    ]
    world.do(world.answered("get", {"configurationKey": keys}))
    change = {"key": "HeartbeatInterval", "value": "60"}
    world.do(world.command("set", "ChangeConfiguration", payload=change))
    world.do(world.answered("set", {"status": "Accepted"}))
    settings = configuration_view(world.parts)
    assert [(s["key"], s["value"], s["readonly"], s["read_at"]) for s in settings] == [
        ("HeartbeatInterval", "60", False, world.now),
        ("AuthorizationKey", "***", False, world.now),
    ]
    assert "geheim" not in world.written()
    assert "geheim" not in repr(world.events)


def test_secrets_are_sent_to_the_station_but_neither_journalled_nor_kept_once_sent(world: World) -> None:
    effects = world.do(
        world.command("k", "ChangeConfiguration", payload={"key": "AuthorizationKey", "value": "geheim"})
    )
    world.do(world.answered("k", {"status": "Rejected"}))
    world.do(world.command("u", "GetDiagnostics", payload={"location": "ftp://me:geheim@host/x"}))
    assert "geheim" in repr(effects[-1]) or any("geheim" in repr(effect) for effect in effects)
    assert "geheim" not in repr(world.events)
    assert "geheim" not in world.written()


def test_a_refused_call_tells_its_error_to_who_waits(world: World) -> None:
    world.do(world.command("a"))
    effects = world.do(CallRefused("a", "NotSupported", "no", {"x": 1}))
    assert endings(effects) == [("a", "Failed")]
    assert world.told(CommandChanged)[-1].error_code == "NotSupported"


def test_a_running_command_does_not_stop_a_station_from_charging(world: World) -> None:
    world.do(world.command("a"))
    assert reply(world.do(world.start(1))).standing.accepted


def test_a_password_that_waits_for_its_turn_is_not_on_disk_and_ends_unsent_with_its_host(world: World) -> None:
    world.do(world.command("first", "GetConfiguration", payload={}))
    secret = {"key": "AuthorizationKey", "value": "00ff" * 10}
    world.do(world.command("second", "ChangeConfiguration", payload=secret))
    assert "00ff" not in world.written()
    assert world.state.commands[1].payload == secret, "in memory it waits as it is"
    world.host_dies()
    assert world.outcomes() == {"first": ["TimedOut"], "second": ["NotConnected"]}
    assert "00ff" not in repr(world.events)


def test_a_password_whose_turn_comes_is_sent_as_it_is(world: World) -> None:
    world.do(world.command("first", "GetConfiguration", payload={}))
    secret = {"key": "AuthorizationKey", "value": "00ff" * 10}
    world.do(world.command("second", "ChangeConfiguration", payload=secret))
    sent = world.do(world.answered("first", {"configurationKey": []}))
    assert [dict(call.payload) for call in of(SendCall, sent)] == [secret]
    assert "00ff" not in world.written() + repr(world.events)


def test_a_reset_that_waits_for_sessions_is_followed_by_a_boot_hours_later(world: World) -> None:
    world.do(replace(world.command("soft"), intent=Intent(RESET, patient=True)))
    world.do(world.answered("soft", {"status": "Accepted"}))
    world.pass_time(60)
    for reason in ("Triggered", "LocalReset"):
        world.do(Booted("V", "M", reason=reason))
    world.pass_time(5 * 3600)
    world.do(Booted("V", "M", reason="ScheduledReset"))
    assert [event.command for event in world.told(BootReported)] == ["", "", "soft"]
