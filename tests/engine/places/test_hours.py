"""Opening hours: what OCPI's form says, minute by minute, in the time of the station."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.clock import SECOND
from engine.errors import InvalidInput
from engine.places.hours import hours_of, said_of

times = st.one_of(st.integers(0, 1439).map(lambda m: f"{m // 60:02d}:{m % 60:02d}"), st.just("24:00"))
begins = times.filter(lambda time: time != "24:00")
regular = st.fixed_dictionaries({"weekday": st.integers(1, 7), "period_begin": begins, "period_end": times})
instants = st.integers(1_767_225_600, 1_798_761_600)


def iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@st.composite
def periods(draw: st.DrawFn) -> dict[str, str]:
    begin = draw(instants)
    return {"period_begin": iso(begin), "period_end": iso(begin + draw(st.integers(1, 7 * 86_400)))}


@st.composite
def hours(draw: st.DrawFn) -> dict[str, Any]:
    always = draw(st.booleans())
    said: dict[str, Any] = {"twentyfourseven": always}
    if not always:
        said["regular_hours"] = draw(st.lists(regular, min_size=1, max_size=5))
    for name in ("exceptional_openings", "exceptional_closings"):
        if found := draw(st.lists(periods(), max_size=2)):
            said[name] = found
    return said


@given(hours())
def test_what_is_stored_says_the_same_as_what_was_said(said: dict[str, Any]) -> None:
    read = hours_of(said)
    stored = said_of(read)
    assert hours_of(stored) == read
    assert said_of(hours_of(stored)) == stored


@given(hours(), instants, st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"]))
@example(
    {"twentyfourseven": False, "regular_hours": [{"weekday": 7, "period_begin": "22:00", "period_end": "06:00"}]},
    1_767_570_000,
    "UTC",
)
def test_it_is_open_when_somebody_reading_the_list_would_say_so(said: dict[str, Any], at: int, zone: str) -> None:
    assert hours_of(said).is_open(at * SECOND, zone) == _open_by_the_book(said, at, zone)


def _open_by_the_book(said: dict[str, Any], at: int, zone: str) -> bool:
    """The same, told by the words of the list alone."""

    def within(name: str) -> bool:
        return any(each["period_begin"] <= iso(at) < each["period_end"] for each in said.get(name, ()))

    if within("exceptional_closings"):
        return False
    if said["twentyfourseven"] or within("exceptional_openings"):
        return True
    local = datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None)
    for each in said["regular_hours"]:
        for day in (local.date() - timedelta(days=1), local.date()):
            if day.isoweekday() != each["weekday"]:
                continue
            midnight = datetime.combine(day, datetime.min.time())
            begin = midnight + _after_midnight(each["period_begin"])
            end = midnight + _after_midnight(each["period_end"])
            if end <= begin:
                end += timedelta(days=1)
            if begin <= local < end:
                return True
    return False


def _after_midnight(time: str) -> timedelta:
    hour, minute = time.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def test_the_clock_on_the_wall_counts_when_it_is_put_forward() -> None:
    sundays = hours_of(
        {"twentyfourseven": False, "regular_hours": [{"weekday": 7, "period_begin": "01:00", "period_end": "04:00"}]}
    )
    spring = datetime(2026, 3, 29, tzinfo=UTC)
    opened = [spring + timedelta(minutes=30 * half) for half in range(-4, 8)]
    told = [at.strftime("%H:%M") for at in opened if sundays.is_open(int(at.timestamp()) * SECOND, "Europe/Berlin")]
    assert told == ["00:00", "00:30", "01:00", "01:30"], "from 01:00 to 04:00 on the wall, and only two hours long"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "opening_hours.twentyfourseven"),
        ({"twentyfourseven": True, "regular_hours": [{}]}, "opening_hours.regular_hours.0"),
        ({"twentyfourseven": False}, "opening_hours.regular_hours"),
        ({"twentyfourseven": True, "open": True}, "opening_hours.open"),
        ({"twentyfourseven": True, "exceptional_closings": "never"}, "opening_hours.exceptional_closings"),
        (
            {
                "twentyfourseven": True,
                "exceptional_closings": [{"period_begin": "2026-01-02", "period_end": "2026-01-01"}],
            },
            "opening_hours.exceptional_closings.0.period_end",
        ),
        (
            {"twentyfourseven": False, "regular_hours": [{"weekday": 8, "period_begin": "1:00", "period_end": "2:00"}]},
            "opening_hours.regular_hours.0.weekday",
        ),
    ],
)
def test_what_are_no_hours_is_refused_with_the_member(said: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        hours_of(said)
    assert caught.value.field == field
    assert caught.value.remedy
