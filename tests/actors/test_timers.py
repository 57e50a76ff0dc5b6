"""Deadlines of actors, on one timer of the loop."""

from __future__ import annotations

from actors.restarts import MAX_FAILURES, QUARANTINE, WITHIN, RestartIntensity
from actors.timers import Timers
from engine.clock import SECOND, ManualClock, SystemClock
from tests.actors.world import turns, until


class Who:
    def __init__(self) -> None:
        self.deadlines: dict[str, int] | None = None
        self.fired: list[str] = []

    def timer_fired(self, name: str) -> None:
        self.fired.append(name)


async def test_deadlines_fire_in_order_and_those_past_at_once() -> None:
    clock, who = SystemClock(), Who()
    timers = Timers(clock)
    now = clock.now()
    timers.set(who, "third", now + SECOND // 20)
    timers.set(who, "second", now + SECOND // 50)
    timers.set(who, "first", now - 5 * SECOND)
    await until(lambda: len(who.fired) == 3, "all fired")
    assert who.fired == ["first", "second", "third"]
    assert clock.now() - now >= SECOND // 20
    assert who.deadlines == {}
    assert len(timers) == 0


async def test_replaced_and_cancelled_deadlines_do_not_fire() -> None:
    clock, who, other = SystemClock(), Who(), Who()
    timers = Timers(clock)
    now = clock.now()
    for name in ("moved", "cancelled", "never set"):
        timers.set(who, name, now + SECOND // 100)
    timers.set(who, "moved", now + SECOND // 20)
    timers.cancel(who, "cancelled")
    timers.cancel(other, "unknown")
    timers.set(other, "the same name", now + SECOND // 50)
    who.deadlines = {"moved": now + SECOND // 20}
    await until(lambda: who.fired, "fired")
    assert (who.fired, other.fired) == (["moved"], ["the same name"])
    assert clock.now() - now >= SECOND // 20


async def test_an_actor_that_forgot_its_deadlines_is_left_alone_and_a_stop_ends_all() -> None:
    clock, forgetful, who = ManualClock(), Who(), Who()
    timers = Timers(clock)
    timers.set(forgetful, "a", clock.now() - 1)
    forgetful.deadlines = None
    timers.set(who, "b", clock.now() - 1)
    await until(lambda: who.fired, "fired")
    assert forgetful.fired == []
    timers.set(who, "c", clock.now())
    timers.stop()
    await turns()
    assert who.fired == ["b"]


def test_a_few_failures_within_a_minute_are_borne_and_no_more() -> None:
    restarts, now = RestartIntensity(), 1_000 * SECOND
    assert not any(restarts.failed(now + n) for n in range(MAX_FAILURES))
    assert restarts.failed(now + MAX_FAILURES)
    assert restarts.until == now + MAX_FAILURES + QUARANTINE
    assert not restarts.failed(restarts.until), "after the quarantine it counts anew"


def test_failures_that_are_far_apart_are_borne_for_ever() -> None:
    restarts = RestartIntensity()
    assert not any(restarts.failed(n * (WITHIN // MAX_FAILURES + SECOND)) for n in range(1, 100))
