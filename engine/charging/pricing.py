"""What a session costs while there are no tariffs: one price a kWh for everybody, a setting. Tariffs take its place.

Exact decimals, rounded once to the currency's minor unit (invariant 7). The price is frozen when the session begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

DEFAULT_DIGITS = 2
_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS = {currency: digits for digits, currencies in _OTHERS.items() for currency in currencies.split()}
"""Digits behind the point of those currencies that do not have two (ISO 4217)."""

_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
_KWH = -3


@dataclass(frozen=True, slots=True)
class Price:
    """So much a kWh, taxes included. `currency` as in ISO 4217."""

    per_kwh: Decimal
    currency: str = "EUR"


@dataclass(slots=True)
class Pricing:
    """What a priced session remembers: its price, and the running cost as it was last told and when."""

    price: Price
    told: Decimal | None = None
    told_at: int = 0


def cost_of(price: Price, energy_wh: Decimal) -> Decimal:
    """The amount for this much energy, in the currency's minor unit; half a unit goes up."""
    minor_unit = Decimal(1).scaleb(-DIGITS.get(price.currency, DEFAULT_DIGITS))
    exact = _EXACT.multiply(_EXACT.scaleb(energy_wh, _KWH), price.per_kwh)
    return _EXACT.quantize(exact, minor_unit)
