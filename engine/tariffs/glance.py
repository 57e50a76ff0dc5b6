"""A tariff at a glance: what a driver who looks at a connector now is told in one line, before the whole tariff.

For each dimension the first element counts that has it and holds at the beginning of a session at this moment. Whatever
may change it later (the hour, the day, how much or how fast is charged) is not told here: `varies` says that there is
more to read. Amounts hold the taxes, since drivers pay them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from engine.clock import SECOND
from engine.tariffs.conditions import NO_POWER, Conditions, Moment
from engine.tariffs.model import Dimension, PriceComponent, Tariff

PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Glance:
    """Prices with taxes, in `currency`; None where nothing is charged for it.

    `energy` per kWh, `time` per hour of charging, `parking` per hour without charging, `flat` once. `idle` per minute
    once a car has blocked the connector for `idle_grace_s`, `idle_cap` at most.
    """

    currency: str
    energy: Decimal | None
    time: Decimal | None
    parking: Decimal | None
    flat: Decimal | None
    idle: Decimal | None
    idle_grace_s: int
    idle_cap: Decimal | None
    varies: bool


def glance(tariff: Tariff, at: int, zone: str) -> Glance:
    """The tariff at `at` (microseconds) by the clock on the wall in `zone`."""
    moment = Moment(_local(at, zone), 0, 0, NO_POWER, None)
    prices: dict[Dimension, Decimal] = {}
    varies = False
    for element in tariff.elements:
        if element.restrictions.reservation is not None:
            continue
        conditions = Conditions(element.restrictions, 1)
        varies = varies or not conditions.always
        if not conditions.hold(moment):
            continue
        for component in element.components:
            prices.setdefault(component.dimension, _with_taxes(tariff, component))
    idle = tariff.idle
    idle_tax = tariff.tax_percent if idle is None or idle.tax_percent is None else idle.tax_percent
    return Glance(
        tariff.currency,
        prices.get(Dimension.ENERGY),
        prices.get(Dimension.TIME),
        prices.get(Dimension.PARKING_TIME),
        prices.get(Dimension.FLAT),
        None if idle is None else _taxed(tariff, idle.per_minute, idle_tax),
        0 if idle is None else idle.grace_s,
        None if idle is None or idle.cap is None else _taxed(tariff, idle.cap, idle_tax),
        varies or tariff.min_price is not None or tariff.max_price is not None,
    )


def _local(at: int, zone: str) -> int:
    """Microseconds since 1970 on the local clock."""
    offset = datetime.fromtimestamp(at / SECOND, ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return at + int(offset.total_seconds()) * SECOND


def _with_taxes(tariff: Tariff, component: PriceComponent) -> Decimal:
    tax = tariff.tax_percent if component.tax_percent is None else component.tax_percent
    return _taxed(tariff, component.price, tax)


def _taxed(tariff: Tariff, amount: Decimal, tax: Decimal) -> Decimal:
    if tariff.tax_included:
        return amount
    exact = Fraction(amount) * (1 + Fraction(tax) / 100)
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(PLACES)
