"""What follows from a failed try, for any history: never before its time, never more than ten tries, never for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.clock import SECOND
from engine.deliveries.course import LONGEST_PAUSE_S, RETRY_S, TOLERATED, after_failure, room, was_away
from engine.deliveries.senders.port import Outcome, failed

NOW = 1_767_225_600 * SECOND
LUCK = st.floats(0, 1, exclude_max=True)


@given(attempts=st.integers(1, 30), failures=st.integers(1, 1000), luck=LUCK, asked=st.floats(0, 3600))
def test_a_try_has_a_next_one_ten_times_and_each_lies_ahead(
    attempts: int, failures: int, luck: float, asked: float
) -> None:
    verdict = after_failure(failed("no", 503, retry_after_s=asked), attempts, failures, NOW, luck)
    if attempts > len(RETRY_S):
        assert verdict.retry_at is None
    else:
        pause = RETRY_S[attempts - 1] * SECOND
        assert verdict.retry_at is not None
        wait = verdict.retry_at - NOW
        assert max(pause * 0.8, asked * SECOND) - 1 <= wait <= max(pause * 1.2, asked * SECOND) + 1
    if verdict.paused_until is not None:
        assert 0 < verdict.paused_until - NOW <= max(LONGEST_PAUSE_S * 1.2, 3600) * SECOND
    assert (verdict.paused_until is not None) or (failures < TOLERATED and asked * SECOND < 1)


@given(failures=st.integers(1, 1000), luck=LUCK)
def test_what_is_never_taken_is_dead_at_once_and_no_sign_against_its_receiver(failures: int, luck: float) -> None:
    verdict = after_failure(Outcome(False, 550, "no such mailbox", final=True), 1, failures, NOW, luck)
    assert (verdict.retry_at, verdict.paused_until) == (None, None)


def test_all_tries_together_take_some_two_days() -> None:
    assert 40 * 3600 < sum(RETRY_S) < 50 * 3600


@given(failures=st.integers(0, 100), in_hand=st.integers(0, 10))
def test_who_fails_again_and_again_gets_one_at_a_time(failures: int, in_hand: int) -> None:
    most = {"webhook": 4, "email": 2, "apprise": 1} if failures < TOLERATED else dict.fromkeys(("webhook", "email"), 1)
    assert all(room(kind, failures, in_hand) == max(count - in_hand, 0) for kind, count in most.items())


def test_only_who_was_away_for_a_while_is_back() -> None:
    assert was_away(3, NOW - 60 * SECOND, NOW)
    assert not was_away(3, NOW - 59 * SECOND, NOW), "or one bad message would be tried again with each good one"
    assert not was_away(2, NOW - 3600 * SECOND, NOW)
    assert not was_away(0, None, NOW)
