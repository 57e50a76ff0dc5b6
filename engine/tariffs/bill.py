"""What a session costs, line by line, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TaxShare:
    """One tax on a line's rate: India's CGST and SGST are half of the rate each, VAT is all of it."""

    name: str
    share: Decimal = Decimal(1)


VAT = (TaxShare("VAT"),)
GST_WITHIN_STATE = (TaxShare("CGST", Decimal("0.5")), TaxShare("SGST", Decimal("0.5")))
GST_BETWEEN_STATES = (TaxShare("IGST"),)
"""India: a supply within one state bears the central and the state's half, any other the integrated tax."""


@dataclass(frozen=True, slots=True)
class Line:
    """`kind`: energy, time, parking, flat, idle, minimum, maximum, or reservation.

    `quantity` in `unit` (kWh, min, h, session) at `unit_price` gives `amount`, to twelve decimals, as the tariff states
    prices (with or without tax). `since` and `until` in microseconds. `element` is the tariff element's index, None for
    what comes from no element. `reason` tells a driver why, in English. `rounded` is the amount to print: in the minor
    unit, and the printed lines add up to the bill's net (or gross, where the tariff's prices include tax).
    """

    kind: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    tax_percent: Decimal
    reason: str
    since: int
    until: int
    element: int | None = None
    rounded: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tax:
    """`amount` of one tax at `percent` on `base`, both in the minor unit: what is printed can be checked by anybody."""

    name: str
    percent: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """All lines and what they come to, in the currency's minor unit: `net` + the taxes = `gross`, to the last paisa.

    `duration_s` is the whole session, `idle_s` its idle time by the station's own statements, billed or not.
    """

    currency: str
    lines: tuple[Line, ...]
    net: Decimal
    taxes: tuple[Tax, ...]
    gross: Decimal
    energy_kwh: Decimal
    duration_s: int
    idle_s: int
