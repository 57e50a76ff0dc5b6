"""One price for each kWh, taxes included, and nothing else: the tariff of an installation that has set no other."""

from __future__ import annotations

from decimal import Decimal

from engine.tariffs.model import Dimension, Element, PriceComponent, Tariff

ID = "price-per-kwh"


def price_per_kwh(price: Decimal, currency: str) -> Tariff:
    """The setting RAYCHARGE_PRICE_PER_KWH as a tariff. It has no versions: what it was is frozen in each session."""
    energy = Element((PriceComponent(Dimension.ENERGY, price),))
    return Tariff(ID, 1, currency, (energy,), name="Price per kWh", tax_included=True)
