"""From exact charges to a bill: minimum and maximum, rounding, taxes.

Each printed amount is rounded once, half up, and all of them agree. First the total of what the tariff states is
rounded (net, or gross where its prices include tax); then that whole number is apportioned to the tax rates, and each
rate's share to its lines, so that both add up (`money.apportion`). Each tax is rounded on its own from the printed base
of its rate, so that equal shares, such as CGST and SGST, are equal; the other side is what then follows: gross = net +
taxes where taxes come on top, net = gross - taxes where they are included.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from engine.tariffs.bill import Line, Tax, TaxShare
from engine.tariffs.charges import Charge, exact_decimal
from engine.tariffs.local_time import Instant
from engine.tariffs.model import Dimension, Tariff
from engine.tariffs.money import apportion, from_minor_units, half_up, in_minor_units, shown

MINIMUM, MAXIMUM = "minimum", "maximum"


def bounded(tariff: Tariff, charges: Sequence[Charge], since: Instant, until: Instant) -> list[Charge]:
    """The charges with what raises them to the minimum price or lowers them to the maximum price.

    The difference is apportioned to the tax rates as the charges are: a discount or a surcharge bears the tax of what
    it is given on.
    """
    total = sum((each.amount for each in charges), Fraction(0))
    if tariff.max_price is not None and total > Fraction(tariff.max_price):
        kind, bound, words = MAXIMUM, tariff.max_price, "Lowered to the maximum price of"
    elif tariff.min_price is not None and total < Fraction(tariff.min_price):
        kind, bound, words = MINIMUM, tariff.min_price, "Raised to the minimum price of"
    else:
        return list(charges)
    difference = Fraction(bound) - total
    rates = _by_rate(charges) if total > 0 else {}
    shares = (
        {rate: sum((each.amount for each in few), Fraction(0)) / total for rate, few in rates.items()}
        if rates
        else {_main_rate(tariff): Fraction(1)}
    )
    reason = f"{words} {shown(bound, tariff.currency)}"
    return [
        *charges,
        *(
            Charge(kind, Fraction(1), "session", exact_decimal(part), part, rate, reason, since, until)
            for rate, share in shares.items()
            if (part := difference * share)
        ),
    ]


def _main_rate(tariff: Tariff) -> Decimal:
    """The tax rate of a session in which nothing was used: that of the energy, or of what comes first."""
    components = [each for element in tariff.elements for each in element.components]
    components.sort(key=lambda each: each.dimension is not Dimension.ENERGY)
    percent = components[0].tax_percent if components else None
    return percent if percent is not None else tariff.tax_percent


def _by_rate(charges: Sequence[Charge]) -> dict[Decimal, list[Charge]]:
    found: dict[Decimal, list[Charge]] = {}
    for charge in charges:
        found.setdefault(charge.tax_percent, []).append(charge)
    return found


def totalled(
    tariff: Tariff, charges: Sequence[Charge], shares: Sequence[TaxShare]
) -> tuple[tuple[Line, ...], Decimal, tuple[Tax, ...], Decimal]:
    """Lines, net, taxes and gross."""
    currency = tariff.currency
    rates = _by_rate(charges)
    exact = [in_minor_units(sum((each.amount for each in few), Fraction(0)), currency) for few in rates.values()]
    stated = half_up(sum(exact, Fraction(0)))
    printed: dict[int, int] = {}
    taxes: list[Tax] = []
    for (rate, few), base in zip(rates.items(), apportion(exact, stated), strict=True):
        parts = apportion([in_minor_units(each.amount, currency) for each in few], base)
        printed |= {id(charge): part for charge, part in zip(few, parts, strict=True)}
        if rate > 0:
            taxes += _taxes(rate, base, shares, currency, tariff.tax_included)
    stated_amount = from_minor_units(stated, currency)
    in_all = sum((each.amount for each in taxes), Decimal(0))
    lines = tuple(_line(charge, from_minor_units(printed[id(charge)], currency)) for charge in charges)
    if tariff.tax_included:
        return lines, stated_amount - in_all, tuple(taxes), stated_amount
    return lines, stated_amount, tuple(taxes), stated_amount + in_all


def _taxes(rate: Decimal, base: int, shares: Sequence[TaxShare], currency: str, included: bool) -> list[Tax]:
    percent = Fraction(rate)
    whole = 100 + percent if included else Fraction(100)
    amounts = [half_up(base * percent * Fraction(each.share) / whole) for each in shares]
    net = base - sum(amounts) if included else base
    return [
        Tax(
            each.name,
            (rate * each.share).normalize() + 0,
            from_minor_units(net, currency),
            from_minor_units(part, currency),
        )
        for each, part in zip(shares, amounts, strict=True)
    ]


def _line(charge: Charge, rounded: Decimal) -> Line:
    return Line(
        kind=charge.kind,
        quantity=exact_decimal(charge.quantity),
        unit=charge.unit,
        unit_price=charge.unit_price,
        amount=exact_decimal(charge.amount),
        tax_percent=charge.tax_percent,
        reason=charge.reason,
        since=int(charge.since),
        until=int(charge.until),
        element=charge.element,
        rounded=rounded,
    )
