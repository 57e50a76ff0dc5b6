"""What a transaction is offered of the power, and whether what its EV means to draw keeps to that (2.x, K15 to K17).

The offer is a TxProfile: what an operator set for the transaction, else the default of its EVSE, so that nobody's limit
is lifted by it; where there is neither, as much as the EV can take. An operator replaces it under its own number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any, NamedTuple

from engine.charging.smart.profiles import ChargingProfile, ChargingSchedule, SchedulePeriod
from engine.clock import SECOND

Row = Mapping[str, Any]

_DAY = 86_400
_KINDS = frozenset({"Absolute", "Recurring", "Relative"})
_RECURS = {"Daily": _DAY, "Weekly": 7 * _DAY}
_PHASES = {"AC_single_phase": 1, "AC_two_phase": 2, "AC_three_phase": 3}
_TENTH = Decimal("0.1")
_ROUNDING = Decimal("0.05")
"""Limits have one decimal (K01): so much above one is not above it."""


def own_profiles(profiles: Iterable[Row], transaction: str) -> list[Row]:
    """The profiles of a transaction, that which counts first."""
    own = [row for row in profiles if row["purpose"] == "TxProfile" and row["transaction"] == transaction]
    return sorted(own, key=lambda row: -int(row["stack_level"]))


class Offer(NamedTuple):
    """`planned`: by us, not what somebody else set for the transaction."""

    profile: ChargingProfile
    planned: bool


def offer_of(
    charge_point: str, transaction: str, evse: int, profiles: Sequence[Row], planned: str, needs: Row, now: int
) -> Offer | None:
    """A profile for the transaction at `evse`; None where nothing is known that could be offered.

    `profiles` are those that are kept of the station, `planned` the command of our last offer that was planned by us.
    """
    own = own_profiles(profiles, transaction)
    most = needs.get("maxScheduleTuples")
    most = most if isinstance(most, int) and most > 0 else None
    theirs = next((row for row in own if not planned or row.get("command") != planned), None)
    if theirs is not None:
        again = _again(theirs, theirs["id"], transaction, most)
        return None if again is None else Offer(again, False)
    number = own[0]["id"] if own else _number(charge_point, transaction)
    default = _default(profiles, evse, now)
    if default is not None:
        limited = _again(default, number, transaction, most)
        return None if limited is None else Offer(limited, True)
    schedule = _of_needs(needs, now)
    if schedule is None:
        return None
    return Offer(ChargingProfile(number, "TxProfile", "Absolute", (schedule,), transaction=transaction), True)


def _number(charge_point: str, transaction: str) -> int:
    """One for each transaction: a later offer takes the place of the one before (K01)."""
    digest = hashlib.blake2b(f"{charge_point}\x00{transaction}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % (2**31 - 1) + 1


def _default(profiles: Iterable[Row], evse: int, now: int) -> Row | None:
    """The TxDefaultProfile that counts now."""
    fit = [row for row in profiles if row["purpose"] == "TxDefaultProfile" and row["evse"] in (0, evse)]
    valid = [row for row in fit if _is_valid(row, now)]
    return max(valid, key=lambda row: (row["stack_level"], row["evse"]), default=None)


def _is_valid(row: Row, now: int) -> bool:
    begin, end = _micros(row["valid_from"]), _micros(row["valid_to"])
    return (begin is None or begin <= now) and (end is None or now < end)


def _again(row: Row, number: int, transaction: str, most: int | None) -> ChargingProfile | None:
    """A kept profile, for the transaction. None if it says what we have no words for (2.1's setpoints, phases …)."""
    schedules = [_schedule(each) for each in row["schedules"][:most]]
    whole = tuple(each for each in schedules if each is not None)
    if not whole or len(whole) < len(schedules) or row["kind"] not in _KINDS:
        return None
    level = row["stack_level"] if row["purpose"] == "TxProfile" else 0
    times = _micros(row["valid_from"]), _micros(row["valid_to"])
    return ChargingProfile(number, "TxProfile", row["kind"], whole, level, row["recurrency"] or "", *times, transaction)


def _schedule(said: Row) -> ChargingSchedule | None:
    periods = []
    for period in said["periods"]:
        limit = _decimal(period.get("limit"))
        if limit is None or period.keys() - {"start_s", "limit", "phases"}:
            return None
        periods.append(SchedulePeriod(int(period.get("start_s", 0)), limit, period.get("phases")))
    rate = _decimal(said.get("min_rate"))
    start = _micros(said.get("start"))
    return ChargingSchedule(str(said.get("unit", "A")), tuple(periods), said.get("duration_s"), start, rate)


def _of_needs(needs: Row, now: int) -> ChargingSchedule | None:
    """All that the EV can take, until it departs; without that for a day, as ISO 15118-2 wants it."""
    mode = str(needs.get("requestedEnergyTransfer", ""))
    phases, unit = _PHASES.get(mode), "A"
    most = _member(needs, "acChargingParameters", "evMaxCurrent") if mode.startswith("AC") else None
    if most is None:
        unit, most = "W", _watts(needs)
    if most is None or most <= 0:
        return None
    departs = _micros(needs.get("departureTime"))
    duration = _DAY if departs is None or departs <= now else -((now - departs) // SECOND)
    limit = most.quantize(_TENTH, ROUND_DOWN)
    return ChargingSchedule(unit, (SchedulePeriod(0, limit, phases if unit == "A" else None),), duration, now)


def _watts(needs: Row) -> Decimal | None:
    v2x = _member(needs, "v2xChargingParameters", "maxChargePower")
    power = _member(needs, "dcChargingParameters", "evMaxPower") if v2x is None else v2x
    if power is not None:
        return power
    current, voltage = (_member(needs, "dcChargingParameters", name) for name in ("evMaxCurrent", "evMaxVoltage"))
    return None if current is None or voltage is None else current * voltage


def _member(needs: Row, group: str, name: str) -> Decimal | None:
    told = needs.get(group)
    return _decimal(told.get(name)) if isinstance(told, Mapping) else None


# --- what the EV means to draw ----------------------------------------------------------------------------------------


def keeps_to(profile: Row, said: Row, now: int) -> bool:
    """Whether an EV's schedule stays within one of the profile's, at every moment of both.

    A schedule in another unit cannot be compared, and is let pass.
    """
    begin = _micros(said.get("timeBase"))
    return any(_within(schedule, profile, said, now if begin is None else begin) for schedule in profile["schedules"])


def _within(offered: Row, profile: Row, said: Row, begin: int) -> bool:
    if offered.get("unit") != said.get("unit"):
        return True
    start = None if profile["kind"] == "Relative" else _micros(offered.get("start"))
    cycle = _RECURS.get(profile["recurrency"] or "", 0)
    ahead = 0 if start is None else (begin - start) // SECOND
    length = said.get("duration_s") or _DAY
    for at in {*_changes(said, 0, length, 0), *_changes(offered, ahead, length, cycle)}:
        drawn = _limit(said, at)
        since = (at + ahead) % cycle if cycle else at + ahead
        allowed = _limit(offered, since)
        if drawn is not None and allowed is not None and drawn > allowed + _ROUNDING:
            return False
    return True


def _changes(schedule: Row, ahead: int, length: int, cycle: int) -> Iterator[int]:
    """When its periods begin, in seconds after the EV's schedule did, as far as that goes."""
    rounds = min(length // cycle + 2, 16) if cycle else 1
    first = ahead // cycle * cycle if cycle else 0
    for period in schedule.get("periods", ()):
        for number in range(rounds):
            at = int(period.get("start_s", 0)) + first + number * cycle - ahead
            if 0 <= at < length:
                yield at


def _limit(schedule: Row, at: int) -> Decimal | None:
    """What it allows so many seconds after its start; None before it begins and after it is over."""
    duration = schedule.get("duration_s")
    if at < 0 or (duration is not None and at >= duration):
        return None
    begun = [period for period in schedule.get("periods", ()) if int(period.get("start_s", 0)) <= at]
    return _decimal(max(begun, key=lambda period: int(period.get("start_s", 0))).get("limit")) if begun else None


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _micros(text: Any) -> int | None:
    """A time as it was said; None for none and for nonsense."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * SECOND)
