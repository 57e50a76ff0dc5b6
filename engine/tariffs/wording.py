"""Quantities and restrictions in plain English, as lines' reasons and the linter's findings name them."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

from engine.clock import SECOND
from engine.tariffs.conditions import Quantity
from engine.tariffs.local_time import Instant
from engine.tariffs.model import Reservation, Restrictions

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAYS, _WEEKEND = frozenset(range(1, 6)), frozenset({6, 7})


def kwh(wh: Quantity) -> str:
    """`22.000 kWh`: whole Wh, half up."""
    return f"{Decimal(int(wh * 2 + 1) // 2).scaleb(-3):f} kWh"


def duration(time: Instant) -> str:
    """`2 h 30 min`, `7 min 20 s`, `0 min`; whole seconds."""
    seconds = int(time // SECOND)
    parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"


def counted(time: Instant) -> str:
    """`7 minutes`, `1 minute`, and where it is not whole minutes as `duration` says it."""
    minutes, rest = divmod(int(time // SECOND), 60)
    if rest:
        return duration(time)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def hours(since: time | None, until: time | None) -> str:
    """`22:00–07:00`, the end of the day as 24:00."""
    begin, end = since or time(0), until or time(0)
    return f"{begin:%H:%M}–{'24:00' if end == time(0) else f'{end:%H:%M}'}"


def window(restrictions: Restrictions) -> str:
    """`, 22:00–06:00, Saturday and Sunday`, empty where nothing is restricted: to be put behind a price."""
    parts = conditions(restrictions)
    return "".join(f", {part}" for part in parts)


def conditions(given: Restrictions) -> list[str]:
    """Each restriction in words."""
    found: list[str] = []
    if given.start_time != given.end_time:
        found.append(hours(given.start_time, given.end_time))
    if given.days_of_week and len(given.days_of_week) < 7:
        found.append(days(given.days_of_week))
    if given.start_date is not None or given.end_date is not None:
        found.append(between("days", given.start_date, given.end_date, "", "before"))
    if given.min_kwh is not None or given.max_kwh is not None:
        found.append(between("energy", given.min_kwh, given.max_kwh, " kWh"))
    if given.min_power is not None or given.max_power is not None:
        found.append(between("power", given.min_power, given.max_power, " kW"))
    if given.min_current is not None or given.max_current is not None:
        found.append(between("current", given.min_current, given.max_current, " A"))
    if given.min_duration is not None or given.max_duration is not None:
        least, most = (
            None if each is None else counted(each * SECOND) for each in (given.min_duration, given.max_duration)
        )
        found.append(between("session", least, most, ""))
    if given.reservation is Reservation.RESERVATION_EXPIRES:
        found.append("for a reservation that nobody used")
    return found


def between(what: str, least: object, most: object, unit: str, below: str = "below") -> str:
    """`energy from 10 to below 50 kWh`."""
    if most is None:
        return f"{what} from {least}{unit}"
    return f"{what} {below} {most}{unit}" if least is None else f"{what} from {least} to {below} {most}{unit}"


def days(wanted: frozenset[int]) -> str:
    """`Monday to Friday`, `Saturday and Sunday`, `Monday, Tuesday and Friday`."""
    if wanted == _WEEKDAYS:
        return "Monday to Friday"
    names = [_DAYS[day - 1] for day in sorted(wanted)]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
