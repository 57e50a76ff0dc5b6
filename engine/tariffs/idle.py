"""The fee for a car that blocks the connector after its charging has completed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from fractions import Fraction
from itertools import pairwise

from engine.clock import SECOND
from engine.tariffs.charges import Charge
from engine.tariffs.local_time import DAY, MINUTE, Instant, local_instants, microseconds_of_day, spans
from engine.tariffs.model import IdleFee, Tariff
from engine.tariffs.money import shown
from engine.tariffs.wording import counted, hours

IDLE_FEE = "idle"
Interval = tuple[Instant, Instant]


def idle_charge(tariff: Tariff, zone: str, intervals: Sequence[Interval]) -> Charge | None:
    """The fee for these idle times, None where there is no fee or no idle time.

    The first `grace_s` of idle time in the session are free, whether or not they come in one piece. What follows is
    free while the exemption holds on the local clock. What remains is rounded up to whole steps, once.
    """
    fee = tariff.idle
    if fee is None or not intervals:
        return None
    total = Fraction(sum(until - since for since, until in intervals))
    after_grace = _after_grace(intervals, fee.grace_s * SECOND)
    exempt = _exempt(fee, zone, after_grace)
    counted_time = Fraction(sum(until - since for since, until in after_grace)) - exempt
    step = fee.step_s * SECOND
    billed = Fraction(-(-counted_time // step) * step) if step > 0 else counted_time
    amount = Fraction(fee.per_minute) * billed / MINUTE
    capped = fee.cap is not None and amount > Fraction(fee.cap)
    return Charge(
        kind=IDLE_FEE,
        quantity=billed / MINUTE,
        unit="min",
        unit_price=fee.per_minute,
        amount=Fraction(fee.cap) if capped and fee.cap is not None else amount,
        tax_percent=fee.tax_percent if fee.tax_percent is not None else tariff.tax_percent,
        reason=_reason(fee, tariff.currency, (total, counted_time, billed, exempt), capped),
        since=intervals[0][0],
        until=intervals[-1][1],
    )


def _after_grace(intervals: Sequence[Interval], grace: int) -> list[Interval]:
    left: Instant = grace
    found: list[Interval] = []
    for since, until in intervals:
        free = min(left, until - since)
        left -= free
        if since + free < until:
            found.append((since + free, until))
    return found


def _exempt(fee: IdleFee, zone: str, intervals: Sequence[Interval]) -> Fraction:
    """How much of these times falls into the exemption, exactly, whatever the clocks do meanwhile."""
    begin, end = (microseconds_of_day(each or time(0)) for each in (fee.exempt_from, fee.exempt_until))
    if begin == end or not intervals:
        return Fraction(0)
    within = spans(zone, int(intervals[0][0]), -int(-intervals[-1][1] // 1))
    cuts = local_instants(within, (begin, end))
    exempt = Fraction(0)
    for since, until in intervals:
        bounds = [since, *(each for each in cuts if since < each < until), until]
        for first, last in pairwise(bounds):
            offset = next(span.offset for span in reversed(within) if span.since <= first)
            of_day = (first + offset) % DAY
            if begin <= of_day < end if begin < end else of_day >= begin or of_day < end:
                exempt += Fraction(last - first)
    return exempt


def _reason(fee: IdleFee, currency: str, times: tuple[Fraction, Fraction, Fraction, Fraction], capped: bool) -> str:
    total, counted_time, billed, exempt = times
    night = f", {hours(fee.exempt_from, fee.exempt_until)} free" if exempt else ""
    if not counted_time:
        return f"Idle {counted(total)}, free" + (
            night if exempt else f" within {counted(fee.grace_s * SECOND)} of grace"
        )
    grace = f" after {counted(fee.grace_s * SECOND)} of grace" if fee.grace_s else ""
    stepped = f", billed as {counted(billed)}" if billed != counted_time else ""
    cap = f", at most {shown(fee.cap, currency)}" if capped and fee.cap is not None else ""
    price = f"{stepped} at {shown(fee.per_minute, currency)} per minute"
    return f"Idle {_of(counted_time, total)}{grace}{price}{night}{cap}"


def _of(part: Fraction, total: Fraction) -> str:
    """`2 of 7 minutes`."""
    if part == total:
        return counted(total)
    if part % MINUTE == total % MINUTE == 0:
        return f"{int(part // MINUTE)} of {counted(total)}"
    return f"{counted(part)} of {counted(total)}"
