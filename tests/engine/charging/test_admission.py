"""A station that waits for an operator's word: how its boot is answered, what it may be told and what it may say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.charging.admission import out_of_turn
from engine.charging.intents import BOOT, OTHER, START, Intent
from engine.charging.messages import BootAnswer, Booted
from engine.clock import SECOND
from tests.engine.charging.world import World, calls, reply

HELD = [("pending", Intent(START), True), ("rejected", Intent(START), True), ("rejected", Intent(OTHER), True)]
FREE = [("pending", Intent(OTHER), False), ("pending", Intent(BOOT), False), ("rejected", Intent(BOOT), False)]
BOOTED = Booted("V", "M")


def waiting(registration: str) -> World:
    world = World()
    world.config = replace(world.config, registration=registration.capitalize())
    world.connect()
    world.do(BOOTED)
    return world


@pytest.mark.parametrize("registration", ["pending", "rejected"])
def test_the_boot_is_answered_as_the_operator_says(registration: str) -> None:
    world = World()
    world.config = replace(world.config, registration=registration.capitalize())
    world.connect()
    answer = reply(world.do(BOOTED))
    assert isinstance(answer, BootAnswer)
    assert answer.status == registration.capitalize()
    assert answer.interval == world.config.pending_interval_s
    world.config = replace(world.config, registration="Accepted")
    answer = reply(world.do(BOOTED))
    assert isinstance(answer, BootAnswer)
    assert answer.status == "Accepted"


@pytest.mark.parametrize(("registration", "intent", "held"), HELD + FREE)
def test_what_may_be_said_to_it(registration: str, intent: Intent, held: bool) -> None:
    world = waiting(registration)
    effects = world.do(replace(world.command("a"), intent=intent))
    assert world.outcomes() == ({"a": ["Rejected"]} if held else {})
    assert calls(effects) == ([] if held else ["a"])


def test_a_command_that_may_wait_is_sent_once_the_boot_is_accepted() -> None:
    world = waiting("pending")
    assert calls(world.do(replace(world.command("a", wait=True), intent=Intent(START)))) == []
    world.config = replace(world.config, registration="Accepted")
    assert calls(world.do(BOOTED)) == ["a"]


def test_only_what_was_asked_for_may_be_said_and_only_for_a_while() -> None:
    world = waiting("pending")
    assert out_of_turn(world.state, "StatusNotification", world.now, world.config)
    world.do(replace(world.command("a"), intent=Intent(OTHER, invites="StatusNotification")))
    assert not out_of_turn(world.state, "StatusNotification", world.now, world.config)
    assert out_of_turn(world.state, "Heartbeat", world.now, world.config)
    late = world.now + int((world.config.correlation_window_s + 1) * SECOND)
    assert out_of_turn(world.state, "StatusNotification", late, world.config)


def test_a_station_that_never_booted_or_that_is_to_be_accepted_is_heard() -> None:
    world = World()
    world.connect()
    pending = replace(world.config, registration="Pending")
    assert not out_of_turn(world.state, "StatusNotification", world.now, pending), "a mere reconnect"
    world = waiting("pending")
    accepted = replace(world.config, registration="Accepted")
    assert not out_of_turn(world.state, "StatusNotification", world.now, accepted), "Pending was our own trouble"
