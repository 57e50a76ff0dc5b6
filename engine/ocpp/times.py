"""Reads the times that stations write: what can be believed of them, in microseconds, and what was odd.

OCPP 1.6 section 3.13 and 2.x Part 2 ask for RFC 3339. Local time that is labelled Z cannot be told from one value: the
charge point's machine measures each station's drift.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from engine.clock import SECOND
from engine.ocpp.deviations import Deviation

EARLIEST: Final = 1_262_304_000 * SECOND
"""2010-01-01. OCPP-J is younger, so a clock that says less was never set."""

FUTURE_TOLERANCE: Final = 86_400 * SECOND
"""How far ahead of our clock a time may be: local time labelled Z is up to 14 hours ahead, a day is more than that."""

MAX_LENGTH: Final = 64
"""Longer texts are no time, whatever they begin with."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CACHE_LIMIT: Final = 8192
_minutes: Final[dict[str, int]] = {}
_SECONDS_Z: Final = {f"{s:02d}Z": s * SECOND for s in range(60)}
_SECONDS_DOT: Final = {f"{s:02d}.": s * SECOND for s in range(60)}
_MILLIS_Z: Final = {f"{ms:03d}Z": ms * 1000 for ms in range(1000)}

_LOOSE = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[Tt ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,30}))?)?"
    r" ?([Zz]|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?",
    re.ASCII,
)
_EPOCH_NUMBER = re.compile(r"(\d{9,16})(?:\.\d*)?", re.ASCII)


def read_time(said: str, received: int) -> tuple[int, Deviation | None]:
    """The time to believe for the text `said` of a frame received at `received`, and what was odd about it.

    Never raises. What cannot be believed (clock not set, far future, unreadable) gives the time of receipt.
    """
    believed = _usual_time(said)
    if believed is None:
        return _read_slowly(said, received)
    if believed - received > FUTURE_TOLERANCE:
        return received, Deviation.FUTURE_TIME
    if believed < EARLIEST:
        return received, Deviation.CLOCK_NOT_SET
    return believed, None


def _usual_time(said: str) -> int | None:
    """Microseconds of `YYYY-MM-DDTHH:MM:SSZ` or `YYYY-MM-DDTHH:MM:SS.mmmZ`; None for any other text."""
    length = len(said)
    if length == 20 or length == 24:
        minute = _minutes.get(said[:17])
        if minute is None:
            minute = _learn_minute(said)
        if minute is not None:
            if length == 20:
                second = _SECONDS_Z.get(said[17:])
                if second is not None:
                    return minute + second
            else:
                second = _SECONDS_DOT.get(said[17:20])
                millis = _MILLIS_Z.get(said[20:])
                if second is not None and millis is not None:
                    return minute + second + millis
    return None


def read_usual_time(said: str, received: int) -> int | None:
    """As `read_time`, for the two usual spellings and with nothing odd about it; None for any other."""
    believed = _usual_time(said)
    if believed is None or believed - received > FUTURE_TOLERANCE or believed < EARLIEST:
        return None
    return believed


_NEVER = 2**62


def read_planned_time(said: str) -> int | None:
    """A time that may lie ahead as far as it likes, as those do that we name; None if it is unreadable."""
    believed, _ = read_time(said, _NEVER)
    return None if believed == _NEVER else believed


_MINUTE_PREFIX = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:", re.ASCII)


def _learn_minute(said: str) -> int | None:
    """Microseconds of the minute that `said` begins with (`YYYY-MM-DDTHH:MM:`), remembered; None if it is none."""
    prefix = said[:17]
    if _MINUTE_PREFIX.fullmatch(prefix) is None:
        return None
    try:
        minute = (datetime.fromisoformat(prefix + "00+00:00") - _EPOCH) // _MICROSECOND
    except ValueError:
        return None
    if len(_minutes) >= _CACHE_LIMIT:
        _minutes.clear()
    _minutes[prefix] = minute
    return minute


def _read_slowly(said: str, received: int) -> tuple[int, Deviation | None]:
    if len(said) > MAX_LENGTH:
        return received, Deviation.UNREADABLE_TIME
    text = said.strip()
    parts = _LOOSE.fullmatch(text)
    if parts is not None:
        believed, deviation = _from_parts(parts, received)
    else:
        number = _EPOCH_NUMBER.fullmatch(text)
        if number is None:
            return received, Deviation.UNREADABLE_TIME
        believed, deviation = _from_number(int(number[1])), Deviation.EPOCH_TIME
    if believed < EARLIEST:
        return received, deviation if deviation is Deviation.UNREADABLE_TIME else Deviation.CLOCK_NOT_SET
    if believed - received > FUTURE_TOLERANCE:
        return received, Deviation.FUTURE_TIME
    return believed, deviation


def _from_number(number: int) -> int:
    """Seconds (up to 11 digits), milliseconds (up to 14) or microseconds."""
    if number < 10**11:
        return number * SECOND
    return number * 1000 if number < 10**14 else number


def _from_parts(parts: re.Match[str], received: int) -> tuple[int, Deviation | None]:
    year, month, day, hour, minute = (int(parts[i]) for i in range(1, 6))
    second = int(parts[6] or 0)
    micros = int((parts[7] or "0")[:6].ljust(6, "0"))
    if not (1 <= year <= 9998 and 1 <= month <= 12 and 1 <= day <= 31 and hour <= 24 and minute < 60 and second <= 60):
        return received, Deviation.UNREADABLE_TIME
    # Counting on from the first of the month takes 29 February 2022 as 1 March: a clock that does not know leap years
    # has counted the right number of days. It also takes leap seconds and 24:00.
    first = datetime(year, month, 1, tzinfo=UTC)
    at = first + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second, microseconds=micros)
    zone = (parts[8] or "").upper()
    deviation: Deviation | None = None if zone else Deviation.NO_ZONE
    if zone[:1] in ("+", "-"):
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        believed = (at - _EPOCH - (offset if zone[0] == "+" else -offset)) // _MICROSECOND
    else:
        believed = (at - _EPOCH) // _MICROSECOND
    if (first + timedelta(days=day - 1)).month != month:
        deviation = Deviation.IMPOSSIBLE_DATE
    return believed, deviation
