"""A tariff in one line: what holds at this moment, with the taxes that drivers pay."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from decimal import Decimal

from engine.tariffs.glance import glance
from engine.tariffs.model import IdleFee, Tariff
from tests.engine.tariffs.courses import BERLIN, ENERGY, FLAT, MINUTE, TIME, element

NOON = 1_767_268_800_000_000  # 2026-01-01 12:00 UTC, 13:00 in Berlin
PLAIN = Tariff("t", 1, "EUR", (element((ENERGY, "0.40"), (TIME, "1.20"), (FLAT, "0.50")),), tax_percent=Decimal(19))


def test_amounts_hold_the_taxes() -> None:
    seen = glance(PLAIN, NOON, BERLIN)
    assert (seen.energy, seen.time, seen.flat) == (Decimal("0.4760"), Decimal("1.4280"), Decimal("0.5950"))
    assert seen.parking is None
    assert seen.varies is False
    assert glance(replace(PLAIN, tax_included=True), NOON, BERLIN).energy == Decimal("0.40")


def test_the_first_element_that_holds_by_the_local_clock_counts() -> None:
    lunch = element((ENERGY, "0.10"), start_time=time(13), end_time=time(14))
    tariff = replace(PLAIN, elements=(lunch, *PLAIN.elements), tax_percent=Decimal(0))
    assert glance(tariff, NOON, BERLIN).energy == Decimal("0.1000")
    assert glance(tariff, NOON, BERLIN).time == Decimal("1.2000"), "of the element behind it"
    later = glance(tariff, NOON + 60 * MINUTE, BERLIN)
    assert (later.energy, later.varies) == (Decimal("0.4000"), True)


def test_an_idle_fee_has_its_own_tax_and_bounds_say_that_there_is_more_to_read() -> None:
    fee = IdleFee(Decimal("0.10"), grace_s=900, cap=Decimal(12), tax_percent=Decimal(0))
    seen = glance(replace(PLAIN, idle=fee, max_price=Decimal(50)), NOON, BERLIN)
    assert (seen.idle, seen.idle_cap, seen.idle_grace_s) == (Decimal("0.1000"), Decimal("12.0000"), 900)
    assert seen.varies is True
