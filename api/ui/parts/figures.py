"""Numbers, energies, money and times as text, in the reader's language. All of them take None and say "–"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_time, format_timedelta, get_timezone_name
from babel.numbers import format_currency, format_decimal, format_percent

from api.ui.texts import _, locale
from engine.clock import SECOND

NONE = "–"
Figure = str | int | float | Decimal | None
Instant = str | int | datetime | None
"""ISO 8601 as the API writes it, microseconds since the Unix epoch, or a datetime."""


def number(value: Figure, digits: int | None = None) -> str:
    """With `digits` decimal places, or as many as it has up to three."""
    found = _decimal(value)
    if found is None:
        return NONE
    form = None if digits is None else f"#,##0.{'0' * digits}".rstrip(".")
    return format_decimal(found, format=form, locale=locale())


def percent(ratio: Figure) -> str:
    found = _decimal(ratio)
    return NONE if found is None else format_percent(found, locale=locale())


def energy(wh: Figure) -> str:
    """Of Wh: in kWh, or in MWh from ten of them on."""
    return _scaled(wh, (("MWh", 10_000_000, 1_000_000), ("kWh", 0, 1000)))


def power(w: Figure) -> str:
    """Of W: in kW, or in MW from ten of them on."""
    return _scaled(w, (("MW", 10_000_000, 1_000_000), ("kW", 0, 1000)))


def _scaled(value: Figure, units: tuple[tuple[str, int, int], ...]) -> str:
    found = _decimal(value)
    if found is None:
        return NONE
    unit, divisor = next((unit, divisor) for unit, least, divisor in units if abs(found) >= least)
    scaled = found / divisor
    return f"{number(scaled, 1 if abs(scaled) < 1000 else 0)}\N{NO-BREAK SPACE}{unit}"


def money(amount: Figure, currency: str | None) -> str:
    """An amount in major units of an ISO 4217 currency."""
    found = _decimal(amount)
    if found is None:
        return NONE
    return format_currency(found, currency, locale=locale()) if currency else number(found, 2)


def duration(seconds: Figure) -> str:
    """As h:mm, or m:ss under an hour."""
    found = _decimal(seconds)
    if found is None:
        return NONE
    whole = int(found)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours}:{minutes:02d}\N{NO-BREAK SPACE}h"
    return f"{minutes}:{whole % 60:02d}\N{NO-BREAK SPACE}min"


def moment(at: Instant, zone: str = "UTC", *, seconds: bool = False) -> str:
    """Date and time in a time zone, with the zone's name."""
    local = in_zone(at, zone)
    if local is None:
        return NONE
    written = format_datetime(local, "medium" if seconds else "short", locale=locale())
    return f"{written} {_zone(local)}"


def clock(at: Instant, zone: str = "UTC") -> str:
    """The time of day with seconds, without the zone: for lists that say the zone above."""
    local = in_zone(at, zone)
    return NONE if local is None else format_time(local, "medium", locale=locale())


def day(at: Instant, zone: str = "UTC") -> str:
    local = in_zone(at, zone)
    return NONE if local is None else format_date(local, "medium", locale=locale())


def ago(at: Instant, now: Instant = None) -> str:
    """How long ago, or in how long, in words."""
    then, here = instant(at), instant(now) or datetime.now(UTC)
    if then is None:
        return NONE
    passed = then - here
    if abs(passed) < timedelta(seconds=5):
        return _("just now")
    return format_timedelta(passed, add_direction=True, threshold=1.2, locale=locale())


def zone_name(zone: str, at: Instant = None) -> str:
    """The short name of a zone at that time, such as CET."""
    local = in_zone(at if at is not None else datetime.now(UTC), zone)
    return zone if local is None else _zone(local)


def instant(at: Instant) -> datetime | None:
    """The datetime in UTC; None for what is none."""
    if at is None or at == "":
        return None
    if isinstance(at, datetime):
        return at
    if isinstance(at, int):
        return datetime.fromtimestamp(at / SECOND, UTC)
    try:
        return datetime.fromisoformat(at)
    except ValueError:
        return None


def in_zone(at: Instant, zone: str) -> datetime | None:
    """The moment by the clock of that zone, of UTC if nobody knows it; None for what is none."""
    found = instant(at)
    if found is None:
        return None
    try:
        return found.astimezone(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return found.astimezone(UTC)


def _zone(local: datetime) -> str:
    return get_timezone_name(local, width="short", locale=locale())


def _decimal(value: Figure) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        found = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
