"""Meter values: where they go, what they say about energy and power, and that repeats and disorder do no harm."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charging.effects import AppendMeters, ForgetSession
from engine.charging.events import SessionChanged, SessionStopped
from engine.charging.messages import Acknowledged, MetersReported
from engine.charging.session.registers import register_and_power
from tests.engine.charging.world import World, appended, energy, of, power, reading, reply, sample


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    return world


@pytest.fixture
def transaction(world: World) -> int:
    number = reply(world.do(world.start(1000))).transaction
    world.pass_time(10)
    return int(number)


def running(world: World) -> tuple[str, str]:
    """Energy and power of the one session that runs."""
    (state,) = world.sessions.values()
    return str(state.energy), str(state.power)


def test_values_of_a_transaction_go_to_its_session_and_are_acknowledged_durably(world: World, transaction: int) -> None:
    effects = world.do(world.meters(transaction, (5, 1100), (0, 1200)))
    (stored,) = of(AppendMeters, effects)
    assert (stored.stream, stored.session, stored.ordered) == ("session-101", "session-101", True)
    assert reply(effects) == Acknowledged()
    assert effects[-1].durable  # type: ignore[union-attr]
    assert running(world) == ("200", "7400")


def test_a_resent_message_is_handed_on_to_be_checked_and_changes_no_energy(world: World, transaction: int) -> None:
    message = world.meters(transaction, (0, 1200))
    world.do(message)
    world.pass_time(10)
    world.do(world.meters(transaction, (0, 1300)))
    (stored,) = of(AppendMeters, world.do(message))
    assert not stored.ordered
    assert running(world)[0] == "300"
    assert len(world.rows["session-101"]) == 2


def test_a_backlog_in_any_order_ends_at_the_newest_register(world: World, transaction: int) -> None:
    world.pass_time(100)
    for ago, wh in ((0, 2000), (60, 1400), (30, 1700), (90, 1100)):
        world.do(world.meters(transaction, (ago, wh)))
    assert running(world) == ("1000", "7400")


@given(st.lists(st.integers(0, 100), min_size=1))
def test_energy_is_that_of_the_newest_reading_whatever_came_when_and_how_often(agos: list[int]) -> None:
    world = World()
    number = reply(world.do(world.start(1000))).transaction
    world.pass_time(200)
    for ago in agos:
        world.do(world.meters(number, (ago, 1000 + 10 * (200 - ago))))
    assert running(world)[0] == str(10 * (200 - min(agos)))
    assert len(world.rows["session-101"]) == len(set(agos))


def test_readings_of_one_message_that_do_not_increase_are_checked(world: World, transaction: int) -> None:
    (stored,) = of(AppendMeters, world.do(world.meters(transaction, (0, 1200), (0, 1200))))
    assert not stored.ordered


def test_energy_is_told_at_most_once_a_minute(world: World, transaction: int) -> None:
    for second in range(0, 180, 10):
        world.do(world.meters(transaction, (0, 1100 + second)))
        world.pass_time(10)
    changes = world.told(SessionChanged)
    assert changes[0].state == "metered"
    assert len(changes) == 3
    assert all(b.received - a.received >= 60_000_000 for a, b in pairwise(changes))


def test_a_register_below_the_start_never_makes_energy_negative(world: World, transaction: int) -> None:
    world.do(world.meters(transaction, (1, 1300)))
    world.do(world.meters(transaction, (0, 900)))
    assert running(world)[0] == "300"
    world.do(world.stop(transaction, 1400))
    (stopped,) = world.told(SessionStopped)
    assert (stopped.energy_wh, stopped.doubts) == ("400", ("meter_backwards",))


@pytest.mark.parametrize(("stop", "energy", "doubts"), [(1300, "300", ()), (1299, "299", ("meter_backwards",))])
def test_a_stop_that_is_rounded_to_the_wh_is_no_doubt(
    world: World, transaction: int, stop: int, energy: str, doubts: tuple[str, ...]
) -> None:
    """1.6's meterStop is a whole number, its meter values need not be."""
    told = world.meters(transaction, (1, 1300))
    finer = [told.readings[0].samples[0]._replace(raw="1300.2", value=Decimal("1300.2")), *told.readings[0].samples[1:]]
    world.do(told._replace(readings=(told.readings[0]._replace(samples=tuple(finer)),)))
    world.do(world.stop(transaction, stop))
    (stopped,) = world.told(SessionStopped)
    assert (stopped.energy_wh, stopped.doubts) == (energy, doubts)


def test_values_after_the_stop_are_stored_under_the_session_and_reopen_nothing(world: World, transaction: int) -> None:
    message = world.meters(transaction, (0, 1200))
    world.do(message)
    world.do(world.stop(transaction, 1300))
    for seconds in (1, 120):
        world.pass_time(seconds)
        effects = world.do(world.meters(transaction, (0, 1300)))
        (stored,) = of(AppendMeters, effects)
        assert (stored.session, stored.ordered) == ("session-101", False)
        assert appended(effects) == []
    world.do(message)
    assert len(world.rows["session-101"]) == 3
    assert world.state.open == {}


def test_transaction_data_of_the_stop_is_stored_once_with_what_was_metered(world: World, transaction: int) -> None:
    message = world.meters(transaction, (0, 1200))
    world.do(message)
    world.pass_time(5)
    readings = (*message.readings, reading(world.at(), energy(1300, context="Transaction.End")))
    effects = world.do(world.stop(transaction, 1300, readings=readings))
    (stored,) = of(AppendMeters, effects)
    assert not stored.ordered
    assert len(world.rows["session-101"]) == 2


def test_values_outside_of_any_transaction_belong_to_no_session_but_show_power(world: World) -> None:
    world.do(world.status("Available"))
    (stored,) = of(AppendMeters, world.do(world.meters("", (0, 5))))
    assert (stored.stream, stored.session, stored.ordered) == ("CP-1:2026-01-01", "", True)
    assert str(world.state.connectors[1, 1].power) == "7400"


def test_values_without_a_transaction_do_not_count_for_the_open_session(world: World, transaction: int) -> None:
    (stored,) = of(AppendMeters, world.do(world.meters("", (0, 9000))))
    assert stored.session == ""
    assert running(world)[0] == "None"


def test_values_of_an_unknown_transaction_keep_its_text_and_are_a_deviation(world: World) -> None:
    effects = world.do(world.meters("77", (0, 5)))
    (stored,) = of(AppendMeters, effects)
    assert (stored.session, stored.transaction) == ("", "77")
    assert appended(effects) == ["deviation"]


def test_a_message_over_midnight_goes_to_both_days(world: World) -> None:
    stored = of(AppendMeters, world.do(world.meters("", (3600, 5), (0, 6))))
    assert [effect.stream for effect in stored] == ["CP-1:2025-12-31", "CP-1:2026-01-01"]
    assert all(effect.ordered for effect in stored)


def test_old_days_let_their_digests_go_and_a_day_that_returns_is_checked(world: World) -> None:
    first = world.meters("", (0, 5))
    world.do(first)
    for _ in range(3):
        world.pass_time(86_400)
        world.do(world.meters("", (0, 6)))
    assert [effect.session for effect in of(ForgetSession, world.happened)] == ["CP-1:2026-01-01"]
    (stored,) = of(AppendMeters, world.do(first))
    assert not stored.ordered


def test_meter_values_without_values_are_acknowledged(world: World) -> None:
    effects = world.do(MetersReported(1, 1, "", ()))
    assert reply(effects) == Acknowledged()
    assert of(AppendMeters, effects) == []


def test_the_outlets_register_is_preferred_and_phases_are_summed_only_without_a_total() -> None:
    both = (energy(7, location="Inlet"), energy(5), energy(9, location="Inlet"))
    assert [str(register_and_power(order)[0]) for order in (both, both[::-1])] == ["5", "5"]
    assert str(register_and_power((energy(7, location="Inlet"), energy(1, phase="L1")))[0]) == "7"
    phases = tuple(power(1000, phase=phase) for phase in ("L1", "L2", "L3"))
    assert str(register_and_power(phases)[1]) == "3000"
    assert str(register_and_power((*phases, power(2999)))[1]) == "2999"
    assert register_and_power((energy(3, context="Transaction.Begin"), sample("Voltage", "230", "V"))) == (None, None)


def test_drift_is_the_smallest_lag_so_that_a_backlog_does_not_count(world: World, transaction: int) -> None:
    world.do(world.meters(transaction, (4000, 1100)))
    world.do(world.meters(transaction, (2, 1200)))
    world.do(world.meters(transaction, (300, 1150)))
    assert world.state.drift == 0
    world.pass_time(3600)
    world.do(world.meters(transaction, (-30, 1300)))
    assert world.state.drift == -30_000_000
