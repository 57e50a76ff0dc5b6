"""When the idle fee begins: after the grace, which is given once a session, and only for a car that has charged."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine.charging.session.pricing import Pricing, fee_begins
from engine.clock import SECOND
from engine.tariffs.course import Flow
from engine.tariffs.model import IdleFee
from tests.engine.tariffs.courses import DONE, EV, EVSE, C
from tests.engine.tariffs.test_glance import PLAIN

TARIFF = replace(PLAIN, idle=IdleFee(Decimal(3), grace_s=300))


def begins(*statements: tuple[int, Flow], charged: bool = True) -> int | None:
    told = [(at * SECOND, flow) for at, flow in statements]
    found = fee_begins(Pricing(TARIFF, statements=told), charged)
    return None if found is None else found // SECOND


def test_the_fee_begins_a_grace_after_the_car_has_taken_its_last() -> None:
    assert begins((0, C), (1000, EV)) == 1300
    assert begins((0, C), (1000, EV), (1100, DONE)) == 1300, "one stay, whatever the station calls it"


def test_a_grace_is_given_once_in_a_session() -> None:
    assert begins((0, C), (1000, EV), (1200, C), (2000, EV)) == 2100
    assert begins((0, C), (1000, EV), (1900, C), (2000, DONE)) == 2000


def test_who_charges_or_waits_for_the_station_pays_none() -> None:
    assert begins((0, C)) is None
    assert begins((0, C), (1000, EV), (1100, C)) is None
    assert begins((0, C), (1000, EVSE)) is None
    assert begins((0, EV), charged=False) is None, "it has taken nothing yet"
    assert fee_begins(Pricing(PLAIN, statements=[(0, EV)]), True) is None
