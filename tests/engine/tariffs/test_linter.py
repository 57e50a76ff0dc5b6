"""The linter finds what is wrong with a tariff, and is silent about one that is right."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from engine.tariffs.jurisdictions import RULES
from engine.tariffs.linter import Finding, Severity, lint
from engine.tariffs.model import IdleFee, Reservation, Tariff
from tests.engine.tariffs.courses import ENERGY, FLAT, PARKING, TIME, element, tariff

TEXT: dict[str, Any] = {"text": (("en", "As it says."),)}
PLAIN = element((ENERGY, "0.45"))
RESERVED = {"reservation": Reservation.RESERVATION}


def test_nothing_is_said_of_a_tariff_that_is_right() -> None:
    right = tariff(
        element((ENERGY, "0.55"), start_time=time(7), end_time=time(22)),
        PLAIN,
        element((TIME, "2.00"), **RESERVED),
        idle=IdleFee(Decimal("0.10"), 600, 60, time(22), time(7), Decimal(12)),
        tax_included=True,
        tax_percent=Decimal(19),
        min_price=Decimal(1),
        max_price=Decimal(100),
        **TEXT,
    )
    assert lint(right, country="DE", max_power_kw=Decimal(150)) == []


@pytest.mark.parametrize(
    ("odd", "severity", "code", "about"),
    [
        (tariff(PLAIN), "warning", "text-missing", None),
        (tariff(PLAIN, currency="EURO"), "error", "currency-unknown", None),
        (tariff(PLAIN, min_price=Decimal("0.505")), "warning", "price-decimals", None),
        (tariff(element((FLAT, "0.5"), (ENERGY, "20.5")), currency="JPY"), "warning", "price-decimals", 0),
        (tariff(element((ENERGY, "-0.1"))), "error", "price-negative", 0),
        (tariff(PLAIN, min_price=Decimal(5), max_price=Decimal(4)), "error", "limits-crossed", None),
        (tariff(PLAIN, tax_percent=Decimal("0.19")), "warning", "tax-implausible", None),
        (tariff(element((ENERGY, "0.4", 1, "-1"))), "error", "tax-negative", 0),
        (tariff(element()), "error", "element-empty", 0),
        (tariff(), "error", "no-elements", None),
        (tariff(element((ENERGY, "1"), (ENERGY, "2"))), "error", "dimension-twice", 0),
        (tariff(element((ENERGY, "1", 60_000))), "warning", "step-large", 0),
        (tariff(element((TIME, "1", 7200))), "warning", "step-large", 0),
        (tariff(element((FLAT, "1", 60))), "info", "step-of-flat", 0),
        (tariff(PLAIN, element((ENERGY, "1"), **RESERVED)), "warning", "reservation-dimension", 1),
        (tariff(element((ENERGY, "1"), max_current="32"), PLAIN), "info", "current-unknown", 0),
        (tariff(element((ENERGY, "1"), start_time=time(8), end_time=time(8))), "warning", "times-equal", 0),
        (
            tariff(element((ENERGY, "1"), start_date=date(2026, 5, 1), end_date=date(2026, 5, 1)), PLAIN),
            "error",
            "dates-crossed",
            0,
        ),
        (tariff(element((ENERGY, "1"), min_kwh="10", max_kwh="10"), PLAIN), "error", "range-empty", 0),
        (tariff(element((ENERGY, "1"), min_kwh="10", max_kwh="10"), PLAIN), "error", "never", 0),
        (
            tariff(element((ENERGY, "1"), start_time=time(22), end_time=time(6), days_of_week=frozenset({5})), PLAIN),
            "info",
            "days-over-midnight",
            0,
        ),
        (tariff(PLAIN, element((ENERGY, "1"), start_time=time(22))), "warning", "unreachable", 1),
        (
            tariff(element((ENERGY, "1"), start_time=time(20)), element((ENERGY, "2"), start_time=time(18)), PLAIN),
            "info",
            "overlap",
            1,
        ),
        (tariff(element((FLAT, "1"))), "info", "charging-free", None),
        (tariff(PLAIN, idle=IdleFee(Decimal(1))), "warning", "idle-no-grace", None),
        (tariff(PLAIN, idle=IdleFee(Decimal(1), 60, 600, cap=Decimal(9))), "warning", "idle-cap-low", None),
        (tariff(PLAIN, idle=IdleFee(Decimal(1), 60, exempt_from=time(22))), "info", "idle-exemption-open", None),
        (
            tariff(element((ENERGY, "1"), (PARKING, "1")), idle=IdleFee(Decimal(1), 60)),
            "warning",
            "idle-and-parking",
            None,
        ),
    ],
)
def test_what_is_odd_is_named_with_its_place(odd: Tariff, severity: str, code: str, about: int | None) -> None:
    found = [each for each in lint(odd) if each.code == code]
    assert [(each.severity.value, each.element) for each in found] == [(severity, about)]
    assert all(each.text and each.remedy for each in found)


@pytest.mark.parametrize(
    ("holes", "expected"),
    [
        (tariff(element((ENERGY, "1"), start_time=time(6), end_time=time(22))), ["00:00–06:00", "22:00–24:00"]),
        (tariff(element((ENERGY, "1"), days_of_week=frozenset(range(1, 6)))), ["Saturday and Sunday"]),
        (
            tariff(element((ENERGY, "1"), min_kwh="5"), element((TIME, "1"), max_kwh="2")),
            ["energy from 2 to below 5 kWh"],
        ),
        (tariff(element((ENERGY, "1"), start_date=date(2026, 1, 1))), ["days before 2026-01-01"]),
        (tariff(element((ENERGY, "1"), max_power="50", max_duration=3600)), 3),
    ],
)
def test_gaps_are_found_in_every_dimension(holes: Tariff, expected: list[str] | int) -> None:
    found = [each.text.removeprefix("Charging is free: ").rstrip(".") for each in lint(holes) if each.code == "gap"]
    assert (len(found) if isinstance(expected, int) else found) == expected


def codes(found: list[Finding]) -> set[str]:
    return {each.code for each in found if each.severity is not Severity.INFO}


FAST, SLOW = Decimal(150), Decimal(22)
BY_TIME = tariff(element((TIME, "6")), tax_included=True, tax_percent=Decimal(21), **TEXT)
WITH_TIME = tariff(element((ENERGY, "0.5"), (TIME, "6")), tax_included=True, tax_percent=Decimal(21), **TEXT)
WITHOUT_TAX = tariff(PLAIN, **TEXT)


@pytest.mark.parametrize(
    ("wanted", "country", "region", "power", "expected"),
    [
        (WITH_TIME, "NL", None, FAST, {"afir-per-kwh"}),
        (WITH_TIME, "NL", None, SLOW, set()),
        (WITH_TIME, "NL", None, None, set()),
        (BY_TIME, "DE", None, SLOW, {"pangv-per-kwh"}),
        (BY_TIME, "GB", None, SLOW, {"gb-per-kwh"}),
        (BY_TIME, "US", "CA", SLOW, {"us-ca-per-kwh"}),
        (BY_TIME, "US", "TX", SLOW, set()),
        (WITHOUT_TAX, "IN", None, SLOW, {"in-gst"}),
        (WITHOUT_TAX, "FR", None, SLOW, {"consumer-price-with-tax"}),
        (tariff(element((FLAT, "0")), **TEXT), "FR", None, FAST, set()),
    ],
)
def test_a_jurisdictions_rules_are_asked(
    wanted: Tariff, country: str, region: str | None, power: Decimal | None, expected: set[str]
) -> None:
    assert codes(lint(wanted, country=country, region=region, max_power_kw=power)) == expected


def test_every_rule_says_where_it_is_written() -> None:
    assert all(each.source and each.text and each.remedy for each in RULES)
    assert len({each.code for each in RULES}) == len(RULES)
