"""The machine of a condition: whatever is said in whatever order, an alert opens once, and closes when it is over."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.alerts.machine import Awaits, Counts, Effect, Ended, Holds, Signal, Track, dismiss, learn, settle

S = 1_000_000
CLEAR = 60 * S


def at(track: Track, now: int, signal: Signal | None = None, muted: int | None = None) -> tuple[Track, Effect | None]:
    """Learn and settle."""
    return settle(learn(track, signal) if signal else track, now, clear=CLEAR, muted=muted)


def test_a_fault_opens_at_once_and_closes_a_minute_after_its_end() -> None:
    track, effect = at(Track(), 10 * S, Holds(10 * S, 0))
    assert effect is Effect.OPEN
    track, effect = at(track, 20 * S, Ended(20 * S))
    assert (effect, track.due) == (None, 80 * S)
    assert at(track, 79 * S)[1] is None
    track, effect = at(track, 80 * S)
    assert (effect, track.idle) == (Effect.CLEAR, True)


def test_a_fault_that_comes_back_within_the_minute_is_the_same_alert() -> None:
    track, _ = at(Track(), 10 * S, Holds(10 * S, 0))
    track, _ = at(track, 20 * S, Ended(20 * S))
    track, effect = at(track, 50 * S, Holds(50 * S, 0))
    assert (effect, track.open, track.gone) == (None, True, None)
    assert at(track, 500 * S)[1] is None


def test_what_has_to_last_opens_when_it_has_lasted_and_not_if_it_ended_before() -> None:
    track, effect = at(Track(), 0, Holds(0, 600 * S))
    assert (effect, track.due) == (None, 600 * S)
    # Said again: it lasts since it was said first.
    track, _ = at(track, 300 * S, Holds(300 * S, 600 * S))
    assert track.due == 600 * S
    assert at(track, 600 * S)[1] is Effect.OPEN
    ended, _ = at(track, 599 * S, Ended(599 * S))
    assert ended.idle
    assert at(ended, 600 * S)[1] is None


def test_five_within_ten_minutes_are_a_burst_until_four_are_left() -> None:
    track: Track = Track()
    for minute in range(5):
        track, effect = at(track, minute * 60 * S, Counts(minute * 60 * S, 5, 600 * S))
        assert (effect is Effect.OPEN) == (minute == 4)
    assert track.due == 600 * S
    track, effect = at(track, 600 * S)
    assert (effect, track.gone) == (None, 600 * S)
    assert at(track, 660 * S)[1] is Effect.CLEAR


def test_what_ended_while_nobody_looked_has_ended_then() -> None:
    track, _ = at(Track(), 0, Counts(0, 1, 600 * S))
    assert at(track, 9000 * S)[1] is Effect.CLEAR


def test_progress_moves_the_deadline_on() -> None:
    track, _ = at(Track(), 0, Awaits(0, 900 * S))
    track, _ = at(track, 800 * S, Awaits(800 * S, 1700 * S))
    assert at(track, 1699 * S)[1] is None
    track, effect = at(track, 1700 * S)
    assert effect is Effect.OPEN
    track, effect = at(track, 1800 * S, Awaits(1800 * S, 2700 * S))
    assert (effect, track.gone) == (None, 1800 * S)
    track, effect = at(track, 1860 * S)
    assert (effect, track.due) == (Effect.CLEAR, 2700 * S)
    assert at(track, 2700 * S)[1] is Effect.OPEN


def test_a_maintenance_window_opens_nothing_and_what_still_holds_at_its_end_opens_then() -> None:
    track, effect = at(Track(), 10 * S, Holds(10 * S, 0), muted=1000 * S)
    assert (effect, track.due) == (None, 1000 * S)
    assert at(track, 1000 * S, muted=None)[1] is Effect.OPEN
    assert at(learn(track, Ended(900 * S)), 1000 * S)[1] is None


def test_what_a_person_closed_does_not_open_again_before_it_was_over() -> None:
    track, _ = at(Track(), 10 * S, Holds(10 * S, 0))
    track = dismiss(track, 20 * S)
    track, effect = at(track, 30 * S, Holds(30 * S, 0))
    assert (effect, track.open) == (None, False)
    track, _ = at(track, 40 * S, Ended(40 * S))
    assert at(track, 50 * S, Holds(50 * S, 0))[1] is Effect.OPEN


times = st.integers(0, 100_000)


@given(st.lists(st.tuples(times, st.integers(1, 9)), max_size=40), st.integers(1, 30), st.integers(1, 50_000))
def test_a_count_holds_exactly_while_enough_are_within_the_window(
    said: list[tuple[int, int]], threshold: int, window: int
) -> None:
    """Against the plain definition, at every moment at which it could change."""
    track = Track()
    ordered = sorted(said)
    for moment, many in ordered:
        track = learn(track, Counts(moment, threshold, window, many))
    if not ordered:
        return
    last = ordered[-1][0]
    for now in {last, *(moment + window for moment, _ in ordered if moment + window > last)}:
        within = sum(many for moment, many in ordered if now - window < moment <= now)
        assert track.holds(now) == (within >= threshold), now


class Stories(RuleBasedStateMachine):
    """Signals of all kinds, some late, some twice, clocks that look early and late, people and windows."""

    @initialize()
    def begin(self) -> None:
        self.now, self.track = 1_000, Track()
        self.muted: int | None = None
        self.alert = False
        self.effects: list[Effect] = []

    def settle(self) -> None:
        muted = self.muted if self.muted is not None and self.muted > self.now else None
        self.track, effect = settle(self.track, self.now, clear=30, muted=muted)
        if effect is Effect.OPEN:
            assert not self.alert, "opened twice"
            self.alert = True
        elif effect is Effect.CLEAR:
            assert self.alert, "closed what was not open"
            self.alert = False
        again, nothing = settle(self.track, self.now, clear=30, muted=muted)
        assert (again, nothing) == (self.track, None), "settling twice is settling once"

    @rule(late=st.integers(0, 40), hold=st.integers(0, 50), times=st.integers(1, 3))
    def holds(self, late: int, hold: int, times: int) -> None:
        for _ in range(times):
            self.track = learn(self.track, Holds(self.now - late, hold))
            self.settle()

    @rule(late=st.integers(0, 40), times=st.integers(1, 3))
    def ends(self, late: int, times: int) -> None:
        for _ in range(times):
            self.track = learn(self.track, Ended(self.now - late))
            self.settle()

    @rule(late=st.integers(0, 40), threshold=st.integers(1, 4), window=st.integers(1, 60))
    def happens(self, late: int, threshold: int, window: int) -> None:
        self.track = learn(self.track, Counts(self.now - late, threshold, window))
        self.settle()

    @rule(within=st.integers(1, 50))
    def awaits(self, within: int) -> None:
        self.track = learn(self.track, Awaits(self.now, self.now + within))
        self.settle()

    @rule(later=st.integers(1, 120))
    def time_passes(self, later: int) -> None:
        self.now += later
        self.settle()

    @rule()
    def the_clerk_comes_when_it_is_due(self) -> None:
        if self.track.due is not None:
            self.now = max(self.now, self.track.due)
            self.settle()

    @rule(lasts=st.integers(1, 80))
    def a_window_begins(self, lasts: int) -> None:
        self.muted = self.now + lasts

    @rule()
    def a_person_resolves(self) -> None:
        if self.alert:
            self.track, self.alert = dismiss(self.track, self.now), False

    @invariant()
    def it_is_open_only_while_the_condition_lasts_or_a_little_longer(self) -> None:
        if not hasattr(self, "track"):
            return
        assert self.track.open == self.alert
        if self.alert and not self.track.holds(self.now):
            assert self.track.gone is not None
            assert self.now < self.track.gone + 30
            assert self.track.due is not None, "nobody would close it"

    @invariant()
    def what_holds_is_open_unless_there_is_a_reason(self) -> None:
        if not hasattr(self, "track") or self.alert or not self.track.holds(self.now):
            return
        if self.track.dismissed:
            return
        assert self.muted is not None
        assert self.track.due is not None, "nobody would open it at the window's end"

    @invariant()
    def what_lies_ahead_is_due(self) -> None:
        if hasattr(self, "track") and self.track.begins is not None and self.track.begins > self.now:
            assert self.track.due is not None
            assert self.track.due <= max(self.track.begins, self.now + 30)


TestStories = Stories.TestCase
TestStories.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


def test_idle_is_what_nothing_is_known_of() -> None:
    assert Track().idle
    assert not replace(Track(), samples=((1, 1),)).idle
