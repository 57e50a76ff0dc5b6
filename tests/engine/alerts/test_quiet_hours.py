"""Quiet hours in somebody's own time zone, over midnight and over the days on which clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alerts.quiet_hours import NEVER, NOW, Preference, checked, quiet_until, when
from engine.clock import SECOND
from engine.errors import InvalidInput

NIGHT = Preference(quiet_from=22 * 60, quiet_to=7 * 60 + 30, time_zone="Asia/Kolkata", severity="minor")


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


def test_the_night_in_kolkata_ends_at_half_past_seven_there() -> None:
    assert quiet_until(NIGHT, at("2026-01-01T22:00+05:30")) == at("2026-01-02T07:30+05:30")
    assert quiet_until(NIGHT, at("2026-01-02T07:29+05:30")) == at("2026-01-02T07:30+05:30")
    assert quiet_until(NIGHT, at("2026-01-02T07:30+05:30")) is None
    assert quiet_until(NIGHT, at("2026-01-02T21:59+05:30")) is None


def test_only_what_is_critical_goes_through_and_what_is_less_than_wanted_is_not_told() -> None:
    night, day = at("2026-01-01T23:00+05:30"), at("2026-01-01T12:00+05:30")
    assert when(NIGHT, "major", night) == at("2026-01-02T07:30+05:30")
    assert when(NIGHT, "critical", night) == NOW
    assert when(NIGHT, "warning", day) == NEVER
    assert when(NIGHT, "minor", day) == NOW
    assert (
        when(Preference(quiet_from=0, quiet_to=1439, critical_through=False), "critical", at("2026-01-01T12:00Z")) > 0
    )


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_the_quiet_ends_later_within_a_day_and_after_it_nobody_waits(
    now: datetime, begin: int, end: int, zone: str
) -> None:
    preference = Preference(quiet_from=begin, quiet_to=end, time_zone=zone)
    micros = round(now.timestamp()) * SECOND
    until = quiet_until(preference, micros)
    if until is None:
        return
    assert micros < until <= micros + 26 * 3600 * SECOND
    local = datetime.fromtimestamp(until / SECOND, UTC).astimezone(ZoneInfo(zone))
    if begin != (end + 1) % 1440 and local.hour * 60 + local.minute == end:
        assert quiet_until(preference, until) is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (Preference(severity="awful"), "severity"),
        (Preference(quiet_from=1440), "quiet_from"),
        (Preference(time_zone="Mars/Olympus"), "time_zone"),
        (Preference(time_zone="../etc/passwd"), "time_zone"),
        (Preference(channels=("x",) * 21), "channels"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field(wrong: Preference, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked(wrong)
    assert refused.value.field == field
