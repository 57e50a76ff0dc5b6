"""Tariff, course and bill come back from their stored form as they were, over JSON."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import orjson
import pytest

from engine.tariffs.bill import Bill, Line, Tax
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Reservation, Restrictions, Tariff
from engine.tariffs.stored import bill_of, course_of, stored_bill, stored_course, stored_tariff, tariff_of

EVERYTHING = Restrictions(
    start_time=time(22),
    end_time=time(6, 30),
    start_date=date(2026, 3, 1),
    end_date=date(2026, 4, 1),
    min_kwh=Decimal("1.5"),
    max_kwh=Decimal(50),
    min_current=Decimal(6),
    max_current=Decimal(32),
    min_power=Decimal("3.7"),
    max_power=Decimal(150),
    min_duration=60,
    max_duration=7200,
    days_of_week=frozenset({6, 7}),
    reservation=Reservation.RESERVATION,
)
TARIFF = Tariff(
    id="day-and-night",
    version=3,
    currency="INR",
    elements=(
        Element((PriceComponent(Dimension.ENERGY, Decimal("18.00"), 100, Decimal(18)),), EVERYTHING),
        Element((PriceComponent(Dimension.FLAT, Decimal(5)), PriceComponent(Dimension.TIME, Decimal("0.10"), 60))),
    ),
    name="Day and night",
    idle=IdleFee(Decimal(3), 300, 60, time(22), time(7), Decimal(90), Decimal(12)),
    min_price=Decimal(1),
    max_price=Decimal(500),
    tax_included=True,
    tax_percent=Decimal(18),
    grace_s=120,
    text=(("en", "₹18 a kWh"), ("hi", "₹18 प्रति यूनिट")),
)


@pytest.mark.parametrize("tariff", [TARIFF, Tariff("free", 1, "EUR", ())])
def test_a_tariff_comes_back_as_it_was(tariff: Tariff) -> None:
    assert tariff_of(orjson.loads(orjson.dumps(stored_tariff(tariff)))) == tariff


@pytest.mark.parametrize(
    "course",
    [
        Course((Mark(1, Decimal("0.10"), Flow.CHARGING, Decimal(16)), Mark(2, Decimal(7), Flow.FINISHING)), "UTC", 3),
        Course((), "Asia/Kolkata", reserved=(1, 2), reservation_expired=True),
    ],
)
def test_a_course_comes_back_as_it_was(course: Course) -> None:
    assert course_of(orjson.loads(orjson.dumps(stored_course(course)))) == course


def test_a_bill_comes_back_as_it_was() -> None:
    lines = (
        Line("energy", Decimal(22), "kWh", Decimal(18), Decimal(396), Decimal(18), "22.000 kWh at ₹18.00", 1, 2, 0),
        Line("idle", Decimal(2), "min", Decimal(3), Decimal(6), Decimal(18), "Idle", 3, 4, rounded=Decimal("6.00")),
    )
    taxes = (Tax("CGST", Decimal(9), Decimal("402.00"), Decimal("36.18")),)
    bill = Bill("INR", lines, Decimal("402.00"), taxes, Decimal("438.18"), Decimal(22), 3600, 420)
    assert bill_of(orjson.loads(orjson.dumps(stored_bill(bill)))) == bill


def test_a_form_of_a_later_release_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="A stored tariff has the form 9"):
        tariff_of({**stored_tariff(TARIFF), "form": 9})
