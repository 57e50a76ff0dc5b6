"""Turns what a station measured into exact numbers in base units.

Scales are powers of ten, so every conversion is exact. Temperatures stay in their own unit (Fahrenheit to Celsius has
no exact decimal). A kWh register that is labelled Wh cannot be known from one value and is left as said.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, NamedTuple

from engine.ocpp.deviations import Deviation

WIDE = Context(prec=80, traps=[])
"""Arithmetic that neither rounds what a Decimal(38, 9) holds nor raises."""

LIMIT = Decimal(10) ** 29
"""Decimal(38, 9) holds numbers below this."""

STEP = Decimal("1E-9")

_PLAIN_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,6})?", re.ASCII)
is_plain: Final = _PLAIN_NUMBER.fullmatch
multiply: Final = WIDE.multiply
_LOOSE_NUMBER = re.compile(r"([+-]?)\s*(\d*)(?:[.,](\d*))?(?:[eE]([+-]?\d{1,3}))?\s*([A-Za-z%°]{0,5})", re.ASCII)
MAX_NUMBER_TEXT = 100
"""Longer texts are no measured number: 29 digits, a point and a float's noise are far shorter."""

_UNITS: dict[str, tuple[str, int]] = {
    "Wh": ("Wh", 0), "kWh": ("Wh", 3), "MWh": ("Wh", 6), "mWh": ("Wh", -3),
    "varh": ("varh", 0), "kvarh": ("varh", 3), "VAh": ("VAh", 0), "kVAh": ("VAh", 3),
    "W": ("W", 0), "kW": ("W", 3), "MW": ("W", 6), "mW": ("W", -3),
    "var": ("var", 0), "kvar": ("var", 3), "VA": ("VA", 0), "kVA": ("VA", 3),
    "A": ("A", 0), "mA": ("A", -3), "kA": ("A", 3), "V": ("V", 0), "mV": ("V", -3), "kV": ("V", 3),
    "K": ("K", 0), "Celsius": ("Celsius", 0), "Celcius": ("Celsius", 0), "Fahrenheit": ("Fahrenheit", 0),
    "Percent": ("Percent", 0), "Hertz": ("Hertz", 0), "Hz": ("Hertz", 0), "kHz": ("Hertz", 3), "RPM": ("RPM", 0),
    "%": ("Percent", 0), "C": ("Celsius", 0), "°C": ("Celsius", 0), "F": ("Fahrenheit", 0), "°F": ("Fahrenheit", 0),
}  # fmt: skip
_UNITS_ANY_CASE = {name.lower(): (base, power) for name, (base, power) in reversed(_UNITS.items())}

KNOWN_SPELLINGS = frozenset(
    (
        "Wh",
        "kWh",
        "varh",
        "kvarh",
        "W",
        "kW",
        "VA",
        "kVA",
        "var",
        "kvar",
        "A",
        "V",
        "K",
        "Celcius",
        "Celsius",
        "Fahrenheit",
        "Percent",
        "Hertz",
    )
)
"""1.6's UnitOfMeasure. `Celcius` is the schema's own spelling, `Hertz` came with an erratum."""

# What a misfit unit of the same power of ten most likely was meant to be: power in "Wh", energy in "W".
_KIN = ({"Wh", "W", "VA", "VAh", "var", "varh"},)


class Unit(NamedTuple):
    """How values of one measurand in one unit are read: value * factor is in `base`; factor None stands for 1."""

    said: str
    base: str
    factor: Decimal | None
    deviation: Deviation | None


def natural_unit(measurand: str) -> str:
    """The base unit of a measurand; "" where it has none (Power.Factor) or is unknown.

    OCPP 1.6 section 7.45 gives "Wh" as the default unit for energies only; values of others without a unit are in the
    SI unit that the measurand has.
    """
    if measurand.startswith("Energy.Reactive"):
        return "varh"
    if measurand.startswith("Power.Reactive"):
        return "var"
    if measurand == "Power.Factor":
        return ""
    return _NATURAL.get(measurand.partition(".")[0], "")


_NATURAL = {
    "Energy": "Wh", "Power": "W", "Current": "A", "Voltage": "V", "Frequency": "Hertz", "Temperature": "Celsius",
    "SoC": "Percent", "RPM": "RPM",
}  # fmt: skip


def unit_of(measurand: str, said: str | None) -> Unit:
    """How to read values of `measurand` in the unit `said` (None: not given)."""
    natural = natural_unit(measurand)
    if not said:
        return Unit(natural, natural, None, None)
    exact = _UNITS.get(said)
    if exact is None:
        exact = _UNITS_ANY_CASE.get(said.strip().lower())
    deviation = None if said in KNOWN_SPELLINGS else Deviation.UNIT_SPELLING
    if exact is None:
        return Unit(said, said, None, Deviation.UNKNOWN_UNIT)
    base, power = exact
    factor = Decimal(10) ** power if power else None
    if natural and base != natural and not (natural == "W" and base == "VA") and _are_kin(base, natural):
        return Unit(said, natural, factor, Deviation.UNIT_MISFIT)
    return Unit(said, base, factor, deviation)


def _are_kin(base: str, natural: str) -> bool:
    return any(base in kin and natural in kin for kin in _KIN)


def read_value(raw: str, factor: Decimal | None) -> tuple[Decimal | None, Deviation | None]:
    """The number that `raw` says, times `factor`, exact; None (and why) if it says none that can be held.

    Write it out with `format(value, "f")`: `str` goes over to an exponent below 1E-6.
    """
    if is_plain(raw) is not None:
        value = Decimal(raw)
        return (value if factor is None else multiply(value, factor)), None
    return _read_odd_value(raw, factor)


def _read_odd_value(raw: str, factor: Decimal | None) -> tuple[Decimal | None, Deviation | None]:
    parts = _LOOSE_NUMBER.fullmatch(raw.strip()) if len(raw) <= MAX_NUMBER_TEXT else None
    if parts is None or not (parts[2] or parts[3]):
        if len(raw) > 1 and raw.lstrip("-").isdecimal():
            return None, Deviation.VALUE_OUT_OF_RANGE
        return None, Deviation.VALUE_NOT_A_NUMBER
    sign, whole, fraction, exponent, unit = parts.groups()
    value = multiply(Decimal(f"{sign}{whole or '0'}.{fraction or '0'}E{exponent or '0'}"), factor or Decimal(1))
    # copy_abs, for abs would round to the default context's 28 digits.
    if not value.is_finite() or value.copy_abs() >= LIMIT:
        return None, Deviation.VALUE_OUT_OF_RANGE
    spelling = Deviation.VALUE_SPELLING if unit or "," in raw or sign == "+" or raw != raw.strip() else None
    places = value.as_tuple().exponent
    if isinstance(places, int) and places > 0:
        return value.quantize(Decimal(1), ROUND_HALF_EVEN, WIDE), spelling
    if isinstance(places, int) and places < -9:
        rounded = value.quantize(STEP, ROUND_HALF_EVEN, WIDE)
        return rounded, spelling or (Deviation.VALUE_ROUNDED if rounded != value else None)
    return value, spelling


def as_quantity(number: float | str) -> Decimal | None:
    """A meter register of a Start or Stop (JSON number) as an exact Decimal; None if it cannot be held."""
    return read_value(str(number), None)[0]
