"""Times: what stations write, and what is believed of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import SECOND, to_iso
from engine.ocpp.times import EARLIEST, FUTURE_TOLERANCE, read_time


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


RECEIVED = at("2026-11-22T12:00:00+00:00")


@pytest.mark.parametrize(
    ("said", "believed", "deviation"),
    [
        ("2024-07-09T07:18:36Z", "2024-07-09T07:18:36+00:00", None),
        ("2024-07-09T07:18:36.5Z", "2024-07-09T07:18:36.5+00:00", None),
        ("2024-07-09T07:18:36.123Z", "2024-07-09T07:18:36.123+00:00", None),
        ("2024-07-09T07:18:36.123456789Z", "2024-07-09T07:18:36.123456+00:00", None),
        ("2024-07-09t07:18:36z", "2024-07-09T07:18:36+00:00", None),
        ("2024-07-09T07:18:36+02:00", "2024-07-09T05:18:36+00:00", None),
        ("2024-07-09T07:18:36.100-0330", "2024-07-09T10:48:36.1+00:00", None),
        ("2019-04-05T12:00:00", "2019-04-05T12:00:00+00:00", "no_zone"),
        ("2019-04-05 12:00:00", "2019-04-05T12:00:00+00:00", "no_zone"),
        ("2022-02-29T10:00:00Z", "2022-03-01T10:00:00+00:00", "impossible_date"),
        ("2022-04-31T10:00:00.000Z", "2022-05-01T10:00:00+00:00", "impossible_date"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00", None),
        ("1721977056", "2024-07-26T06:57:36+00:00", "epoch_time"),
        ("1721977056123", "2024-07-26T06:57:36.123+00:00", "epoch_time"),
    ],
)  # fmt: skip
def test_a_time_that_can_be_read_is_believed(said: str, believed: str, deviation: str | None) -> None:
    assert read_time(said, RECEIVED) == (at(believed), deviation)


@pytest.mark.parametrize(
    ("said", "deviation"),
    [
        ("1970-01-01T00:00:12Z", "clock_not_set"),
        ("1970-01-01T00:00:12.000Z", "clock_not_set"),
        ("2000-01-01T00:00:00+01:00", "clock_not_set"),
        ("2099-01-01T00:00:00Z", "future_time"),
        ("2099-01-01T00:00:00", "future_time"),
        ("9998-12-31T24:00:00Z", "future_time"),
        ("", "unreadable_time"),
        ("2024-07-09T07:18:36Z" + " " * 1000, "unreadable_time"),
        ("yesterday", "unreadable_time"),
        ("2024-13-01T00:00:00Z", "unreadable_time"),
        ("2024-01-01T25:00:00Z", "unreadable_time"),
        ("2024-01-01T00:00:0²Z", "unreadable_time"),
        ("0000-00-00T00:00:00Z", "unreadable_time"),
    ],
)
def test_a_time_that_cannot_be_believed_gives_the_time_of_receipt(said: str, deviation: str) -> None:
    assert read_time(said, RECEIVED) == (RECEIVED, deviation)


def test_local_time_labelled_z_is_believed_because_nothing_tells() -> None:
    assert read_time("2026-11-22T14:00:00Z", RECEIVED) == (RECEIVED + 7200 * SECOND, None)


@given(
    st.text(max_size=40)
    | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", fullmatch=True)
)
def test_no_text_raises_and_what_is_believed_is_plausible(said: str) -> None:
    believed, _ = read_time(said, RECEIVED)
    assert EARLIEST <= believed <= RECEIVED + FUTURE_TOLERANCE


@given(st.integers(EARLIEST // 1000, (RECEIVED + FUTURE_TOLERANCE) // 1000))
def test_what_we_write_we_read(millis: int) -> None:
    assert read_time(to_iso(millis * 1000), RECEIVED) == (millis * 1000, None)


@given(st.datetimes(datetime(2010, 1, 2), datetime(2026, 11, 22)), st.integers(-14 * 60, 14 * 60))
def test_offsets_are_taken_off(naive: datetime, minutes: int) -> None:
    sign = "-" if minutes < 0 else "+"
    text = f"{naive:%Y-%m-%dT%H:%M:%S}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    expected = naive.replace(microsecond=0, tzinfo=UTC) - timedelta(minutes=minutes)
    assert read_time(text, RECEIVED) == (round(expected.timestamp()) * SECOND, None)
