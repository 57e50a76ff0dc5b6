"""Short words for the tables of the pricing tests: tariffs, courses and what a bill came to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.clock import SECOND
from engine.tariffs.bill import Bill
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.model import Dimension, Element, PriceComponent, Restrictions, Tariff

MINUTE = 60 * SECOND
BERLIN, KOLKATA = "Europe/Berlin", "Asia/Kolkata"
ENERGY, TIME, PARKING, FLAT = Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT
C, EVSE, EV, DONE = Flow.CHARGING, Flow.SUSPENDED_EVSE, Flow.SUSPENDED_EV, Flow.FINISHING

Component = tuple[Dimension, str] | tuple[Dimension, str, int] | tuple[Dimension, str, int, str]


def element(*components: Component, **restrictions: Any) -> Element:
    """`(ENERGY, "0.25", step, tax percent)`, then restrictions; kWh, kW and A may be texts."""
    for name, value in restrictions.items():
        if isinstance(value, str) and name.endswith(("kwh", "power", "current")):
            restrictions[name] = Decimal(value)
    return Element(
        tuple(
            PriceComponent(
                each[0], Decimal(each[1]), each[2] if len(each) > 2 else 1, Decimal(each[3]) if len(each) > 3 else None
            )
            for each in components
        ),
        Restrictions(**restrictions),
    )


def tariff(*elements: Element, currency: str = "EUR", **more: Any) -> Tariff:
    return Tariff("t", 1, currency, elements, **more)


def at(text: str, zone: str = BERLIN, fold: int = 0) -> int:
    """`2026-01-05 09:30` on the local clock in microseconds; `fold` 1 is the second of an hour that comes twice."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return round(local.timestamp()) * SECOND


def course(start: int, *steps: tuple[Flow, int] | tuple[Flow, int, str], zone: str = BERLIN, **more: Any) -> Course:
    """Steps of `(flow, minutes, kWh)`, one after the other; it ends with the last."""
    marks, now, register = [], start, Decimal(1000)
    for step in steps:
        marks.append(Mark(now, register, step[0]))
        now += step[1] * MINUTE
        register += Decimal(step[2]) * 1000 if len(step) > 2 else 0
    marks.append(Mark(now, register, steps[-1][0]))
    return Course(tuple(marks), zone, now, **more)


def net(bill: Bill) -> str:
    return str(bill.net)


def lines(bill: Bill) -> list[tuple[str, str, str]]:
    """(kind, quantity in its unit, printed amount)."""
    return [(each.kind, f"{each.quantity.normalize():f} {each.unit}", str(each.rounded)) for each in bill.lines]
