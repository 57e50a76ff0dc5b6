"""Numbers, amounts and times as the reader's language writes them; times by the clock at the station, with its zone."""

from __future__ import annotations

import datetime as calendar
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, get_timezone_name
from babel.numbers import format_currency, format_decimal, get_currency_precision

from api.ui.texts import _, locale

Figure = str | int | float | Decimal | None


def money(amount: Figure, currency: str | None) -> str:
    """`₹396.00`; as many places as the currency has, two more where a unit price needs them."""
    if amount is None or currency is None:
        return "–"
    exact = Decimal(str(amount))
    if exact == round(exact, get_currency_precision(currency)):
        return format_currency(exact, currency, locale=locale())
    finer = locale().currency_formats["standard"].pattern.replace(".00", ".00##")
    return format_currency(exact, currency, format=finer, locale=locale(), currency_digits=False)


def kwh(amount: Figure) -> str:
    """Of kWh, to a tenth: `12.4 kWh`."""
    return "–" if amount is None else f"{format_decimal(Decimal(str(amount)), '#,##0.0', locale())} kWh"


def kwh_of_wh(amount: Figure) -> str:
    return kwh(None if amount is None else Decimal(str(amount)) / 1000)


def kw_of_w(power: Figure) -> str:
    """`11 kW`, `7.4 kW`."""
    if power is None:
        return "–"
    return f"{format_decimal(Decimal(str(power)) / 1000, '#,##0.#', locale())} kW"


def distance(metres: Figure) -> str:
    """`350 m`, `2.4 km`, `38 km`."""
    if metres is None:
        return ""
    far = float(metres)
    if far < 1000:
        return f"{round(far / 10) * 10} m"
    return f"{format_decimal(far / 1000, '0.#' if far < 10_000 else '#,##0', locale())} km"


def minutes(count: Figure) -> str:
    """`5 min`, `1 h 20 min`."""
    if count is None:
        return "–"
    hours, rest = divmod(int(count), 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"


def at(moment: str | None, zone: str = "UTC") -> datetime | None:
    """An instant of the API on the clock at the station."""
    if moment is None:
        return None
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone(ZoneInfo(zone))


def clock(moment: str | None, zone: str = "UTC") -> str:
    """`14:05 (IST)`: by the clock at the station."""
    local = at(moment, zone)
    return "–" if local is None else f"{format_time(local, 'short', locale=locale())} ({zone_name(local)})"


def day_and_clock(moment: str | None, zone: str = "UTC") -> str:
    """`26 Nov 2026, 14:05 (IST)`; today without the day."""
    local = at(moment, zone)
    if local is None:
        return "–"
    if local.date() == datetime.now(UTC).astimezone(local.tzinfo).date():
        return _("Today {clock}", clock=clock(moment, zone))
    return f"{format_datetime(local, 'medium', locale=locale()).rpartition(':')[0]} ({zone_name(local)})"


def day(moment: str | None, zone: str = "UTC") -> str:
    local = at(moment, zone)
    return "–" if local is None else format_date(local, "medium", locale=locale())


def date(day: str) -> str:
    """A day that is one already, such as the issuer's day on a receipt: `2026-11-26` → `26 Nov 2026`."""
    return format_date(calendar.date.fromisoformat(day), "medium", locale=locale())


def zone_name(local: datetime) -> str:
    """`IST`, `CET`; where a zone has no such name, how far it is from UTC."""
    name = local.tzname() or ""
    return name if name.isalpha() else get_timezone_name(local, "short", locale=locale())
