"""When a station can be reached: opening hours as OCPI has them, in the station's own time.

    {"twentyfourseven": false,
     "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}],
     "exceptional_openings": [{"period_begin": "2026-12-24T09:00:00Z", "period_end": "2026-12-24T14:00:00Z"}],
     "exceptional_closings": […]}

Weekdays count from 1, Monday, to 7, Sunday. A period that ends at 24:00, or at 00:00, ends with its day; one that ends
before it begins, after midnight. A closing beats everything, an opening the regular hours. The exceptions are instants.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine.clock import to_iso
from engine.errors import InvalidInput

MAX_PERIODS = 100
DAY = 24 * 60
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_WEEK = 7 * DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Regular:
    """Every week: `weekday` 1 to 7, `begin` in minutes after its midnight, `end` likewise and above `begin`."""

    weekday: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Period:
    """From `begin` to before `end`, in microseconds since the epoch."""

    begin: int
    end: int

    def holds(self, at: int) -> bool:
        return self.begin <= at < self.end


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Open all day and week, or at the regular hours; with exceptions."""

    always: bool
    regular: tuple[Regular, ...] = ()
    openings: tuple[Period, ...] = ()
    closings: tuple[Period, ...] = ()

    def is_open(self, at: int, zone: str) -> bool:
        """Whether it is open at `at` (microseconds), by the clock on the wall in `zone`."""
        if any(period.holds(at) for period in self.closings):
            return False
        if self.always or any(period.holds(at) for period in self.openings):
            return True
        local = datetime.fromtimestamp(at // 1_000_000, ZoneInfo(zone))
        minute = (local.isoweekday() - 1) * DAY + local.hour * 60 + local.minute
        return any(_within_week(period, minute) for period in self.regular)


ALWAYS = OpeningHours(True)


def _within_week(period: Regular, minute: int) -> bool:
    begin = (period.weekday - 1) * DAY + period.begin
    # Sunday night's hours go on into Monday morning.
    return (minute - begin) % _WEEK < period.end - period.begin


def hours_of(said: Mapping[str, Any], field: str = "opening_hours") -> OpeningHours:
    """Read OCPI's Hours. Raises InvalidInput that names the member."""
    unknown = said.keys() - {"twentyfourseven", "regular_hours", "exceptional_openings", "exceptional_closings"}
    if unknown:
        raise _wrong(f"{field}.{min(unknown)}", "is no member of opening hours", "Leave it out.")
    always = said.get("twentyfourseven")
    if not isinstance(always, bool):
        raise _wrong(f"{field}.twentyfourseven", "is missing", "Give true or false.")
    regular = tuple(
        _regular(each, f"{field}.regular_hours.{n}") for n, each in enumerate(_list(said, "regular_hours", field))
    )
    if always and regular:
        raise _wrong(f"{field}.regular_hours", "cannot be beside twentyfourseven", "Give one of the two.")
    if not always and not regular:
        raise _wrong(f"{field}.regular_hours", "is missing", "Give the hours of a week, or twentyfourseven.")
    openings, closings = (
        tuple(_period(each, f"{field}.{name}.{n}") for n, each in enumerate(_list(said, name, field)))
        for name in ("exceptional_openings", "exceptional_closings")
    )
    return OpeningHours(always, regular, openings, closings)


def said_of(hours: OpeningHours) -> dict[str, Any]:
    """The same in OCPI's form, as it is stored and shown."""
    said: dict[str, Any] = {"twentyfourseven": hours.always}
    if hours.regular:
        said["regular_hours"] = [
            {"weekday": each.weekday, "period_begin": _clock(each.begin), "period_end": _clock(each.end)}
            for each in hours.regular
        ]
    for name, periods in (("exceptional_openings", hours.openings), ("exceptional_closings", hours.closings)):
        if periods:
            said[name] = [{"period_begin": to_iso(each.begin), "period_end": to_iso(each.end)} for each in periods]
    return said


def _list(said: Mapping[str, Any], name: str, field: str) -> list[Any]:
    found = said.get(name, [])
    if not isinstance(found, list) or len(found) > MAX_PERIODS:
        raise _wrong(f"{field}.{name}", f"is no list of up to {MAX_PERIODS} periods", "Give a list.")
    return found


def _regular(said: Any, field: str) -> Regular:
    if not isinstance(said, Mapping) or said.keys() != {"weekday", "period_begin", "period_end"}:
        raise _wrong(field, "is no period of a week", "Give weekday, period_begin and period_end.")
    weekday = said["weekday"]
    if isinstance(weekday, bool) or not isinstance(weekday, int) or not 1 <= weekday <= 7:
        raise _wrong(f"{field}.weekday", f"cannot be {weekday!r}", "Use 1 for Monday to 7 for Sunday.")
    begin = _minutes(said["period_begin"], f"{field}.period_begin")
    end = _minutes(said["period_end"], f"{field}.period_end")
    if begin == DAY:
        raise _wrong(f"{field}.period_begin", "cannot be 24:00", "Use 00:00 of the next day.")
    return Regular(weekday, begin, end if end > begin else end + DAY)


def _minutes(said: Any, field: str) -> int:
    found = _TIME.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        raise _wrong(field, f"cannot be {said!r}", "Use HH:MM from 00:00 to 24:00.")
    return DAY if found[1] is None else int(found[1]) * 60 + int(found[2])


def _clock(minutes: int) -> str:
    if minutes > DAY:
        minutes -= DAY
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _period(said: Any, field: str) -> Period:
    if not isinstance(said, Mapping) or said.keys() != {"period_begin", "period_end"}:
        raise _wrong(field, "is no period", "Give period_begin and period_end.")
    begin, end = (_instant(said[name], f"{field}.{name}") for name in ("period_begin", "period_end"))
    if end <= begin:
        raise _wrong(f"{field}.period_end", "is not after period_begin", "Give a later one.")
    return Period(begin, end)


def _instant(said: Any, field: str) -> int:
    try:
        at = datetime.fromisoformat(said)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        instant = (at - _EPOCH) // timedelta(milliseconds=1) * 1000
    except (TypeError, ValueError, OverflowError):
        raise _wrong(field, f"cannot be {said!r}", "Use a time as in 2026-12-24T09:00:00Z.") from None
    if instant < 0:
        raise _wrong(field, f"cannot be {said!r}", "Use a time after 1970.")
    return instant


def _wrong(field: str, what: str, remedy: str) -> InvalidInput:
    return InvalidInput(f"{field} {what}.", field=field, remedy=remedy)
