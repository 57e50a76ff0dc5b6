"""Tariff, course and bill as JSON-able dicts and back: what snapshots, events and the ledger hold.

Each dict carries its form's number under `form`. A form never changes once released: a new one gets the next number,
and an upcaster (`_UPCASTERS`) that turns the one before it into it. Decimals are text, dates and times ISO 8601.
What is None or a default is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any, Final

from engine.tariffs.bill import Bill, Line, Tax
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Reservation, Restrictions, Tariff

Stored = dict[str, Any]
FORM: Final = 1
_UPCASTERS: Mapping[tuple[str, int], Callable[[Stored], Stored]] = {}
"""(what, form) → the function that makes the next form of it."""


def stored_tariff(tariff: Tariff) -> Stored:
    return _without_nothing(
        form=FORM,
        id=tariff.id,
        version=tariff.version,
        currency=tariff.currency,
        elements=[_stored_element(each) for each in tariff.elements],
        name=tariff.name or None,
        idle=_stored_idle(tariff.idle) if tariff.idle is not None else None,
        min_price=_text(tariff.min_price),
        max_price=_text(tariff.max_price),
        tax_included=tariff.tax_included or None,
        tax_percent=_text(tariff.tax_percent),
        grace_s=tariff.grace_s or None,
        text=[list(each) for each in tariff.text] or None,
    )


def tariff_of(stored: Mapping[str, Any]) -> Tariff:
    """Raises ValueError for a form that this release does not know."""
    given = _upcast("tariff", stored)
    idle = given.get("idle")
    return Tariff(
        id=given["id"],
        version=given["version"],
        currency=given["currency"],
        elements=tuple(_element_of(each) for each in given["elements"]),
        name=given.get("name", ""),
        idle=_idle_of(idle) if idle is not None else None,
        min_price=_decimal(given.get("min_price")),
        max_price=_decimal(given.get("max_price")),
        tax_included=given.get("tax_included", False),
        tax_percent=Decimal(given["tax_percent"]),
        grace_s=given.get("grace_s", 0),
        text=tuple((language, text) for language, text in given.get("text", ())),
    )


def stored_course(course: Course) -> Stored:
    """Each mark is `[at, register_wh, flow]` or `[at, register_wh, flow, current]`."""
    return _without_nothing(
        form=FORM,
        zone=course.zone,
        marks=[_stored_mark(each) for each in course.marks],
        ended=course.ended,
        reserved=list(course.reserved) if course.reserved is not None else None,
        reservation_expired=course.reservation_expired or None,
    )


def course_of(stored: Mapping[str, Any]) -> Course:
    """Raises ValueError for a form that this release does not know."""
    given = _upcast("course", stored)
    reserved = given.get("reserved")
    return Course(
        marks=tuple(_mark_of(each) for each in given["marks"]),
        zone=given["zone"],
        ended=given.get("ended"),
        reserved=(reserved[0], reserved[1]) if reserved is not None else None,
        reservation_expired=given.get("reservation_expired", False),
    )


def stored_bill(bill: Bill) -> Stored:
    return {
        "form": FORM,
        "currency": bill.currency,
        "lines": [_stored_line(each) for each in bill.lines],
        "net": _text(bill.net),
        "taxes": [
            {
                "name": each.name,
                "percent": _text(each.percent),
                "base": _text(each.base),
                "amount": _text(each.amount),
            }
            for each in bill.taxes
        ],
        "gross": _text(bill.gross),
        "energy_kwh": _text(bill.energy_kwh),
        "duration_s": bill.duration_s,
        "idle_s": bill.idle_s,
    }


def bill_of(stored: Mapping[str, Any]) -> Bill:
    """Raises ValueError for a form that this release does not know."""
    given = _upcast("bill", stored)
    return Bill(
        currency=given["currency"],
        lines=tuple(_line_of(each) for each in given["lines"]),
        net=Decimal(given["net"]),
        taxes=tuple(
            Tax(each["name"], Decimal(each["percent"]), Decimal(each["base"]), Decimal(each["amount"]))
            for each in given["taxes"]
        ),
        gross=Decimal(given["gross"]),
        energy_kwh=Decimal(given["energy_kwh"]),
        duration_s=given["duration_s"],
        idle_s=given["idle_s"],
    )


def _upcast(what: str, stored: Mapping[str, Any]) -> Stored:
    given = dict(stored)
    while given["form"] != FORM:
        upcaster = _UPCASTERS.get((what, given["form"]))
        if upcaster is None:
            raise ValueError(f"A stored {what} has the form {given['form']!r}, and this release knows up to {FORM}.")
        given = upcaster(given)
    return given


def _stored_element(element: Element) -> Stored:
    return _without_nothing(
        components=[
            _without_nothing(
                dimension=each.dimension.value,
                price=_text(each.price),
                step_size=each.step_size,
                tax_percent=_text(each.tax_percent),
            )
            for each in element.components
        ],
        restrictions=_stored_restrictions(element.restrictions) or None,
    )


def _element_of(stored: Mapping[str, Any]) -> Element:
    return Element(
        components=tuple(
            PriceComponent(
                Dimension(each["dimension"]),
                Decimal(each["price"]),
                each["step_size"],
                _decimal(each.get("tax_percent")),
            )
            for each in stored["components"]
        ),
        restrictions=_restrictions_of(stored.get("restrictions", {})),
    )


def _stored_restrictions(restrictions: Restrictions) -> Stored:
    return _without_nothing(
        start_time=_iso(restrictions.start_time),
        end_time=_iso(restrictions.end_time),
        start_date=_iso(restrictions.start_date),
        end_date=_iso(restrictions.end_date),
        min_kwh=_text(restrictions.min_kwh),
        max_kwh=_text(restrictions.max_kwh),
        min_current=_text(restrictions.min_current),
        max_current=_text(restrictions.max_current),
        min_power=_text(restrictions.min_power),
        max_power=_text(restrictions.max_power),
        min_duration=restrictions.min_duration,
        max_duration=restrictions.max_duration,
        days_of_week=sorted(restrictions.days_of_week) or None,
        reservation=restrictions.reservation.value if restrictions.reservation is not None else None,
    )


def _restrictions_of(stored: Mapping[str, Any]) -> Restrictions:
    reservation = stored.get("reservation")
    return Restrictions(
        start_time=_time(stored.get("start_time")),
        end_time=_time(stored.get("end_time")),
        start_date=_date(stored.get("start_date")),
        end_date=_date(stored.get("end_date")),
        min_kwh=_decimal(stored.get("min_kwh")),
        max_kwh=_decimal(stored.get("max_kwh")),
        min_current=_decimal(stored.get("min_current")),
        max_current=_decimal(stored.get("max_current")),
        min_power=_decimal(stored.get("min_power")),
        max_power=_decimal(stored.get("max_power")),
        min_duration=stored.get("min_duration"),
        max_duration=stored.get("max_duration"),
        days_of_week=frozenset(stored.get("days_of_week", ())),
        reservation=Reservation(reservation) if reservation is not None else None,
    )


def _stored_idle(idle: IdleFee) -> Stored:
    return _without_nothing(
        per_minute=_text(idle.per_minute),
        grace_s=idle.grace_s,
        step_s=idle.step_s,
        exempt_from=_iso(idle.exempt_from),
        exempt_until=_iso(idle.exempt_until),
        cap=_text(idle.cap),
        tax_percent=_text(idle.tax_percent),
    )


def _idle_of(stored: Mapping[str, Any]) -> IdleFee:
    return IdleFee(
        per_minute=Decimal(stored["per_minute"]),
        grace_s=stored["grace_s"],
        step_s=stored["step_s"],
        exempt_from=_time(stored.get("exempt_from")),
        exempt_until=_time(stored.get("exempt_until")),
        cap=_decimal(stored.get("cap")),
        tax_percent=_decimal(stored.get("tax_percent")),
    )


def _stored_mark(mark: Mark) -> list[Any]:
    told = [mark.at, _text(mark.register_wh), mark.flow.value]
    return told if mark.current is None else [*told, _text(mark.current)]


def _mark_of(stored: list[Any]) -> Mark:
    return Mark(stored[0], Decimal(stored[1]), Flow(stored[2]), Decimal(stored[3]) if len(stored) > 3 else None)


def _stored_line(line: Line) -> Stored:
    return _without_nothing(
        kind=line.kind,
        quantity=_text(line.quantity),
        unit=line.unit,
        unit_price=_text(line.unit_price),
        amount=_text(line.amount),
        tax_percent=_text(line.tax_percent),
        reason=line.reason,
        since=line.since,
        until=line.until,
        element=line.element,
        rounded=_text(line.rounded),
    )


def _line_of(stored: Mapping[str, Any]) -> Line:
    return Line(
        kind=stored["kind"],
        quantity=Decimal(stored["quantity"]),
        unit=stored["unit"],
        unit_price=Decimal(stored["unit_price"]),
        amount=Decimal(stored["amount"]),
        tax_percent=Decimal(stored["tax_percent"]),
        reason=stored["reason"],
        since=stored["since"],
        until=stored["until"],
        element=stored.get("element"),
        rounded=Decimal(stored["rounded"]),
    )


def _without_nothing(**values: Any) -> Stored:
    return {name: value for name, value in values.items() if value is not None}


def _text(value: Decimal | None) -> str | None:
    return str(value) if value is not None else None


def _decimal(stored: str | None) -> Decimal | None:
    return Decimal(stored) if stored is not None else None


def _iso(value: date | time | None) -> str | None:
    return value.isoformat() if value is not None else None


def _time(stored: str | None) -> time | None:
    return time.fromisoformat(stored) if stored is not None else None


def _date(stored: str | None) -> date | None:
    return date.fromisoformat(stored) if stored is not None else None
