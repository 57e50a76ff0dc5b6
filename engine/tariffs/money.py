"""Amounts of money: the minor unit of each currency, rounding to it, and how an amount is shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

DEFAULT_DIGITS = 2
_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS = {currency: digits for digits, currencies in _OTHERS.items() for currency in currencies.split()}
"""Digits behind the point of those currencies that do not have two (ISO 4217)."""

_TWO_DIGITS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
    CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
    KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
    NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
    TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_TWO_DIGITS.split()) | frozenset(DIGITS)
"""The currencies in which one can pay (ISO 4217, without funds, metals and test codes)."""

_SIGNS = {"EUR": "€", "INR": "₹", "GBP": "£", "USD": "$", "JPY": "¥", "KRW": "₩", "ILS": "₪", "TRY": "₺", "UAH": "₴"}
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)


def digits_of(currency: str) -> int:
    """Digits behind the point of this currency's minor unit."""
    return DIGITS.get(currency, DEFAULT_DIGITS)


def minor_unit(currency: str) -> Decimal:
    """0.01 for EUR and INR, 1 for JPY, 0.001 for KWD."""
    return Decimal(1).scaleb(-digits_of(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount in the currency's minor unit; half a unit goes up, away from zero."""
    return _EXACT.quantize(amount, minor_unit(currency))


def half_up(exact: Fraction) -> int:
    """The nearest whole number; a half goes away from zero, so that a credit mirrors its debit."""
    whole = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return whole if exact >= 0 else -whole


def in_minor_units(amount: Fraction, currency: str) -> Fraction:
    """₹ 4.02 → 402."""
    return amount * Fraction(10 ** digits_of(currency))


def from_minor_units(units: int, currency: str) -> Decimal:
    """402 → ₹ 4.02."""
    return Decimal(units).scaleb(-digits_of(currency))


def apportion(parts: Sequence[Fraction], total: int) -> list[int]:
    """Whole numbers next to the `parts` that add up to `total`, which is the rounded sum of the parts.

    Every part is rounded down, and what is missing to the total goes, one each, to the parts that lost most by that;
    of equal ones to the earlier.
    """
    whole = [part.numerator // part.denominator for part in parts]
    by_loss = sorted(range(len(parts)), key=lambda index: whole[index] - parts[index])
    for index in by_loss[: total - sum(whole)]:
        whole[index] += 1
    return whole


def shown(amount: Decimal, currency: str) -> str:
    """For people: `₹18.00`, `€0.2525`, `CHF 1.20`; at least the minor unit's digits, more where there are more."""
    digits = max(digits_of(currency), -_exponent(amount))
    sign = _SIGNS.get(currency, f"{currency} ")
    return f"{'-' if amount < 0 else ''}{sign}{abs(amount):,.{digits}f}"


def _exponent(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
