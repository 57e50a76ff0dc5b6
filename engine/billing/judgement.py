"""What is doubtful about a session before it is billed, in words for whoever has to decide.

A session without findings becomes a receipt by itself. Everything here is pure: facts, the bill that follows from them,
and what is known of the place and the issuer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from engine.billing.facts import KWH, Facts, plausible_times
from engine.billing.issuer import NONE, Issuer
from engine.billing.places_of_supply import shares_for, supply_is_known
from engine.billing.premises import Premises
from engine.charging.session import registers
from engine.clock import SECOND
from engine.errors import RaychargeError
from engine.tariffs.bill import Bill
from engine.tariffs.money import minor_unit
from engine.tariffs.pricing import price

HARMLESS = frozenset({registers.LATE_STOP})
"""Doubts that are settled: the Stop came late, and it came."""

POWER_SLACK = Decimal("1.1")
"""A connector gives a little more than it is said to, and clocks are not exact."""

SLACK_WH = Decimal(100)

_STATION = {
    registers.METER_BACKWARDS: ("The meter ran backwards.", "Take the energy from the car or from the next session."),
    registers.UNIT_SCALE: ("The registers look like Wh against kWh.", "Divide or multiply the energy by 1000."),
    registers.CLOCK_NONSENSE: ("The station's clock made no sense.", "Correct start and end."),
    registers.NO_STOP: ("The station never said that the session ended.", "Use the last reading, or waive it."),
    registers.NO_RELEASE: (
        "For a day nobody said that the car had left.",
        "Correct the end: idling was counted until then.",
    ),
    registers.UNKNOWN_TRANSACTION: ("The stop named an unknown transaction.", "Compare with the sessions around."),
    registers.STOP_BEFORE_START: ("The stop came before its start.", "Compare with the sessions around."),
    registers.MISSING_START: ("The start is missing.", "Use the first reading and correct the start."),
    registers.MISSING_EVENTS: ("Some of the session's events are missing.", "Check the energy."),
    registers.NO_BEGIN: ("There is no register of the beginning.", "Use the stop of the session before."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`doubt` is its stable name, `detail` says what is seen, `suggestion` what could be done."""

    doubt: str
    detail: str
    suggestion: str = ""

    def stored(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`bill` is None where there is nothing to pay by, or no price could be made."""

    bill: Bill | None
    findings: tuple[Finding, ...]


def judge(facts: Facts, premises: Premises, issuer: Issuer | None) -> Judgement:
    """The bill that follows from `facts` and everything that speaks against sending it."""
    findings = [_of_station(doubt) for doubt in facts.doubts if doubt not in HARMLESS]
    if facts.tariff is None or facts.course is None:
        if issuer is not None and issuer.profile.tariff_wanted:
            why = "No tariff held when the session began."
            findings.append(Finding("no_tariff", why, "Assign one for the next, and waive this."))
            return Judgement(None, tuple(findings))
        # Nobody has to pay: whatever is odd about it is no matter of money.
        return Judgement(None, ())
    bill, refusal = _priced(facts, premises, issuer)
    findings += refusal
    findings += _implausible(facts, premises, issuer)
    if bill is not None:
        findings += _about_money(facts, bill, premises, issuer)
    return Judgement(bill, tuple(findings))


def _of_station(doubt: str) -> Finding:
    return Finding(doubt, *_STATION.get(doubt, (f"The station's data are doubtful: {doubt}.", "")))


def _priced(facts: Facts, premises: Premises, issuer: Issuer | None) -> tuple[Bill | None, list[Finding]]:
    tariff, course = facts.frozen_tariff, facts.marks
    assert tariff is not None
    assert course is not None
    shares = None if issuer is None else shares_for(issuer.profile, premises)
    try:
        bill = price(tariff, course) if shares is None else price(tariff, course, None, shares)
    except (RaychargeError, ValueError, ArithmeticError, LookupError, TypeError) as error:
        return None, [Finding("price_refused", f"No price could be made: {error}", "Correct the times and the energy.")]
    return bill, []


def _implausible(facts: Facts, premises: Premises, issuer: Issuer | None) -> list[Finding]:
    found = []
    if not plausible_times(facts) and registers.CLOCK_NONSENSE not in facts.doubts:
        found.append(Finding("times_out_of_order", "Start, stop and end are not in this order.", "Correct them."))
    if facts.energy_wh is None:
        if registers.METER_BACKWARDS not in facts.doubts:
            found.append(Finding("no_energy", "Nobody knows how much was charged.", "Correct the energy."))
    elif facts.energy_wh < 0:
        found.append(Finding("negative_energy", "The energy is below nothing.", "Correct the energy."))
    elif (most := most_wh(facts, premises)) is not None and facts.energy_wh > most:
        told, possible = facts.energy_wh / KWH, most / KWH
        found.append(
            Finding(
                "too_much_energy",
                f"{told:.2f} kWh; the connector can give {possible:.2f} kWh in that time.",
                "Compare the registers, and the connector's power as it is described.",
            )
        )
    longest = None if issuer is None else issuer.profile.longest_h * 3600 * SECOND
    if longest is not None and facts.started is not None and facts.ended - facts.started > longest:
        hours = (facts.ended - facts.started) // (3600 * SECOND)
        found.append(Finding("too_long", f"It lasted {hours} hours.", "Correct the end, or bill it as it stands."))
    return found


def most_wh(facts: Facts, premises: Premises) -> Decimal | None:
    """The most that the connector can have given, in Wh; None where its power or the time is unknown."""
    if premises.max_power_w is None or facts.started is None or facts.stopped < facts.started:
        return None
    hours = Decimal(facts.stopped - facts.started) / Decimal(3600 * SECOND)
    return premises.max_power_w * hours * POWER_SLACK + SLACK_WH


def _about_money(facts: Facts, bill: Bill, premises: Premises, issuer: Issuer | None) -> list[Finding]:
    found = []
    if premises.network is None and bill.gross:
        why = "Its charge point is not registered."
        found.append(Finding("unknown_charge_point", why, "Register it, or waive this."))
    elif issuer is None and bill.gross:
        found.append(Finding("no_issuer", "Its network has nobody who issues receipts.", "Enter an issuer."))
    if issuer is not None and issuer.profile.currency != bill.currency:
        detail = f"The tariff is in {bill.currency}, the issuer bills in {issuer.profile.currency}."
        found.append(Finding("other_currency", detail, "Waive it, and correct the tariff."))
    if issuer is not None and bill.gross and not supply_is_known(issuer.profile, premises):
        why = "The state of the station or of the issuer is unknown."
        found.append(Finding("no_region", why, "Enter both: the split of GST depends on them."))
    if issuer is not None and issuer.profile.tax_regime == NONE and any(line.tax_percent for line in bill.lines):
        why = "The tariff has a tax, and its issuer charges none."
        found.append(Finding("tax_without_regime", why, "Correct the issuer's tax regime, or the tariff."))
    # Shares of a tax are rounded each for themselves.
    allowed = minor_unit(bill.currency) * len(bill.taxes)
    if facts.total is not None and abs(Decimal(facts.total) - bill.gross) > allowed:
        found.append(Finding("other_total", f"The session was told {facts.total}, the bill says {bill.gross}.", ""))
    return found


def findings_of(stored: list[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(Finding(each["doubt"], each["detail"], each["suggestion"]) for each in stored)
