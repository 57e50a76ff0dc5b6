"""Numbers of receipts: `RC/{fy}/{n:06d}` → RC/26-27/000017.

`{n}` counts up, from 1, without a gap; `{n:06d}` fills it with zeros to six digits. `{fy}` is the financial year: 26-27
where it begins in April, 2026 where it begins in January. With it the count begins anew each year.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import InvalidInput

_PARTS = re.compile(r"\{n(?::0([1-9])d)?\}|\{fy\}|[A-Za-z0-9/.\-]")
_COUNT = re.compile(r"\{n(?::0([1-9])d)?\}")
INDIAN_LENGTH = 16
"""Longest number of an Indian tax invoice or credit note (CGST Rules, rules 46(b) and 53(1A))."""


def checked_format(text: str, *, indian: bool = False, field: str = "number_format") -> str:
    """`text`, if it is a format. Raises InvalidInput."""
    if len(text) > 40 or "".join(match[0] for match in _PARTS.finditer(text)) != text or len(_COUNT.findall(text)) != 1:
        raise InvalidInput(
            "A number's format has letters, digits, / - and . around exactly one {n}, and {fy} if you like.",
            field=field,
            remedy="For instance RC/{fy}/{n:06d}.",
        )
    if indian and len(number_of(text, "26-27", 1)) > INDIAN_LENGTH:
        raise InvalidInput(
            f"In India a number has at most {INDIAN_LENGTH} characters.", field=field, remedy="RC/{fy}/{n:06d} has 15."
        )
    return text


def period_of(text: str, day: date, year_begins: int) -> str:
    """The financial year that `day` is in, "" for a format that does not name it. `year_begins`: its month."""
    if "{fy}" not in text:
        return ""
    year = day.year if day.month >= year_begins else day.year - 1
    return str(year) if year_begins == 1 else f"{year % 100:02d}-{(year + 1) % 100:02d}"


def number_of(text: str, period: str, count: int) -> str:
    """The number itself."""
    filled = _COUNT.sub(lambda match: f"{count:0{int(match[1] or 1)}d}", text)
    return filled.replace("{fy}", period)


def checked_zone(zone: str) -> str:
    """`zone`, if it is an IANA time zone. Raises InvalidInput."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(
            "Unknown time zone.", field="time_zone", remedy="An IANA zone, such as Asia/Kolkata."
        ) from error
    return zone


def local_day(at: int, zone: str) -> date:
    """The date at `at` (microseconds) where the clocks show `zone`."""
    return datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(ZoneInfo(zone)).date()
