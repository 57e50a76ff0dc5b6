"""What is odd or wrong with a tariff, before a driver finds out: findings with their remedy.

`error` is what cannot be meant or may not be, `warning` what is likely a mistake, `info` what one should know.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import StrEnum

from engine.tariffs.coverage import coverage
from engine.tariffs.jurisdictions import RULES, Demand, Rule
from engine.tariffs.model import Dimension, Element, PriceComponent, Restrictions, Tariff
from engine.tariffs.money import CURRENCIES, digits_of, shown
from engine.tariffs.wording import hours

_MOST_GAPS = 5
_IMPLAUSIBLE_PERCENT = Decimal(30)
_LONG_STEP_WH, _LONG_STEP_S = 1000, 3600
_PAIRS = ("kwh", "current", "power", "duration")


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """`element` is the index of the element that it is about, None for the tariff as a whole."""

    severity: Severity
    code: str
    element: int | None
    text: str
    remedy: str


def lint(
    tariff: Tariff,
    *,
    country: str | None = None,
    region: str | None = None,
    power_type: str | None = None,
    max_power_kw: Decimal | None = None,
) -> list[Finding]:
    """All findings, the worst first. `country` is ISO 3166-1 alpha-2, `region` its part without the country (`CA`).

    Without a country no jurisdiction's rules are asked. `power_type` (OCPI's: AC_1_PHASE, AC_3_PHASE, DC) matters to
    restrictions of the current.
    """
    found = [
        *_money(tariff),
        *_taxes(tariff),
        *(each for index, element in enumerate(tariff.elements) for each in _element(index, element, power_type)),
        *_reach(tariff),
        *_idle(tariff),
        *_jurisdiction(tariff, country, region, max_power_kw),
    ]
    if not any(text.strip() for _, text in tariff.text):
        found.append(_warning("text-missing", None, "There is no text for drivers.", "Say in words what it costs."))
    order = list(Severity)
    return sorted(found, key=lambda each: (order.index(each.severity), -1 if each.element is None else each.element))


def _error(code: str, element: int | None, text: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, code, element, text, remedy)


def _warning(code: str, element: int | None, text: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, code, element, text, remedy)


def _info(code: str, element: int | None, text: str, remedy: str) -> Finding:
    return Finding(Severity.INFO, code, element, text, remedy)


def _components(tariff: Tariff) -> Iterator[tuple[int, PriceComponent]]:
    return ((index, each) for index, element in enumerate(tariff.elements) for each in element.components)


def _money(tariff: Tariff) -> Iterator[Finding]:
    currency = tariff.currency
    if currency not in CURRENCIES:
        yield _error("currency-unknown", None, f"{currency!r} is no currency of ISO 4217.", "For example EUR or INR.")
    limits = (("minimum price", tariff.min_price), ("maximum price", tariff.max_price))
    fee = () if tariff.idle is None else (("idle fee's cap", tariff.idle.cap), ("idle fee", tariff.idle.per_minute))
    flats = [(f"{each.dimension} price", each.price, index) for index, each in _components(tariff)]
    for what, amount, element in [*((name, value, None) for name, value in (*limits, *fee)), *flats]:
        if amount is None:
            continue
        if amount < 0:
            yield _error("price-negative", element, f"The {what} is below zero.", "Zero or more.")
        per_unit = what == "idle fee" or (element is not None and not what.startswith("FLAT"))
        exponent = amount.normalize().as_tuple().exponent
        if not per_unit and isinstance(exponent, int) and -exponent > digits_of(currency):
            yield _warning(
                "price-decimals",
                element,
                f"The {what} of {shown(amount, currency)} cannot be paid to the last digit.",
                f"{currency} has {digits_of(currency)} decimals.",
            )
    if tariff.min_price is not None and tariff.max_price is not None and tariff.max_price < tariff.min_price:
        yield _error(
            "limits-crossed", None, "The maximum price is below the minimum price.", "Exchange or correct them."
        )


def _taxes(tariff: Tariff) -> Iterator[Finding]:
    percents = [(None, tariff.tax_percent), *((index, each.tax_percent) for index, each in _components(tariff))]
    if tariff.idle is not None:
        percents.append((None, tariff.idle.tax_percent))
    for element, percent in percents:
        if percent is not None and percent < 0:
            yield _error("tax-negative", element, "A tax percent is below zero.", "Zero or more.")
        elif percent is not None and (percent > _IMPLAUSIBLE_PERCENT or 0 < percent < 1):
            yield _warning(
                "tax-implausible", element, f"A tax of {percent} % is unusual.", "Percents, for example 18, not 0.18."
            )


def _element(index: int, element: Element, power_type: str | None) -> Iterator[Finding]:
    if not element.components:
        yield _error("element-empty", index, "The element has no price.", "Give it a price component, or remove it.")
    seen: set[Dimension] = set()
    for each in element.components:
        if each.dimension in seen:
            yield _error("dimension-twice", index, f"{each.dimension} has two prices in one element.", "Remove one.")
        seen.add(each.dimension)
        yield from _step(index, each)
    given = element.restrictions
    if given.reservation is not None and seen & {Dimension.ENERGY, Dimension.PARKING_TIME}:
        yield _warning(
            "reservation-dimension",
            index,
            "A reservation has neither energy nor parking time: that price never counts.",
            "Use TIME or FLAT.",
        )
    yield from _restrictions(index, given)
    if given.min_current is not None or given.max_current is not None:
        direct = power_type == "DC"
        yield (_warning if direct else _info)(
            "current-unknown",
            index,
            "The element never applies where the station does not measure the current"
            + (", which few DC stations do." if direct else "."),
            "Put an element without this restriction behind it, or restrict the power.",
        )


def _step(index: int, component: PriceComponent) -> Iterator[Finding]:
    step, dimension = component.step_size, component.dimension
    if step < 0:
        yield _error("step-negative", index, f"The step of {dimension} is below zero.", "1, or 0 for none.")
    elif dimension is Dimension.ENERGY and step > _LONG_STEP_WH:
        yield _warning("step-large", index, f"Energy is billed in steps of {step} Wh.", "The unit is Wh; 1 is usual.")
    elif dimension in (Dimension.TIME, Dimension.PARKING_TIME) and step > _LONG_STEP_S:
        yield _warning("step-large", index, f"{dimension} is billed in steps of {step} s.", "The unit is seconds.")
    elif dimension is Dimension.FLAT and step > 1:
        yield _info("step-of-flat", index, "A step means nothing for FLAT.", "Leave it at 1.")


def _restrictions(index: int, given: Restrictions) -> Iterator[Finding]:
    if given.start_time is not None and given.start_time == given.end_time:
        yield _warning(
            "times-equal", index, "Start and end time are equal: all day.", "Leave both out, or correct one."
        )
    if given.start_date is not None and given.end_date is not None and given.end_date <= given.start_date:
        yield _error("dates-crossed", index, "The end date is not after the start date.", "The end date is excluded.")
    for name in _PAIRS:
        least, most = getattr(given, f"min_{name}"), getattr(given, f"max_{name}")
        if least is not None and most is not None and most <= least:
            yield _error("range-empty", index, f"max_{name} is not above min_{name}.", "The maximum is excluded.")
    if given.days_of_week - frozenset(range(1, 8)):
        yield _error("day-unknown", index, "A day of the week is out of range.", "1 Monday to 7 Sunday.")
    begin, end = given.start_time or time(0), given.end_time or time(0)
    if given.days_of_week and time(0) < end < begin:
        yield _info(
            "days-over-midnight",
            index,
            f"{hours(given.start_time, given.end_time)} on chosen days: after midnight the next day's name counts.",
            "Add the following day, with its hours, as an element of its own.",
        )


def _reach(tariff: Tariff) -> Iterator[Finding]:
    """Gaps, elements that never count, and overlaps in which an earlier element is taken."""
    if not tariff.elements:
        yield _error("no-elements", None, "The tariff has no price.", "For free charging: one element, FLAT at 0.")
        return
    found = coverage(tariff)
    if not found.complete:
        yield _info("too-many-combinations", None, "Gaps and overlaps were not looked for.", "Use fewer restrictions.")
        return
    priced = {each.dimension for _, each in _components(tariff)}
    if not priced & {Dimension.ENERGY, Dimension.TIME}:
        yield _info("charging-free", None, "Neither energy nor charging time has a price.", "Fine, if that is meant.")
    else:
        for gap in found.gaps[:_MOST_GAPS]:
            yield _warning("gap", None, f"Charging is free: {gap}.", "Add an element without restrictions at the end.")
        if len(found.gaps) > _MOST_GAPS:
            yield _warning("gap", None, f"{len(found.gaps) - _MOST_GAPS} more gaps.", "As above.")
    for index, element in enumerate(tariff.elements):
        for place, component in enumerate(element.components):
            yield from _component_reach(tariff, (index, place), component, found.holds, found.counts, found.behind)


def _component_reach(
    tariff: Tariff,
    name: tuple[int, int],
    component: PriceComponent,
    holds: set[tuple[int, int]],
    counts: set[tuple[int, int]],
    behind: dict[tuple[int, int], set[int]],
) -> Iterator[Finding]:
    index, dimension = name[0], component.dimension
    earlier = sorted(behind.get(name, set()))
    first = " and ".join(str(each + 1) for each in earlier)
    if name not in holds:
        yield _error("never", index, f"The {dimension} price never applies.", "Its restrictions exclude each other.")
    elif name not in counts:
        yield _warning(
            "unreachable",
            index,
            f"The {dimension} price never counts: element {first} comes first wherever it applies.",
            "Put the more special element first.",
        )
    elif earlier and tariff.elements[index].restrictions != Restrictions():
        yield _info(
            "overlap",
            index,
            f"Where element {first} also applies, its {dimension} price counts, not this one.",
            "Fine, if that is meant: the first element that applies counts.",
        )


def _idle(tariff: Tariff) -> Iterator[Finding]:
    fee = tariff.idle
    if fee is None:
        return
    if not fee.grace_s:
        yield _warning("idle-no-grace", None, "The idle fee begins at once.", "Give drivers some minutes of grace.")
    step_price = fee.per_minute * max(fee.step_s, 0) / 60
    if fee.cap is not None and fee.cap < step_price:
        yield _warning("idle-cap-low", None, "The idle fee's cap is below the price of one step.", "Raise the cap.")
    if fee.step_s < 0 or fee.grace_s < 0:
        yield _error("idle-negative", None, "A time of the idle fee is below zero.", "Seconds, zero or more.")
    elif fee.step_s > _LONG_STEP_S:
        yield _warning("step-large", None, f"Idle time is billed in steps of {fee.step_s} s.", "The unit is seconds.")
    if (fee.exempt_from is None) != (fee.exempt_until is None):
        yield _info("idle-exemption-open", None, "The missing end of the exemption is midnight.", "Give both times.")
    elif fee.exempt_from is not None and fee.exempt_from == fee.exempt_until:
        yield _warning("times-equal", None, "The idle fee's exemption is empty.", "Leave it out, or correct a time.")
    if any(each.dimension is Dimension.PARKING_TIME and each.price for _, each in _components(tariff)):
        yield _warning(
            "idle-and-parking", None, "Idle time costs twice: PARKING_TIME and the idle fee.", "Use one of them."
        )


def _jurisdiction(
    tariff: Tariff, country: str | None, region: str | None, max_power_kw: Decimal | None
) -> Iterator[Finding]:
    if country is None:
        return
    places = frozenset({country, f"{country}-{region}"})
    for rule in RULES:
        if rule.concerns(places, max_power_kw) and _breaks(tariff, rule):
            yield Finding(
                Severity.ERROR if rule.binding else Severity.WARNING,
                rule.code,
                None,
                f"{rule.text} ({rule.source})",
                rule.remedy,
            )


def _breaks(tariff: Tariff, rule: Rule) -> bool:
    session = [
        each for element in tariff.elements if element.restrictions.reservation is None for each in element.components
    ]
    priced = {each.dimension for each in session if each.price > 0}
    match rule.demand:
        case Demand.PER_KWH:
            return bool(priced & {Dimension.TIME, Dimension.FLAT})
        case Demand.ENERGY_PRICED:
            return bool(priced & {Dimension.TIME, Dimension.FLAT}) and Dimension.ENERGY not in priced
        case Demand.TAX_INCLUDED:
            return bool(priced) and not tariff.tax_included
        case Demand.TAX_STATED:
            return bool(priced) and not (tariff.tax_percent or any(each.tax_percent for each in session))
