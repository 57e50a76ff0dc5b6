"""What would a session cost, and why? A course that never was, for a driver who asks before he plugs in."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from engine import errors
from engine.clock import SECOND
from engine.tariffs.bill import VAT, Bill, TaxShare
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.local_time import HOUR
from engine.tariffs.model import Tariff
from engine.tariffs.pricing import price

LONGEST = 30 * 24 * HOUR
"""No session that anybody would want to know of lasts longer."""


def planned(
    start: int,
    zone: str,
    kwh: Decimal,
    *,
    power_kw: Decimal | None = None,
    charging_s: int | None = None,
    idle_s: int = 0,
    current: Decimal | None = None,
    reserved_s: int = 0,
) -> Course:
    """A course that takes `kwh` at a constant power, given as such or by the time that it charges, and then stays.

    `start` in microseconds. `reserved_s` is how long the connector was kept for the driver before. Raises InvalidInput
    where neither or both of power and time are given, and for more than 30 days.
    """
    if (power_kw is None) == (charging_s is None):
        raise errors.InvalidInput(
            "The session needs a power or a duration, and not both.",
            field="power_kw",
            remedy="Give power_kw or charging_s.",
        )
    if kwh < 0 or idle_s < 0 or reserved_s < 0 or (charging_s or 0) < 0 or (power_kw is not None and power_kw <= 0):
        raise errors.InvalidInput("A quantity is below zero.", field="kwh", remedy="Zero or more; a power above zero.")
    if power_kw is not None:
        charging = round(Fraction(kwh) / Fraction(power_kw) * HOUR)
    else:
        charging = (charging_s or 0) * SECOND
    if charging + (idle_s + reserved_s) * SECOND > LONGEST:
        raise errors.InvalidInput("That takes longer than 30 days.", field="kwh", remedy="Less energy or more power.")
    full, end = start + charging, start + charging + idle_s * SECOND
    marks = (Mark(start, Decimal(0), Flow.CHARGING, current), Mark(full, kwh * 1000, Flow.FINISHING))
    reserved = (start - reserved_s * SECOND, start) if reserved_s else None
    return Course(marks, zone, end, reserved)


def estimate(tariff: Tariff, course: Course, taxes: Sequence[TaxShare] = VAT) -> Bill:
    """The bill of a planned course, by the same engine as every other bill; its lines' reasons say why."""
    return price(tariff, course, taxes=taxes)
