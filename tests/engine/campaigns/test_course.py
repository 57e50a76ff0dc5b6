"""The course of a campaign: its pace, its limits, its ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.campaigns import course
from engine.campaigns.course import Ask, Expire, Finish, Plan, Stop, Tally, Wait, next_step
from engine.clock import SECOND
from engine.errors import Conflict

NOW = 1_767_225_600 * SECOND


def test_the_first_one_goes_at_once_and_the_next_at_its_pace() -> None:
    plan = Plan(per_minute=6)
    assert next_step(plan, Tally(waiting=5), NOW) == Ask(1)
    asked = Tally(waiting=4, asked=1, last_asked=NOW)
    assert next_step(plan, asked, NOW + SECOND) == Wait(NOW + 10 * SECOND)
    assert next_step(plan, asked, NOW + 10 * SECOND) == Ask(1)
    assert next_step(plan, asked, NOW + 100 * SECOND) == Ask(1), "a pause is not made up for by a burst"


def test_no_more_are_under_way_than_the_plan_says() -> None:
    plan = Plan(per_minute=6000, at_once=2)
    assert next_step(plan, Tally(waiting=9, asked=2, last_asked=NOW), NOW + SECOND) == Wait(NOW + 2 * SECOND)
    assert next_step(plan, Tally(waiting=9, asked=1, last_asked=NOW), NOW + SECOND) == Ask(1)


def test_it_finishes_only_when_the_last_one_has_ended() -> None:
    assert isinstance(next_step(Plan(), Tally(asked=1, succeeded=9), NOW), Wait)
    assert next_step(Plan(), Tally(succeeded=9, failed=1), NOW) == Finish()


def test_after_the_deadline_nobody_is_asked() -> None:
    plan = Plan(deadline=NOW)
    assert next_step(plan, Tally(waiting=3), NOW) == Expire()
    assert next_step(plan, Tally(waiting=3), NOW - SECOND) == Ask(1)


@pytest.mark.parametrize(
    ("plan", "tally", "stops"),
    [
        (Plan(stop_failures=3), Tally(waiting=1, failed=3), True),
        (Plan(stop_failures=3), Tally(waiting=1, failed=2), False),
        (Plan(stop_failures=3), Tally(waiting=1, failed=3, forgiven=1), False),
        (Plan(stop_share=0.2), Tally(waiting=1, succeeded=7, failed=3), True),
        (Plan(stop_share=0.2), Tally(waiting=1, succeeded=8, failed=2), False),
        (Plan(stop_share=0.2), Tally(waiting=1, succeeded=1, failed=3), False),
        (Plan(stop_share=0.2), Tally(waiting=1, succeeded=1, failed=3, unreached=90), False),
    ],
)
def test_it_stops_itself_when_too_much_has_failed(plan: Plan, tally: Tally, stops: bool) -> None:
    assert isinstance(next_step(plan, tally, NOW), Stop) == stops


def test_what_an_operator_may_do() -> None:
    assert course.after("running", "pause") == "paused"
    assert course.after("stopped", "resume") == "running"
    assert course.after("paused", "cancel") == "cancelled"
    for state, wish in (("done", "pause"), ("cancelled", "resume"), ("done", "cancel"), ("stopped", "pause")):
        with pytest.raises(Conflict):
            course.after(state, wish)


@given(
    per_minute=st.floats(0.1, 60_000),
    at_once=st.integers(1, 100),
    looks=st.lists(st.integers(1, 5_000_000), min_size=1, max_size=200),
)
def test_no_minute_has_more_than_the_pace_allows(per_minute: float, at_once: int, looks: list[int]) -> None:
    plan = Plan(per_minute=per_minute, at_once=at_once)
    now, last, asked = NOW, 0, []
    for pause in looks:
        now += pause
        step = next_step(plan, Tally(waiting=10**6, last_asked=last), now)
        if isinstance(step, Ask):
            assert 1 <= step.count <= at_once
            asked += [now] * step.count
            last = now
    burst = max(1, per_minute / 60) + 1
    for begin in asked:
        assert sum(begin <= at < begin + 60 * SECOND for at in asked) <= per_minute + burst
