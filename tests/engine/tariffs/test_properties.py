"""What holds for every tariff and course: splitting changes nothing, more costs no less, all amounts add up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tariffs.bill import GST_WITHIN_STATE, VAT, Bill, TaxShare
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Reservation, Restrictions, Tariff
from engine.tariffs.ocpi import OcpiVersion, Party, from_ocpi, to_ocpi
from engine.tariffs.pricing import price
from engine.tariffs.stored import bill_of, course_of, stored_bill, stored_course, stored_tariff, tariff_of
from tests.engine.tariffs.courses import BERLIN, ENERGY, KOLKATA, MINUTE, at, tariff

prices = st.decimals(0, 100, places=4)
percents = st.none() | st.sampled_from([Decimal(each) for each in ("0", "5", "18", "19", "7.7")])
times = st.none() | st.times().map(lambda each: each.replace(second=0, microsecond=0))
days = st.frozensets(st.integers(1, 7))
steps = st.sampled_from([0, 1, 60, 500, 900])


def numbers(most: int) -> st.SearchStrategy[Decimal | None]:
    return st.none() | st.decimals(0, most, places=1)


def components(steps: st.SearchStrategy[int]) -> st.SearchStrategy[PriceComponent]:
    return st.builds(PriceComponent, st.sampled_from(Dimension), prices, steps, percents)


restrictions = st.builds(
    Restrictions,
    start_time=times,
    end_time=times,
    start_date=st.none() | st.dates(date(2026, 3, 28), date(2026, 3, 30)),
    min_kwh=numbers(40),
    max_kwh=numbers(40),
    min_power=numbers(100),
    max_power=numbers(100),
    min_current=numbers(32),
    min_duration=st.none() | st.integers(0, 7200),
    max_duration=st.none() | st.integers(0, 7200),
    days_of_week=days,
    reservation=st.sampled_from([None, None, Reservation.RESERVATION]),
)


def elements(steps: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[Element, ...]]:
    one = st.builds(
        Element, st.lists(components(steps), min_size=1, max_size=3).map(tuple), restrictions | st.just(Restrictions())
    )
    return st.lists(one, max_size=4).map(tuple)


idle_fees = st.builds(
    IdleFee,
    prices,
    st.integers(0, 900),
    st.sampled_from([0, 1, 60, 300]),
    times,
    times,
    st.none() | st.decimals(0, 20, places=2),
    percents,
)


def tariffs(steps: st.SearchStrategy[int] = steps, limits: bool = True) -> st.SearchStrategy[Tariff]:
    limit = st.none() | st.decimals(0, 60, places=2) if limits else st.none()
    return st.builds(
        Tariff,
        id=st.just("t"),
        version=st.just(1),
        currency=st.sampled_from(["EUR", "INR", "JPY", "KWD"]),
        elements=elements(steps),
        idle=st.none() | idle_fees,
        min_price=limit,
        max_price=limit,
        tax_included=st.booleans(),
        tax_percent=percents.map(lambda each: each or Decimal(0)),
        grace_s=st.sampled_from([0, 300]),
        text=st.just((("en", "As it says."),)),
    )


@st.composite
def courses(draw: st.DrawFn) -> Course:
    """A few intervals of minutes around the beginning of summer time, registers in whole Wh."""
    now, register = at("2026-03-28 20:00") + draw(st.integers(0, 600)) * MINUTE, 1000
    start, marks = now, []
    for _ in range(draw(st.integers(1, 6))):
        flow, current = draw(st.sampled_from(Flow)), draw(st.none() | st.decimals(0, 32, places=1))
        marks.append(Mark(now, Decimal(register), flow, current))
        now += draw(st.integers(0, 120)) * MINUTE
        register += draw(st.integers(0, 20_000)) if flow is Flow.CHARGING else 0
    marks.append(Mark(now, Decimal(register), Flow.FINISHING))
    ended = draw(st.none() | st.just(now + 20 * MINUTE))
    reserved = draw(st.none() | st.just((start - 30 * MINUTE, start)))
    return Course(tuple(marks), draw(st.sampled_from([BERLIN, KOLKATA])), ended, reserved)


@st.composite
def split(draw: st.DrawFn, course: Course) -> Course:
    """The same course with more marks, each on the straight line between its neighbours."""
    marks = []
    for mark, after in zip(course.marks, course.marks[1:], strict=False):
        marks.append(mark)
        for tenth in sorted(draw(st.sets(st.integers(1, 9), max_size=3))) if after.at > mark.at else ():
            there = mark.at + (after.at - mark.at) * tenth // 10
            register = mark.register_wh + (after.register_wh - mark.register_wh) * tenth / 10
            marks.append(Mark(there, register, mark.flow, mark.current))
    return Course((*marks, course.marks[-1]), course.zone, course.ended, course.reserved)


def as_printed(bill: Bill) -> tuple[object, ...]:
    return (bill.net, bill.taxes, bill.gross, bill.energy_kwh, [(each.kind, each.amount) for each in bill.lines])


@settings(max_examples=60, deadline=None)
@given(st.data(), tariffs(), courses())
def test_splitting_a_period_never_changes_the_price(data: st.DataObject, wanted: Tariff, whole: Course) -> None:
    assert as_printed(price(wanted, data.draw(split(whole)))) == as_printed(price(wanted, whole))


@settings(max_examples=40, deadline=None)
@given(tariffs(st.sampled_from([0, 1]), limits=False), courses(), st.lists(st.integers(0, 800), min_size=2, max_size=5))
def test_the_running_price_never_falls(wanted: Tariff, given: Course, minutes: list[int]) -> None:
    at_all_times = [price(wanted, given, given.marks[0].at + each * MINUTE).gross for each in sorted(minutes)]
    assert at_all_times == sorted(at_all_times)
    if given.ended is not None:
        assert price(wanted, given, given.ended) == price(wanted, given)


@given(prices, st.lists(st.integers(0, 100_000), min_size=2, max_size=4), steps)
def test_more_energy_costs_no_less(per_kwh: Decimal, energies: list[int], step: int) -> None:
    plain = tariff(Element((PriceComponent(ENERGY, per_kwh, step),)), tax_percent=Decimal(18))
    start = at("2026-01-05 12:00")
    costs = [
        price(
            plain,
            Course((Mark(start, Decimal(0), Flow.CHARGING), Mark(start + MINUTE, Decimal(wh), Flow.CHARGING)), "UTC"),
        ).gross
        for wh in sorted(energies)
    ]
    assert costs == sorted(costs)


@settings(max_examples=60, deadline=None)
@given(tariffs(), courses(), st.sampled_from([VAT, GST_WITHIN_STATE]))
def test_all_amounts_add_up_and_all_forms_come_back(wanted: Tariff, given: Course, taxes: tuple[TaxShare, ...]) -> None:
    bill = price(wanted, given, taxes=taxes)
    assert bill.net + sum(each.amount for each in bill.taxes) == bill.gross
    stated = bill.gross if wanted.tax_included else bill.net
    assert sum((each.rounded for each in bill.lines), Decimal(0)) == stated
    assert abs(sum((each.amount for each in bill.lines), Decimal(0)) - stated) <= Decimal("0.5000001")
    most = Decimal(100) if wanted.max_price is None else wanted.max_price
    if wanted.min_price is not None and most >= wanted.min_price and bill.duration_s > 300:
        assert stated >= wanted.min_price.quantize(stated)
    assert tariff_of(stored_tariff(wanted)) == wanted
    assert course_of(stored_course(given)) == given
    assert bill_of(stored_bill(bill)) == bill


@settings(max_examples=40, deadline=None)
@given(tariffs(), st.sampled_from(OcpiVersion))
def test_what_ocpi_can_say_comes_back_from_it(wanted: Tariff, version: OcpiVersion) -> None:
    told = to_ocpi(wanted, version, Party("DE", "ABC"), "2026-01-01T00:00:00Z")
    back = from_ocpi(told.tariff, version).tariff
    again = to_ocpi(back, version, Party("DE", "ABC"), "2026-01-01T00:00:00Z")
    if version is OcpiVersion.V230 or not wanted.tax_included:
        said, heard = dict(told.tariff), dict(again.tariff)
        for limits in (said, heard):
            limits.pop("min_price", None), limits.pop("max_price", None)
        assert heard == said
    assert [len(each.components) for each in back.elements][: len(wanted.elements)] == [
        len(each.components) for each in wanted.elements
    ]
