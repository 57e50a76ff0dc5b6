"""How much of a receipt a credit note gives back, tax by tax: all that is left of it, or a part in proportion."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from engine.errors import Conflict, InvalidInput
from engine.tariffs.bill import Bill, Line, Tax
from engine.tariffs.money import apportion, digits_of, from_minor_units, half_up, in_minor_units


def units(amount: Decimal, currency: str) -> int:
    """₹ 4.02 → 402. Raises ValueError for an amount with a fraction of the minor unit."""
    exact = in_minor_units(Fraction(amount), currency)
    if exact.denominator != 1:
        raise ValueError(f"{amount} {currency} is no whole number of the minor unit")
    return int(exact)


def credit_bill(billed: Bill, credited: Sequence[Bill], gross: Decimal | None, reason: str, tax_included: bool) -> Bill:
    """The bill of a credit note over `gross` (None: all that is left) of `billed`, of which `credited` is given back.

    The energy is given back with the last of the amount. Raises Conflict when nothing is left, InvalidInput for an
    amount that is not above 0 and at most what is left.
    """
    currency = billed.currency
    parts = [units(billed.net, currency), *(units(tax.amount, currency) for tax in billed.taxes)]
    bases = [units(tax.base, currency) for tax in billed.taxes]
    for each in credited:
        parts[0] -= units(each.net, currency)
        for place, tax in enumerate(each.taxes):
            parts[place + 1] -= units(tax.amount, currency)
            bases[place] -= units(tax.base, currency)
    left = sum(parts)
    wanted = left if gross is None else _wanted(gross, left, currency)
    if left <= 0:
        raise Conflict("All of this receipt is credited already.", field="amount", remedy="")
    if wanted < left:
        parts = _share(parts, wanted, left)
        bases = [round(Fraction(base * wanted, left)) for base in bases]
    net, *owed = (from_minor_units(part, currency) for part in parts)
    taxes = tuple(
        Tax(tax.name, tax.percent, from_minor_units(base, currency), amount)
        for tax, base, amount in zip(billed.taxes, bases, owed, strict=True)
    )
    total = from_minor_units(wanted, currency)
    since = min((line.since for line in billed.lines), default=0)
    until = max((line.until for line in billed.lines), default=since)
    amount = total if tax_included else net
    line = Line("credit", Decimal(1), "session", amount, amount, Decimal(0), reason, since, until, None, amount)
    energy = billed.energy_kwh if wanted == left else Decimal(0)
    return Bill(currency, (line,), net, taxes, total, energy, billed.duration_s, billed.idle_s)


def _share(parts: Sequence[int], wanted: int, left: int) -> list[int]:
    """`wanted` of `left` over net and taxes in proportion. Equal taxes stay equal, as CGST and SGST have to."""
    exact = [Fraction(part * wanted, left) for part in parts]
    taxes = [half_up(part) for part in exact[1:]]
    net = wanted - sum(taxes)
    return [net, *taxes] if net >= 0 else apportion(exact, wanted)


def _wanted(gross: Decimal, left: int, currency: str) -> int:
    try:
        wanted = units(gross, currency)
    except ValueError as error:
        digits = digits_of(currency)
        raise InvalidInput(
            "The amount is finer than the currency.", field="amount", remedy=f"{digits} digits behind the point."
        ) from error
    if not 0 < wanted <= left:
        raise InvalidInput(
            "More than is left of the receipt, or nothing.",
            field="amount",
            remedy=f"At most {from_minor_units(left, currency)} {currency}.",
        )
    return wanted
