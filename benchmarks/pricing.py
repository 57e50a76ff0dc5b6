"""What it takes to price a session, as it is done for each running price: one call of `engine.tariffs.pricing.price`.

    python -m benchmarks.pricing [--marks 200] [--rounds 200]

Sessions of so many marks, a minute apart, under three tariffs: one price a kWh; prices by day and night with an idle
fee and GST; and prices by time, energy and power, with steps and a maximum. The floor of the same run: the plainest
sum, one Decimal subtraction, multiplication and addition a mark. All in CPU time.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import time as of_day
from decimal import Decimal

from engine.clock import SECOND
from engine.tariffs.bill import GST_WITHIN_STATE
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Restrictions, Tariff
from engine.tariffs.pricing import price

MINUTE = 60 * SECOND
START = 1_767_609_000 * SECOND
_STEP_WH = Decimal("110.37")
_PRICE = Decimal("18.00")


def session(marks: int) -> Course:
    """A session that charges evenly and then idles for its last tenth."""
    full = marks * 9 // 10
    return Course(
        tuple(
            Mark(
                START + n * MINUTE,
                Decimal(1000) + _STEP_WH * min(n, full),
                Flow.CHARGING if n < full else Flow.SUSPENDED_EV,
                Decimal(16),
            )
            for n in range(marks)
        ),
        "Asia/Kolkata",
    )


def tariffs() -> dict[str, Tariff]:
    """From plain to as involved as they get."""
    energy = PriceComponent(Dimension.ENERGY, _PRICE)
    night = Restrictions(start_time=of_day(22), end_time=of_day(6))
    fee = IdleFee(Decimal(3), grace_s=300, exempt_from=of_day(22), exempt_until=of_day(7))
    involved = Restrictions(start_time=of_day(6), end_time=of_day(22), max_power=Decimal(50), max_kwh=Decimal(10))
    components = (PriceComponent(Dimension.ENERGY, _PRICE, 100), PriceComponent(Dimension.TIME, Decimal(30), 60))
    return {
        "plain": Tariff("plain", 1, "INR", (Element((energy,)),)),
        "day_and_night": Tariff(
            "day-and-night",
            1,
            "INR",
            (Element((PriceComponent(Dimension.ENERGY, Decimal(12)),), night), Element((energy,))),
            idle=fee,
            tax_percent=Decimal(18),
        ),
        "involved": Tariff(
            "involved",
            1,
            "INR",
            (Element(components, involved), Element((energy,))),
            idle=fee,
            max_price=Decimal(500),
            tax_percent=Decimal(18),
        ),
    }


def microseconds(action: Callable[[], object], rounds: int) -> float:
    """The median of so many calls."""
    found = []
    for _ in range(rounds):
        began = time.thread_time_ns()
        action()
        found.append((time.thread_time_ns() - began) / 1000)
    return statistics.median(found)


def plainest(course: Course) -> Decimal:
    total = Decimal(0)
    for mark, after in zip(course.marks, course.marks[1:], strict=False):
        total += (after.register_wh - mark.register_wh) * _PRICE
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--marks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    course = session(options.marks)
    gc.freeze()
    floor = microseconds(lambda: plainest(course), options.rounds)
    taken = {
        name: microseconds(lambda tariff=tariff: price(tariff, course, taxes=GST_WITHIN_STATE), options.rounds)
        for name, tariff in tariffs().items()
    }
    print(f"Pricing a session of {options.marks} marks (median of {options.rounds})\n")
    for name, each in [("floor", floor), *taken.items()]:
        print(f"  {name:<14} {each:8.0f} µs   {each / floor:5.1f} × the floor")
    result = {"marks": options.marks, "floor_us": round(floor, 1)}
    result |= {f"{name}_us": round(each, 1) for name, each in taken.items()}
    result |= {f"{name}_ratio": round(each / floor, 1) for name, each in taken.items()}
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
