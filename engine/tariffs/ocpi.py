"""Our tariffs as OCPI Tariff objects, and theirs as ours: 2.2.1 and 2.3.0, module tariffs.

What the other side cannot say is never dropped in silence: both directions return what was lost, in words. OCPI 2.2.1
states all prices before taxes; it knows no idle fee, which is approximated as PARKING_TIME from the first minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, TypeVar

from engine import errors
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Reservation, Restrictions, Tariff

Kind = TypeVar("Kind", bound=StrEnum)
Json = dict[str, Any]
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_NUMBERS = ("min_kwh", "max_kwh", "min_current", "max_current", "min_power", "max_power")
_DECIMALS = Decimal("0.0001")


class OcpiVersion(StrEnum):
    V221 = "2.2.1"
    V230 = "2.3.0"


@dataclass(frozen=True, slots=True)
class Party:
    """Who owns the tariff: ISO 3166 alpha-2 and the party's three characters."""

    country_code: str
    party_id: str


@dataclass(frozen=True, slots=True)
class Told:
    """An OCPI Tariff object, and what it does not say of ours."""

    tariff: Json
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Understood:
    """Our tariff, and what it does not say of the OCPI one."""

    tariff: Tariff
    losses: tuple[str, ...]


def to_ocpi(tariff: Tariff, version: OcpiVersion, party: Party, last_updated: str, kind: str | None = None) -> Told:
    """`last_updated` as OCPI writes times; `kind` is OCPI's TariffType, None where the tariff is for all sessions."""
    losses: list[str] = []
    net = version is OcpiVersion.V221 and tariff.tax_included
    if net:
        losses.append("OCPI 2.2.1 states prices before taxes: they are computed from prices that include tax.")
    elements = [_element_to(each, tariff, net, losses) for each in tariff.elements]
    if tariff.idle is not None:
        elements.append(_idle_to(tariff.idle, tariff, net, losses))
    if tariff.grace_s:
        losses.append(f"OCPI cannot say that a session of no more than {tariff.grace_s} s is free.")
    told: Json = {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": tariff.id,
        "currency": tariff.currency,
        **({"type": kind} if kind is not None else {}),
        **({"tariff_alt_text": [{"language": tag, "text": text} for tag, text in tariff.text]} if tariff.text else {}),
        **_limits_to(tariff, version),
        "elements": elements,
        **({"tax_included": _tax_included(tariff)} if version is OcpiVersion.V230 else {}),
        "last_updated": last_updated,
    }
    return Told(told, tuple(dict.fromkeys(losses)))


def _tax_included(tariff: Tariff) -> str:
    if tariff.tax_included:
        return "YES"
    percents = [_percent(each.tax_percent, tariff) for element in tariff.elements for each in element.components]
    if tariff.idle is not None:
        percents.append(_percent(tariff.idle.tax_percent, tariff))
    return "NO" if any(percents) else "N/A"


def _element_to(element: Element, tariff: Tariff, net: bool, losses: list[str]) -> Json:
    restrictions = _restrictions_to(element.restrictions, losses)
    components = [
        _component(each.dimension, each.price, each.step_size, _percent(each.tax_percent, tariff), net, losses)
        for each in element.components
    ]
    return {"price_components": components, **({"restrictions": restrictions} if restrictions else {})}


def _percent(own: Decimal | None, tariff: Tariff) -> Decimal:
    return own if own is not None else tariff.tax_percent


def _component(dimension: Dimension, price: Decimal, step: int, percent: Decimal, net: bool, losses: list[str]) -> Json:
    stated = price / (1 + percent / 100) if net else price
    short = stated.quantize(_DECIMALS, ROUND_HALF_UP)
    if short != stated:
        losses.append(f"{dimension} costs {stated:.8f}; OCPI has four decimals: {short}.")
    return {
        "type": dimension.value,
        "price": float(short),
        **({"vat": float(percent)} if percent else {}),
        "step_size": step,
    }


def _idle_to(idle: IdleFee, tariff: Tariff, net: bool, losses: list[str]) -> Json:
    losses.append("OCPI has no idle fee: it is approximated as PARKING_TIME.")
    if idle.grace_s:
        losses.append(f"OCPI cannot say that the idle fee begins after {idle.grace_s} s.")
    if idle.cap is not None:
        losses.append(f"OCPI cannot say that the idle fee is at most {idle.cap} {tariff.currency}.")
    if any(each.dimension is Dimension.PARKING_TIME for element in tariff.elements for each in element.components):
        losses.append("The tariff has PARKING_TIME besides its idle fee; OCPI takes the first of both that applies.")
    percent = _percent(idle.tax_percent, tariff)
    component = _component(Dimension.PARKING_TIME, idle.per_minute * 60, idle.step_s, percent, net, losses)
    # Free from 22:00 to 07:00 is: due from 07:00 to 22:00.
    restrictions = _restrictions_to(Restrictions(start_time=idle.exempt_until, end_time=idle.exempt_from), losses)
    return {"price_components": [component], **({"restrictions": restrictions} if restrictions else {})}


def _limits_to(tariff: Tariff, version: OcpiVersion) -> Json:
    before, after = ("excl_vat", "incl_vat") if version is OcpiVersion.V221 else ("before_taxes", "after_taxes")
    found: Json = {}
    for name, limit in (("min_price", tariff.min_price), ("max_price", tariff.max_price)):
        if limit is None:
            continue
        if tariff.tax_included:
            net = (limit / (1 + tariff.tax_percent / 100)).quantize(_DECIMALS, ROUND_HALF_UP)
            found[name] = {before: float(net), after: float(limit)}
        else:
            found[name] = {before: float(limit)}
    return found


def _restrictions_to(given: Restrictions, losses: list[str]) -> Json:
    found: Json = {}
    for name in ("start_time", "end_time"):
        at: time | None = getattr(given, name)
        if at is not None and given.start_time != given.end_time:
            if at.second or at.microsecond:
                losses.append(f"OCPI has times of day in minutes: {at.isoformat()} is told as {at:%H:%M}.")
            found[name] = f"{at:%H:%M}"
    for name in ("start_date", "end_date"):
        day: date | None = getattr(given, name)
        if day is not None:
            found[name] = day.isoformat()
    for name in _NUMBERS:
        number: Decimal | None = getattr(given, name)
        if number is not None:
            found[name] = float(number)
    for name in ("min_duration", "max_duration"):
        if getattr(given, name) is not None:
            found[name] = getattr(given, name)
    if given.days_of_week:
        found["day_of_week"] = [DAYS[each - 1] for each in sorted(given.days_of_week)]
    if given.reservation is not None:
        found["reservation"] = given.reservation.value
    return found


def from_ocpi(told: Mapping[str, Any], version: OcpiVersion, our_version: int = 1) -> Understood:
    """Raises InvalidInput, with the field, for what is no OCPI Tariff. A missing VAT is none, as OCPI says."""
    losses: list[str] = []
    included = version is OcpiVersion.V230 and told.get("tax_included") == "YES"
    texts = _list(told, "tariff_alt_text")
    losses += [f"{name} is not kept." for name in ("tariff_alt_url", "energy_mix") if name in told]
    tariff = Tariff(
        id=_text(told, "id"),
        version=our_version,
        currency=_text(told, "currency"),
        elements=tuple(_element_from(each, f"elements.{index}") for index, each in enumerate(_list(told, "elements"))),
        min_price=_limit_from(told, "min_price", version, included, losses),
        max_price=_limit_from(told, "max_price", version, included, losses),
        tax_included=included,
        text=tuple((_text(each, "language"), _text(each, "text")) for each in texts),
    )
    return Understood(tariff, tuple(losses))


def _limit_from(
    told: Mapping[str, Any], name: str, version: OcpiVersion, included: bool, losses: list[str]
) -> Decimal | None:
    limit = told.get(name)
    if limit is None:
        return None
    before, after = ("excl_vat", "incl_vat") if version is OcpiVersion.V221 else ("before_taxes", "after_taxes")
    wanted, other = (after, before) if included and after in limit else (before, after)
    if other in limit:
        losses.append(f"{name}.{other} is not kept: the limit is {wanted}.")
    return _number(limit, wanted, name)


def _element_from(told: Mapping[str, Any], path: str) -> Element:
    components = tuple(
        PriceComponent(
            dimension=_one_of(Dimension, each, "type", f"{path}.price_components.{index}"),
            price=_number(each, "price", f"{path}.price_components.{index}"),
            step_size=_whole(each, "step_size", path) or 0,
            tax_percent=_number(each, "vat", path) if each.get("vat") is not None else None,
        )
        for index, each in enumerate(_list(told, "price_components", path))
    )
    return Element(components, _restrictions_from(told.get("restrictions") or {}, f"{path}.restrictions"))


def _restrictions_from(told: Mapping[str, Any], path: str) -> Restrictions:
    given: dict[str, Any] = {name: _number(told, name, path) for name in _NUMBERS if told.get(name) is not None}
    days = _list(told, "day_of_week", path) if told.get("day_of_week") else []
    try:
        given |= {each: time.fromisoformat(told[each]) for each in ("start_time", "end_time") if told.get(each)}
        given |= {each: date.fromisoformat(told[each]) for each in ("start_date", "end_date") if told.get(each)}
        of_week = frozenset(DAYS.index(each) + 1 for each in days)
    except (TypeError, ValueError):
        raise errors.InvalidInput(
            "A time, date or day cannot be read.", field=path, remedy="HH:MM, YYYY-MM-DD, and MONDAY to SUNDAY."
        ) from None
    return Restrictions(
        **given,
        min_duration=_whole(told, "min_duration", path),
        max_duration=_whole(told, "max_duration", path),
        days_of_week=of_week,
        reservation=_one_of(Reservation, told, "reservation", path) if told.get("reservation") else None,
    )


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise errors.InvalidInput(f"{name} is missing.", field=name, remedy="A text, as OCPI asks for.")
    return value


def _list(told: Mapping[str, Any], name: str, path: str = "") -> Sequence[Any]:
    value = told.get(name, [])
    if not isinstance(value, list):
        raise errors.InvalidInput(f"{name} is no list.", field=f"{path}.{name}".strip("."), remedy="A JSON list.")
    return value


def _number(told: Mapping[str, Any], name: str, path: str) -> Decimal:
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise errors.InvalidInput(f"{name} is no number.", field=f"{path}.{name}", remedy="A JSON number.")
    # The shortest text of a float is the number as it was written.
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _whole(told: Mapping[str, Any], name: str, path: str) -> int | None:
    value = told.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.InvalidInput(f"{name} is no whole number.", field=f"{path}.{name}", remedy="A whole number.")
    return value


def _one_of(kinds: type[Kind], told: Mapping[str, Any], name: str, path: str) -> Kind:
    value = told.get(name)
    if value not in {each.value for each in kinds}:
        known = ", ".join(each.value for each in kinds)
        raise errors.InvalidInput(f"{name} is unknown: {value!r}.", field=f"{path}.{name}", remedy=f"One of {known}.")
    return kinds(value)
