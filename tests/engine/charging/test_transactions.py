"""Starts and Stops: what is new, what is a repeat, and that nothing acknowledged is lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.charging.effects import ForgetSession, Reply
from engine.charging.events import DeviationSeen, SessionAmended, SessionStarted, SessionStopped
from engine.charging.messages import StopAnswer, TokenStanding
from engine.charging.standing import Taken
from tests.engine.charging.world import World, appended, energy, of, reading, reply


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    return world


def again(world: World, message):  # type: ignore[no-untyped-def]
    """The same words, as they come a second time: with other fresh numbers."""
    world.numbers += 1
    return replace(message, **_fresh(world, message))


def _fresh(world: World, message) -> dict[str, object]:  # type: ignore[no-untyped-def]
    fresh: dict[str, object] = {"fresh_session": f"session-{world.numbers}"}
    return {**fresh, "fresh_transaction": world.numbers} if hasattr(message, "fresh_transaction") else fresh


def test_a_session_is_started_and_stopped_once_with_energy_from_the_registers(world: World) -> None:
    answer = reply(world.do(world.start(1000)))
    world.pass_time(1800)
    effects = world.do(world.stop(answer.transaction, 8400, "CARD", standing=TokenStanding("Accepted")))
    (started,), (stopped,) = world.told(SessionStarted), world.told(SessionStopped)
    assert reply(effects) == StopAnswer(TokenStanding("Accepted"))
    assert (started.session, started.meter_start_wh, started.authorisation) == (stopped.session, "1000", "Accepted")
    assert (stopped.energy_wh, stopped.duration_s, stopped.doubts) == ("7400", 1800, ())


def test_a_start_said_twice_while_open_gets_the_original_answer_even_if_the_token_is_concurrent_now(
    world: World,
) -> None:
    start = world.start()
    original = reply(world.do(start))
    world.pass_time(30)
    retried = replace(again(world, start), standing=TokenStanding("ConcurrentTx"), id_token="card")
    effects = world.do(retried)
    assert effects == [Reply(original)]
    assert effects[0].durable
    assert len(world.told(SessionStarted)) == 1


def test_a_start_said_twice_after_its_stop_is_a_repeat_if_energy_flowed(world: World) -> None:
    start = world.start(1000)
    original = reply(world.do(start))
    world.do(world.stop(original.transaction, 1001))
    assert world.do(again(world, start)) == [Reply(original)]


def test_the_same_words_after_a_session_without_energy_are_a_new_transaction(world: World) -> None:
    start = world.start(1000)
    first = reply(world.do(start))
    world.do(world.stop(first.transaction, 1000))
    second = reply(world.do(again(world, start)))
    assert second.transaction != first.transaction
    assert len(world.told(SessionStarted)) == 2


@pytest.mark.parametrize("change", ["evse", "id_token", "meter_start", "at"])
def test_other_words_are_another_start(world: World, change: str) -> None:
    start = world.start(1000)
    world.do(start)
    world.pass_time(5)
    other = {"evse": 2, "id_token": "OTHER", "meter_start": Decimal(1001), "at": world.at()}[change]
    world.do(replace(again(world, start), **{change: other}))
    assert len(world.told(SessionStarted)) == 2


def test_a_refused_token_still_gets_its_transaction(world: World) -> None:
    answer = reply(world.do(world.start(standing=TokenStanding("Invalid"))))
    assert answer.standing.status == "Invalid"
    assert world.told(SessionStarted)[0].authorisation == "Invalid"
    assert world.told(SessionStarted)[0].transaction == str(answer.transaction)


def test_a_new_start_on_a_busy_connector_closes_the_old_session_with_its_last_register(world: World) -> None:
    first = reply(world.do(world.start(1000)))
    world.pass_time(60)
    world.do(world.meters(first.transaction, (0, 1500)))
    world.pass_time(60)
    world.do(world.start(1600, "SECOND"))
    (stopped,) = world.told(SessionStopped)
    assert (stopped.energy_wh, stopped.meter_stop_wh, stopped.doubts) == ("500", "1500", ("no_stop",))
    assert stopped.duration_s == 60
    assert len(world.told(SessionStarted)) == 2


def test_a_token_is_not_concurrent_with_the_session_that_its_own_start_replaces(world: World) -> None:
    world.do(world.start(1000))
    world.pass_time(60)
    (running,) = world.sessions
    standing = TokenStanding("ConcurrentTx", taken=(Taken(1, frozenset({running})),))
    assert reply(world.do(world.start(1200, standing=standing))).standing.status == "Accepted"


def test_an_older_start_that_arrives_late_does_not_close_the_session_that_runs(world: World) -> None:
    running = reply(world.do(world.start(2000)))
    late = reply(world.do(world.start(1000, "EARLIER", at=world.at(ago=3600))))
    assert world.told(SessionStopped) == []
    world.do(world.stop(late.transaction, 1900, at=world.at(ago=600)))
    world.do(world.stop(running.transaction, 2500))
    assert [stopped.energy_wh for stopped in world.told(SessionStopped)] == ["900", "500"]


def test_the_stop_that_comes_after_the_next_start_amends_the_session_it_belongs_to(world: World) -> None:
    first = reply(world.do(world.start(1000)))
    stop = world.stop(first.transaction, 1900, "CARD", readings=(reading(world.at(), energy(1900)),))
    world.pass_time(10)
    world.do(world.start(1900, "SECOND"))
    effects = world.do(stop)
    (amended,) = world.told(SessionAmended)
    assert (amended.session, amended.energy_wh, amended.doubts) == (
        world.told(SessionStarted)[0].session,
        "900",
        ("late_stop",),
    )
    assert (amended.id_token, amended.stop_id_token) == ("CARD", "CARD")
    assert len(world.told(SessionStopped)) == 1
    assert len(world.rows[amended.session]) == 1
    assert world.do(again(world, stop)) == [Reply(reply(effects))]


def test_a_stop_said_twice_gets_the_original_answer_and_changes_nothing(world: World) -> None:
    start = reply(world.do(world.start(1000)))
    stop = world.stop(start.transaction, 2000, "CARD", standing=TokenStanding("Expired"))
    original = reply(world.do(stop))
    world.pass_time(3600)
    repeated = replace(again(world, stop), standing=TokenStanding("Accepted"), at=world.at())
    assert world.do(repeated) == [Reply(original)]


@pytest.mark.parametrize("transaction", ["0", "-1", "9223372036854775807", "424242"])
def test_a_stop_of_an_unknown_transaction_is_kept_as_a_session_of_its_own(world: World, transaction: str) -> None:
    stop = world.stop(transaction, 5000)
    world.do(stop)
    (stopped,) = world.told(SessionStopped)
    assert (stopped.energy_wh, stopped.meter_stop_wh, stopped.started) == (None, "5000", None)
    assert stopped.doubts == ("unknown_transaction",)
    assert len(world.told(SessionStarted)) == 1
    assert appended(world.do(again(world, stop))) == []
    world.pass_time(600)
    world.do(world.stop(transaction, 6000))
    assert len(world.told(SessionStopped)) == 2


def test_a_start_after_its_stop_completes_the_session_that_the_stop_opened(world: World) -> None:
    start = world.start(1000)
    world.pass_time(1200)
    world.do(world.stop("-1", 4000, "card"))
    answer = reply(world.do(start))
    (amended,) = world.told(SessionAmended)
    assert (amended.energy_wh, amended.duration_s, amended.doubts) == ("3000", 1200, ("stop_before_start",))
    assert (amended.session, amended.evse) == (world.told(SessionStopped)[0].session, 1)
    assert amended.transaction == str(answer.transaction)
    assert len(world.told(SessionStarted)) == 1
    assert world.do(again(world, start)) == [Reply(answer)]
    assert appended(world.do(world.stop(answer.transaction, 4000))) == []
    assert world.state.open == {}


def test_a_later_start_is_not_taken_for_that_of_an_earlier_stop(world: World) -> None:
    world.do(world.stop("-1", 4000))
    world.pass_time(10)
    world.do(world.start(4000))
    assert world.told(SessionAmended) == []
    assert len(world.state.open) == 1


def test_a_meter_stop_below_the_start_gives_no_energy_but_a_doubt(world: World) -> None:
    start = reply(world.do(world.start(1000)))
    world.do(world.stop(start.transaction, 400))
    (stopped,) = world.told(SessionStopped)
    assert (stopped.energy_wh, stopped.doubts) == (None, ("meter_backwards",))


def test_registers_in_kwh_labelled_wh_are_doubted_and_not_corrected(world: World) -> None:
    start = reply(world.do(world.start(12_345_000)))
    world.pass_time(60)
    world.do(world.meters(start.transaction, (0, 12_350)))
    world.do(world.stop(start.transaction, 12_351))
    (stopped,) = world.told(SessionStopped)
    assert stopped.energy_wh is None
    assert set(stopped.doubts) == {"meter_backwards", "unit_scale"}


def test_a_stop_before_its_start_by_the_clock_gives_no_duration_but_a_doubt(world: World) -> None:
    start = reply(world.do(world.start(1000)))
    world.do(world.stop(start.transaction, 1500, at=world.at(ago=100)))
    (stopped,) = world.told(SessionStopped)
    assert (stopped.duration_s, stopped.energy_wh, stopped.doubts) == (None, "500", ("clock_nonsense",))


def test_a_session_is_forgotten_a_minute_after_its_stop_also_if_the_host_died_between(world: World) -> None:
    start = reply(world.do(world.start(1000)))
    world.do(world.stop(start.transaction, 2000))
    world.pass_time(30)
    world.host_dies()
    assert of(ForgetSession, world.happened) == []
    world.pass_time(31)
    assert len(of(ForgetSession, world.happened)) == 1
    assert world.sessions == {}
    assert not any(part.startswith("s:") for part in world.parts)


def test_sixty_four_closed_transactions_are_remembered_and_older_ones_make_room(world: World) -> None:
    starts = []
    for number in range(70):
        start = world.start(1000 + 10 * number)
        starts.append(start)
        answer = reply(world.do(start))
        world.do(world.stop(answer.transaction, 1005 + 10 * number))
        world.pass_time(61)
    assert len(world.state.closed) == 64
    assert reply(world.do(again(world, starts[6]))).transaction == starts[6].fresh_transaction
    assert len(world.parts["tx"]) < 64 * 300


def test_a_burst_of_more_sessions_than_are_remembered_still_finalises_every_one(world: World) -> None:
    for number in range(80):
        answer = reply(world.do(world.start(1000 + 10 * number)))
        world.do(world.stop(answer.transaction, 1005 + 10 * number))
    world.pass_time(61)
    assert len(of(ForgetSession, world.happened)) == 80
    assert len(world.state.closed) == 64


def test_an_unknown_stop_is_counted_as_a_deviation(world: World) -> None:
    world.do(world.stop("0", 1))
    assert [event.name for event in world.told(DeviationSeen)] == ["unknown_transaction"]
