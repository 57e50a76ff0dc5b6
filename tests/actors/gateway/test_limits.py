"""Limits of handshakes and of guessing."""

from __future__ import annotations

import pytest

from actors.gateway.limits import MAX_TRACKED_ADDRESSES, FailureLimit, Pace


def test_handshakes_are_spread_evenly_after_a_burst_of_a_second() -> None:
    pace = Pace(100.0)
    delays = [pace.delay(50.0) for _ in range(300)]
    assert delays[:99] == [0.0] * 99
    assert delays[-1] == pytest.approx(2.0, abs=0.02)
    assert pace.delay(53.0) == 0.0


def test_a_few_failures_are_free_and_then_one_at_a_time() -> None:
    limit = FailureLimit(burst=3, refill_s=2.0)
    for _ in range(3):
        assert limit.retry_after("a", 10.0) == 0.0
        limit.failed("a", 10.0)
    assert limit.retry_after("a", 10.0) == pytest.approx(2.0)
    assert limit.retry_after("b", 10.0) == 0.0
    assert limit.retry_after("a", 12.0) == 0.0


def test_old_addresses_are_forgotten_before_memory_fills() -> None:
    limit = FailureLimit(burst=1, refill_s=1000.0)
    for number in range(MAX_TRACKED_ADDRESSES + 1):
        limit.failed(str(number), 10.0)
    assert limit.retry_after("0", 10.0) == 0.0
    assert limit.retry_after(str(MAX_TRACKED_ADDRESSES), 10.0) > 0
