"""A charge is a line before rounding: exact, with the words that say why."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from engine.clock import SECOND
from engine.tariffs.local_time import HOUR, Instant
from engine.tariffs.model import Dimension, Restrictions, Tariff
from engine.tariffs.money import half_up, shown
from engine.tariffs.usage import Used
from engine.tariffs.wording import counted, duration, kwh, window

_DECIMALS = 12
KINDS = {
    Dimension.ENERGY: "energy",
    Dimension.TIME: "time",
    Dimension.PARKING_TIME: "parking",
    Dimension.FLAT: "flat",
}
RESERVATION = "reservation"


@dataclass(frozen=True, slots=True)
class Charge:
    """`amount` is exact, as the tariff states prices. The other fields are those of `bill.Line`."""

    kind: str
    quantity: Fraction
    unit: str
    unit_price: Decimal
    amount: Fraction
    tax_percent: Decimal
    reason: str
    since: Instant
    until: Instant
    element: int | None = None


def charge_for(tariff: Tariff, used: Used, *, reservation: bool = False) -> Charge:
    """The charge for what was used of one component."""
    element, component, _ = used.priced
    restrictions = tariff.elements[element].restrictions
    quantity, unit = _in_unit(component.dimension, Fraction(used.quantity))
    return Charge(
        kind=RESERVATION if reservation else KINDS[component.dimension],
        quantity=quantity,
        unit=unit,
        unit_price=component.price,
        amount=quantity * Fraction(component.price),
        tax_percent=component.tax_percent if component.tax_percent is not None else tariff.tax_percent,
        reason=_reason(used, tariff.currency, restrictions, reservation),
        since=used.since,
        until=used.until,
        element=element,
    )


def exact_decimal(value: Fraction) -> Decimal:
    """To twelve decimals, without trailing zeros."""
    scaled = half_up(value * Fraction(10**_DECIMALS))
    found = Decimal(scaled).scaleb(-_DECIMALS)
    return found.quantize(Decimal(1)) if scaled % 10**_DECIMALS == 0 else found.normalize()


def _in_unit(dimension: Dimension, quantity: Fraction) -> tuple[Fraction, str]:
    if dimension is Dimension.ENERGY:
        return quantity / 1000, "kWh"
    return (quantity, "session") if dimension is Dimension.FLAT else (quantity / HOUR, "h")


def _reason(used: Used, currency: str, restrictions: Restrictions, reservation: bool) -> str:
    component = used.priced.component
    price, billed, taken = shown(component.price, currency), used.quantity, used.quantity - used.stepped
    dimension, step = component.dimension, component.step_size
    if dimension is Dimension.FLAT:
        text = f"Fee of {price} for the reservation" if reservation else f"Fee of {price} a session"
        return text + window(restrictions)
    if dimension is Dimension.ENERGY:
        text = f"{kwh(billed)} at {price} per kWh"
        steps = f" ({kwh(taken)} in steps of {kwh(step)})" if used.stepped and step > 1 else ""
    else:
        what = {Dimension.TIME: "charging", Dimension.PARKING_TIME: "standing connected without charging"}[dimension]
        text = f"{duration(billed)} of {'reservation' if reservation else what} at {price} per hour"
        steps = f" ({duration(taken)} in steps of {counted(step * SECOND)})" if used.stepped and step > 1 else ""
    return text + window(restrictions) + steps
