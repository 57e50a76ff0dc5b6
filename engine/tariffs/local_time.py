"""Local time as arithmetic: between two changes of a zone's offset, local time is UTC plus a constant.

Whatever happens at a local time of day or at midnight is found within such spans by integer arithmetic, so an hour that
is skipped or told twice in spring and autumn is never guessed: a 23-hour day is 23 hours long.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine import errors
from engine.clock import SECOND

Instant = int | Fraction
"""Microseconds UTC; a Fraction where a boundary was interpolated."""

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_PROBE = 6 * HOUR
"""No zone has ever changed its offset and changed it back within so short a time."""


class Span(NamedTuple):
    """From `since` to `until` (microseconds) the zone's clocks show UTC plus `offset` microseconds."""

    since: int
    until: int
    offset: int


def spans(zone: str, since: int, until: int) -> list[Span]:
    """The spans of constant offset that cover `since` to `until`. Raises InvalidInput for an unknown zone."""
    found: list[Span] = []
    begin, offset = since, offset_at(zone, since)
    probe = since
    while probe < until:
        last, probe = probe, min(_PROBE * (probe // _PROBE + 1), until)
        there = offset_at(zone, probe)
        if there != offset:
            change = _change_between(zone, last, probe, offset)
            found.append(Span(begin, change, offset))
            begin, offset = change, there
    found.append(Span(begin, until, offset))
    return found


def _change_between(zone: str, before: int, after: int, offset: int) -> int:
    """The first whole second after `before` that has another offset than `offset`; offsets change at whole seconds."""
    low, high = before // SECOND, -(-after // SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, middle * SECOND) == offset:
            low = middle
        else:
            high = middle
    return high * SECOND


@lru_cache(maxsize=16_384)
def offset_at(zone: str, instant: int) -> int:
    """Microseconds by which the zone's clocks are ahead of UTC. Raises InvalidInput for an unknown zone."""
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise errors.InvalidInput(
            f"There is no time zone {zone!r}.", field="zone", remedy="An IANA name, for example Asia/Kolkata."
        ) from None
    offset = (_EPOCH + timedelta(microseconds=instant)).astimezone(known).utcoffset() or timedelta()
    return offset // timedelta(microseconds=1)


def local_instants(within: Iterable[Span], times: Iterable[int]) -> list[int]:
    """All instants, in order, at which the local clock shows one of these times of day (microseconds of the day).

    The bounds of the spans themselves, where the clock jumps, are among them.
    """
    wanted = sorted(set(times))
    found: list[int] = []
    for span in within:
        found.append(span.since)
        first, last = (span.since + span.offset) // DAY, (span.until + span.offset) // DAY
        for day in range(first, last + 1):
            for each in wanted:
                instant = day * DAY + each - span.offset
                if span.since < instant < span.until:
                    found.append(instant)
    return found


def microseconds_of_day(value: time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * SECOND + value.microsecond


def day_number(value: date) -> int:
    """Days since 1970-01-01."""
    return value.toordinal() - _EPOCH_DAY


def weekday(day: int) -> int:
    """1 Monday … 7 Sunday, of a day number."""
    return (day + 3) % 7 + 1
