"""The price at which the system under test charges, and what energy costs at it, worked out without the product."""

from __future__ import annotations

from fractions import Fraction

CENTS_PER_KWH = Fraction(385, 10)
SETTINGS = {"PRICE_PER_KWH": "0.385", "CURRENCY": "EUR"}


def cost(wh: int) -> float:
    """In euros, as a station is told it: to the cent, half a cent up."""
    cents = int(CENTS_PER_KWH * wh / 1000 + Fraction(1, 2))
    return cents / 100
