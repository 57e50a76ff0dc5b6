"""The price of a course under a tariff. The same call gives the running price, the receipt, CostUpdated and the CDR."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from engine.clock import SECOND
from engine.tariffs.bill import VAT, Bill, TaxShare
from engine.tariffs.charges import Charge, charge_for, exact_decimal
from engine.tariffs.course import Course
from engine.tariffs.idle import idle_charge
from engine.tariffs.model import Tariff
from engine.tariffs.pieces import Piece, Reading
from engine.tariffs.totals import bounded, totalled
from engine.tariffs.usage import idle_intervals, reservation_usage, session_usage
from engine.tariffs.wording import counted


def price(tariff: Tariff, course: Course, until: int | None = None, taxes: Sequence[TaxShare] = VAT) -> Bill:
    """Price `course` up to `until` (microseconds; None: to its end, or its last mark while it has none).

    Everything is exact until the amounts that are printed, which are rounded once (`totals.py`). Marks after `until` do
    not count; between two marks the register is interpolated. After the last mark no energy is assumed. The course of
    an expired reservation has no marks. Raises InvalidInput for an unknown time zone.
    """
    charges = _reservation(tariff, course, until)
    energy, length, idle = Decimal(0), 0, Fraction(0)
    if course.marks and (until is None or until >= course.marks[0].at):
        reading, pieces = Reading(course, until), list[Piece]()
        length = reading.until - reading.since
        session = [charge_for(tariff, each) for each in session_usage(tariff, course.zone, reading, pieces)]
        intervals = idle_intervals(pieces)
        if (fee := idle_charge(tariff, course.zone, intervals)) is not None:
            session.append(fee)
        energy = exact_decimal(Fraction(sum(each.energy for each in pieces)) / (1000 * reading.grain))
        idle = Fraction(sum(end - begin for begin, end in intervals))
        if 0 < tariff.grace_s * SECOND >= length:
            charges.append(_free(tariff, reading))
        else:
            charges = bounded(tariff, [*charges, *session], reading.since, reading.until)
    lines, net, owed, gross = totalled(tariff, charges, taxes)
    return Bill(tariff.currency, lines, net, owed, gross, energy, length // SECOND, int(idle // SECOND))


def _reservation(tariff: Tariff, course: Course, until: int | None) -> list[Charge]:
    if course.reserved is None:
        return []
    since, end = course.reserved
    end = end if until is None else min(end, until)
    if end < since:
        return []
    used = reservation_usage(tariff, course.zone, since, end, course.reservation_expired)
    return [charge_for(tariff, each, reservation=True) for each in used]


def _free(tariff: Tariff, reading: Reading) -> Charge:
    return Charge(
        kind="flat",
        quantity=Fraction(1),
        unit="session",
        unit_price=Decimal(0),
        amount=Fraction(0),
        tax_percent=tariff.tax_percent,
        reason=f"Free: a session of no more than {counted(tariff.grace_s * SECOND)}",
        since=reading.since,
        until=reading.until,
    )
