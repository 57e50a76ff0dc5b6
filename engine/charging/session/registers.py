"""Read energy registers and power out of meter readings, and judge whether registers fit together.

Energy is always a difference of two registers, never a sum of intervals: repeats and disorder cannot change it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from engine.charging.messages import MeterReading, Sample

METER_BACKWARDS: Final = "meter_backwards"
UNIT_SCALE: Final = "unit_scale"
CLOCK_NONSENSE: Final = "clock_nonsense"
NO_STOP: Final = "no_stop"
LATE_STOP: Final = "late_stop"
UNKNOWN_TRANSACTION: Final = "unknown_transaction"
STOP_BEFORE_START: Final = "stop_before_start"
MISSING_START: Final = "missing_start"
MISSING_EVENTS: Final = "missing_events"
NO_BEGIN: Final = "no_begin"
NO_RELEASE: Final = "no_release"

_ENERGY: Final = "Energy.Active.Import.Register"
_POWER: Final = "Power.Active.Import"

MOST_WH: Final = Decimal(1_000_000)
"""No session charges a megawatt hour: beyond it, registers are looked at for a wrong unit."""

_THOUSAND: Final = Decimal(1000)
_ZERO: Final = Decimal(0)
_ONE_WH: Final = Decimal(1)


def register_and_power(samples: tuple[Sample, ...]) -> tuple[Decimal | None, Decimal | None]:
    """The import register (Wh) and the import power (W) of one reading, None where it has none.

    The outlet's register is preferred to the inlet's; power is the total, or the sum of the phases where no total is
    given. A register in the context Transaction.Begin is the meter's start and no news.
    """
    register: Decimal | None = None
    total: Decimal | None = None
    phases: Decimal | None = None
    at_outlet = False
    for measurand, phase, location, context, _, _, _, value, unit in samples:
        if value is None:
            continue
        if measurand == _ENERGY:
            if phase or unit != "Wh" or at_outlet or context == "Transaction.Begin":
                continue
            if location == "Outlet" or not location:
                register, at_outlet = value, True
            elif location == "Inlet":
                register = value
        elif measurand == _POWER and unit == "W":
            if not phase:
                total = value
            elif phase[0] == "L":
                phases = value if phases is None else phases + value
    return register, phases if total is None else total


def begin_register(readings: Iterable[MeterReading], *, stated: bool = False) -> Decimal | None:
    """The import register (Wh) at a transaction's beginning: the one that says so, else the first; None without any.

    With `stated` only one that says so.
    """
    first: Decimal | None = None
    for reading in readings:
        for sample in reading.samples:
            energy = sample.measurand == _ENERGY and not sample.phase and sample.base_unit == "Wh"
            if not energy or sample.value is None:
                continue
            if sample.context == "Transaction.Begin":
                return sample.value
            if first is None and not stated:
                first = sample.value
    return first


def wrong_scale(start: Decimal, later: Decimal) -> bool:
    """Whether two registers of one transaction look like Wh against kWh (field: kWh labelled Wh). A doubt, no proof."""
    if later < start:
        return _ZERO <= later * _THOUSAND - start <= MOST_WH and start > _THOUSAND
    return later - start > MOST_WH and -_THOUSAND <= later / _THOUSAND - start <= MOST_WH / _THOUSAND


def went_back(known: Decimal, later: Decimal) -> bool:
    """Whether a register is below an earlier one by more than rounding: some are told to the Wh, others finer."""
    return known - later >= _ONE_WH


def energy_between(start: Decimal | None, stop: Decimal | None) -> tuple[Decimal | None, tuple[str, ...]]:
    """Energy in Wh from two registers and the doubts about it; None where it cannot be told."""
    if start is None or stop is None:
        return None, ()
    scale = (UNIT_SCALE,) if wrong_scale(start, stop) else ()
    if went_back(start, stop):
        return None, (METER_BACKWARDS, *scale)
    return max(stop - start, _ZERO), scale


def seconds_between(started: int | None, stopped: int) -> tuple[int | None, tuple[str, ...]]:
    """Whole seconds between two times in microseconds, and the doubts; None where they are the wrong way round."""
    if started is None:
        return None, ()
    if stopped < started:
        return None, (CLOCK_NONSENSE,)
    return (stopped - started) // 1_000_000, ()


def as_text(value: Decimal | None) -> str | None:
    """Exact decimal text without an exponent."""
    return None if value is None else format(value, "f")
