"""What a person wants to be told, and when: severity, quiet hours in their own time zone, channels. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.alerts.rules import CRITICAL, MINOR, SEVERITIES, at_least
from engine.clock import SECOND
from engine.errors import InvalidInput

MINUTES_OF_A_DAY = 1440
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Preference:
    """`quiet_from` until `quiet_to` are minutes after midnight in `time_zone` (IANA); equal: never quiet.

    `email`: whether letters are wanted. `channels` are delivery channels that this person is told by besides. What is
    less than `severity` is not told at all; `critical_through`: critical alerts do not wait for the end of the quiet.
    """

    email: bool = True
    channels: tuple[str, ...] = ()
    severity: str = MINOR
    quiet_from: int = 0
    quiet_to: int = 0
    time_zone: str = "UTC"
    critical_through: bool = True
    version: int = 0


NOW, NEVER = -1, -2
"""Instead of a time at which somebody is told."""


def when(preference: Preference, severity: str, now: int) -> int:
    """NOW, NEVER, or the end of the quiet hours for which it waits (µs)."""
    if not at_least(severity, preference.severity):
        return NEVER
    until = quiet_until(preference, now)
    if until is None or (severity == CRITICAL and preference.critical_through):
        return NOW
    return until


def quiet_until(preference: Preference, now: int) -> int | None:
    """The end of the quiet hours in which `now` lies, None outside of them."""
    begin, end = preference.quiet_from, preference.quiet_to
    if begin == end:
        return None
    local = (_EPOCH + timedelta(microseconds=now)).astimezone(ZoneInfo(preference.time_zone))
    minute = local.hour * 60 + local.minute
    quiet = begin <= minute < end if begin < end else minute >= begin or minute < end
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if minute >= end else 0)
    until = datetime.combine(day, time(end // 60, end % 60), tzinfo=local.tzinfo)
    # Where the clock is set forward over the end, that wall time may lie behind us: the quiet is over.
    return max(round((until - _EPOCH).total_seconds()) * SECOND, now + SECOND)


def checked(preference: Preference) -> Preference:
    """The preference, if it can be used. Raises InvalidInput that names the field."""
    if preference.severity not in SEVERITIES:
        raise InvalidInput("No severity.", field="severity", remedy=f"Use one of {', '.join(SEVERITIES)}.")
    for name in ("quiet_from", "quiet_to"):
        if not 0 <= getattr(preference, name) < MINUTES_OF_A_DAY:
            raise InvalidInput("No time of a day.", field=name, remedy="Use 00:00 to 23:59.")
    try:
        ZoneInfo(preference.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput("No time zone.", field="time_zone", remedy="Use an IANA name, Asia/Kolkata.") from error
    if len(preference.channels) > 20 or not all(0 < len(each) <= 64 for each in preference.channels):
        raise InvalidInput("Too many channels.", field="channels", remedy="Give 20 ids at most.")
    return preference
