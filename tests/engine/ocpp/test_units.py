"""Units: exact numbers in base units."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ocpp.units import LIMIT, as_quantity, natural_unit, read_value, unit_of


@pytest.mark.parametrize(
    ("measurand", "unit", "raw", "value", "base", "deviation"),
    [
        ("Energy.Active.Import.Register", None, "12", "12", "Wh", None),
        ("Energy.Active.Import.Register", "kWh", "1.6", "1600", "Wh", None),
        ("Energy.Reactive.Import.Register", "kvarh", "2", "2000", "varh", None),
        ("Energy.Reactive.Import.Register", "Wh", "2", "2", "varh", "unit_misfit"),
        ("Power.Active.Import", "kW", "7.36", "7360", "W", None),
        ("Power.Active.Import", "Wh", "7360", "7360", "W", "unit_misfit"),
        ("Power.Active.Import", "kWh", "7.36", "7360", "W", "unit_misfit"),
        ("Power.Active.Import", None, "7360", "7360", "W", None),
        ("Power.Active.Import", "kVA", "1", "1000", "VA", None),
        ("Voltage", "V", "230.1", "230.1", "V", None),
        ("Voltage", "mV", "230100", "230.1", "V", "unit_spelling"),
        ("Current.Import", "A", "16", "16", "A", None),
        ("Temperature", "Celcius", "21", "21", "Celsius", None),
        ("Temperature", "Celsius", "21", "21", "Celsius", None),
        ("Temperature", "Fahrenheit", "70", "70", "Fahrenheit", None),
        ("Frequency", "Hz", "50", "50", "Hertz", "unit_spelling"),
        ("SoC", "%", "50", "50", "Percent", "unit_spelling"),
        ("Energy.Active.Import.Register", "KWH", "1", "1000", "Wh", "unit_spelling"),
        ("Power.Factor", None, "0.98", "0.98", "", None),
        ("Vendor.Magic", "Furlong", "3", "3", "Furlong", "unknown_unit"),
    ],
)  # fmt: skip
def test_a_value_becomes_exact_in_its_base_unit(
    measurand: str, unit: str | None, raw: str, value: str, base: str, deviation: str | None
) -> None:
    known = unit_of(measurand, unit)
    assert (known.base, known.deviation) == (base, deviation)
    assert read_value(raw, known.factor)[0] == Decimal(value)


@pytest.mark.parametrize(
    ("raw", "value", "deviation"),
    [
        ("", None, "value_not_a_number"),
        ("NaN", None, "value_not_a_number"),
        ("Infinity", None, "value_not_a_number"),
        ("null", None, "value_not_a_number"),
        ("1_000", None, "value_not_a_number"),
        ("١٢", None, "value_out_of_range"),
        ("3,5", "3.5", "value_spelling"),
        (" 3.5 ", "3.5", "value_spelling"),
        ("3.5 kWh", "3.5", "value_spelling"),
        ("1E3", "1000", None),
        ("9" * 29, "9" * 29, None),
        ("9" * 30, None, "value_out_of_range"),
        ("9" * 5000, None, "value_out_of_range"),
        ("1E999", None, "value_out_of_range"),
        ("1.6250000000000002", "1.625", "value_rounded"),
        ("1305570.000", "1305570", None),
    ],
)
def test_a_number_is_taken_as_meant_or_not_at_all(raw: str, value: str | None, deviation: str | None) -> None:
    assert read_value(raw, None) == (None if value is None else Decimal(value), deviation)


@given(st.decimals(min_value=-(10**17), max_value=10**17, places=6), st.sampled_from(["Wh", "kWh", "MWh", "mWh"]))
def test_scaling_is_exact(number: Decimal, unit: str) -> None:
    known = unit_of("Energy.Active.Import.Register", unit)
    value, deviation = read_value(f"{number:f}", known.factor)
    assert deviation is None
    assert value is not None
    assert value == number.scaleb({"Wh": 0, "kWh": 3, "MWh": 6, "mWh": -3}[unit])


@given(st.text(max_size=30) | st.from_regex(r"[+-]?[0-9]{0,40}[.,]?[0-9]{0,40}([eE][+-]?[0-9]{1,4})?", fullmatch=True))
def test_every_value_fits_into_38_digits_with_9_behind_the_point(raw: str) -> None:
    for factor in (None, Decimal(1000), Decimal("0.001")):
        value, _ = read_value(raw, factor)
        if value is not None:
            assert value.copy_abs() < LIMIT
            places = value.as_tuple().exponent
            assert isinstance(places, int)
            assert -9 <= places <= 0


def test_registers_of_starts_and_stops_are_exact() -> None:
    assert as_quantity(1234.56) == Decimal("1234.56")
    assert as_quantity(2**64 - 1) == Decimal(2**64 - 1)
    assert as_quantity(1e300) is None


def test_every_standard_measurand_has_a_natural_unit_but_the_power_factor() -> None:
    assert natural_unit("Power.Factor") == ""
    assert natural_unit("Power.Reactive.Export") == "var"
    assert natural_unit("SoC") == "Percent"
