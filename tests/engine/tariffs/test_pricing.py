"""What a session costs: the tables of boundaries, clocks, idle times, bounds and taxes."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest

from engine import errors
from engine.clock import SECOND
from engine.tariffs.bill import GST_BETWEEN_STATES, GST_WITHIN_STATE
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.estimate import estimate, planned
from engine.tariffs.model import IdleFee, Tariff
from engine.tariffs.pricing import price
from tests.engine.tariffs.courses import (
    BERLIN,
    DONE,
    ENERGY,
    EV,
    EVSE,
    FLAT,
    KOLKATA,
    MINUTE,
    PARKING,
    TIME,
    C,
    at,
    course,
    element,
    lines,
    net,
    tariff,
)

NOON = at("2026-01-05 12:00")
PLAIN = element((ENERGY, "0.50"))
MALL = tariff(element((ENERGY, "18")), currency="INR", idle=IdleFee(Decimal(3), grace_s=300), tax_percent=Decimal(18))


def test_the_mall_22_kwh_and_seven_minutes_of_which_five_are_grace() -> None:
    stay = course(at("2026-01-05 18:00", KOLKATA), (C, 48, "22"), (DONE, 7), zone=KOLKATA)
    bill = price(MALL, stay, taxes=GST_WITHIN_STATE)
    assert [(each.reason, str(each.rounded)) for each in bill.lines] == [
        ("22.000 kWh at ₹18.00 per kWh", "396.00"),
        ("Idle 2 of 7 minutes after 5 minutes of grace at ₹3.00 per minute", "6.00"),
    ]
    assert [(each.name, str(each.percent), str(each.base), str(each.amount)) for each in bill.taxes] == [
        ("CGST", "9", "402.00", "36.18"),
        ("SGST", "9", "402.00", "36.18"),
    ]
    assert (str(bill.net), str(bill.gross)) == ("402.00", "474.36")
    assert (bill.energy_kwh, bill.duration_s, bill.idle_s) == (22, 55 * 60, 7 * 60)
    between = price(MALL, stay, taxes=GST_BETWEEN_STATES)
    assert [(each.name, str(each.amount)) for each in between.taxes] == [("IGST", "72.36")]


DAY = element((ENERGY, "0.60"), start_time=time(6), end_time=time(22))
NIGHT = element((ENERGY, "0.30"), start_time=time(22), end_time=time(6))


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        # A start is included, an end is not, to the microsecond.
        pytest.param(tariff(DAY), course(at("2026-01-05 22:00"), (C, 60, "10")), [], id="end time excluded"),
        pytest.param(
            tariff(DAY), course(at("2026-01-05 06:00"), (C, 60, "10")), [("energy", "10 kWh", "6.00")], id="start time"
        ),
        pytest.param(
            tariff(DAY, NIGHT),
            course(at("2026-01-05 21:30"), (C, 60, "10")),
            [("energy", "5 kWh", "3.00"), ("energy", "5 kWh", "1.50")],
            id="over a boundary of the tariff",
        ),
        pytest.param(
            tariff(NIGHT), course(at("2026-01-05 23:00"), (C, 120, "8")), [("energy", "8 kWh", "2.40")], id="midnight"
        ),
        pytest.param(
            tariff(element((ENERGY, "1"), start_time=time(20), end_time=time(0))),
            course(at("2026-01-05 23:00"), (C, 120, "8")),
            [("energy", "4 kWh", "4.00")],
            id="until the end of the day",
        ),
        pytest.param(
            tariff(element((ENERGY, "1"), start_date=date(2026, 1, 6), end_date=date(2026, 1, 7))),
            course(at("2026-01-05 23:00"), (C, 26 * 60, "26")),
            [("energy", "24 kWh", "24.00")],
            id="one date",
        ),
        pytest.param(
            tariff(element((ENERGY, "1"), days_of_week=frozenset({6, 7}))),
            course(at("2026-01-09 22:00"), (C, 240, "8")),
            [("energy", "4 kWh", "4.00")],
            id="the weekend begins",
        ),
        pytest.param(
            tariff(element((ENERGY, "1"), start_time=time(22), end_time=time(6), days_of_week=frozenset({5}))),
            course(at("2026-01-09 21:00"), (C, 240, "4")),
            [("energy", "2 kWh", "2.00")],
            id="Friday's window ends with Friday",
        ),
        pytest.param(
            tariff(element((ENERGY, "0"), max_kwh="5"), element((ENERGY, "1"), min_kwh="5", max_kwh="15")),
            course(NOON, (C, 60, "20")),
            [("energy", "5 kWh", "0.00"), ("energy", "10 kWh", "10.00")],
            id="from so many kWh to so many",
        ),
        pytest.param(
            tariff(element((TIME, "60"), min_kwh="10")),
            course(NOON, (C, 60, "20")),
            [("time", "0.5 h", "30.00")],
            id="time after so many kWh",
        ),
        pytest.param(
            tariff(element((TIME, "60"), min_duration=600, max_duration=1200)),
            course(NOON, (C, 60)),
            [("time", "0.166666666667 h", "10.00")],
            id="from minute 10 to 20",
        ),
        pytest.param(
            tariff(element((ENERGY, "1"), min_power="11")),
            course(NOON, (C, 60, "11"), (C, 60, "10.99")),
            [("energy", "11 kWh", "11.00")],
            id="from 11 kW",
        ),
        pytest.param(
            tariff(element((ENERGY, "1"), max_power="11")),
            course(NOON, (C, 60, "11"), (C, 60, "10")),
            [("energy", "10 kWh", "10.00")],
            id="below 11 kW",
        ),
    ],
)
def test_the_boundaries_of_every_restriction(
    wanted: Tariff, given: Course, expected: list[tuple[str, str, str]]
) -> None:
    assert lines(price(wanted, given)) == expected


def test_the_boundaries_of_the_current_and_one_that_nobody_told() -> None:
    amperes = [Decimal(16), Decimal("15.9"), None]
    marks = [Mark(NOON + n * MINUTE, Decimal(n * 1000), C, each) for n, each in enumerate(amperes)]
    given = Course((*marks, Mark(NOON + 3 * MINUTE, Decimal(3000), DONE)), BERLIN)
    above = tariff(element((ENERGY, "1"), min_current="16"), element((ENERGY, "9")))
    below = tariff(element((ENERGY, "1"), max_current="16"), element((ENERGY, "9")))
    assert lines(price(above, given)) == [("energy", "1 kWh", "1.00"), ("energy", "2 kWh", "18.00")]
    assert lines(price(below, given)) == [("energy", "2 kWh", "18.00"), ("energy", "1 kWh", "1.00")]
    parked = Course((Mark(NOON, Decimal(0), EV), Mark(NOON + MINUTE, Decimal(0), EV)), BERLIN)
    assert lines(price(tariff(element((PARKING, "60"), max_current="6")), parked)) == [
        ("parking", "0.016666666667 h", "1.00")
    ]


@pytest.mark.parametrize(
    ("zone", "since", "hours", "expected"),
    [
        # 2026-03-29 02:00 is 03:00 in Berlin, 2026-10-25 03:00 is 02:00 again.
        pytest.param(BERLIN, "2026-03-29 00:00", 23, "23", id="a day of 23 hours"),
        pytest.param(BERLIN, "2026-10-25 00:00", 25, "25", id="a day of 25 hours"),
        pytest.param(KOLKATA, "2026-03-29 00:00", 24, "24", id="a zone without summer time"),
    ],
)
def test_a_day_lasts_as_long_as_the_local_clock_makes_it(zone: str, since: str, hours: int, expected: str) -> None:
    day = date.fromisoformat(since[:10])
    on_that_day = tariff(element((TIME, "1"), start_date=day, end_date=date.fromordinal(day.toordinal() + 1)))
    bill = price(on_that_day, course(at(since, zone) - 120 * MINUTE, (C, hours * 60 + 240), zone=zone))
    assert lines(bill) == [("time", f"{expected} h", f"{hours}.00")]
    assert price(on_that_day, course(at(since, zone), (C, hours * 60), zone=zone)).net == hours


@pytest.mark.parametrize(
    ("since", "window", "hours"),
    [
        ("2026-03-28 20:00", (time(22), time(6)), 7),  # a night with an hour less
        ("2026-10-24 20:00", (time(22), time(6)), 9),  # and with one more
        ("2026-03-29 00:00", (time(2), time(3)), 0),  # an hour that there is not
        ("2026-10-25 00:00", (time(2), time(3)), 2),  # and that there is twice
        ("2026-03-29 00:00", (time(2, 30), time(4)), 1),  # begins in the gap: at 03:00
        ("2026-10-25 00:00", (time(1, 30), time(2, 30)), 1.5),  # ends twice
    ],
)
def test_a_window_of_local_time_when_the_clocks_change(since: str, window: tuple[time, time], hours: float) -> None:
    wanted = tariff(element((TIME, "1"), start_time=window[0], end_time=window[1]))
    assert price(wanted, course(at(since), (C, 12 * 60))).net == Decimal(str(hours))
    exempt = tariff(PLAIN, idle=IdleFee(Decimal(1), exempt_from=window[0], exempt_until=window[1]))
    idle = price(exempt, course(at(since) - MINUTE, (C, 1), (DONE, 12 * 60)))
    assert idle.net == Decimal(12 * 60) - Decimal(str(hours)) * 60


def test_a_window_in_a_zone_of_half_an_hour() -> None:
    given = course(at("2026-01-05 21:30", KOLKATA), (C, 60, "10"), zone=KOLKATA)
    assert lines(price(tariff(DAY, NIGHT), given)) == [("energy", "5 kWh", "3.00"), ("energy", "5 kWh", "1.50")]
    with pytest.raises(errors.InvalidInput, match="no time zone"):
        price(tariff(PLAIN), course(NOON, (C, 1), zone="Mars/Olympus"))


@pytest.mark.parametrize(
    ("flows", "time_min", "parking_min"),
    [
        ([(C, 30, "5"), (DONE, 10)], 30, 10),
        ([(C, 30, "5"), (EV, 10), (C, 5, "1"), (DONE, 5)], 35, 15),
        # The station holds back, the car still asks: neither charging nor parking (OCPI, CdrDimensionType).
        ([(C, 30, "5"), (EVSE, 10), (C, 10, "1")], 40, 0),
    ],
)
def test_what_counts_as_charging_and_as_parking(
    flows: list[tuple[Flow, int] | tuple[Flow, int, str]], time_min: int, parking_min: int
) -> None:
    by_minute = tariff(element((TIME, "60"), (PARKING, "6000")))
    assert price(by_minute, course(NOON, *flows)).net == time_min + 100 * parking_min


@pytest.mark.parametrize(
    ("given", "quantity", "amount", "reason"),
    [
        (IdleFee(Decimal(3), 300), 2, "6.00", "Idle 2 of 7 minutes after 5 minutes of grace at €3.00 per minute"),
        (IdleFee(Decimal(3)), 7, "21.00", "Idle 7 minutes at €3.00 per minute"),
        (IdleFee(Decimal(3), 420), 0, "0.00", "Idle 7 minutes, free within 7 minutes of grace"),
        (IdleFee(Decimal(3), cap=Decimal(10)), 7, "10.00", "Idle 7 minutes at €3.00 per minute, at most €10.00"),
        (
            IdleFee(Decimal(3), step_s=300),
            10,
            "30.00",
            "Idle 7 minutes, billed as 10 minutes at €3.00 per minute",
        ),
        (
            IdleFee(Decimal(3), 120, exempt_from=time(12, 4), exempt_until=time(18)),
            1,
            "3.00",
            "Idle 1 of 7 minutes after 2 minutes of grace at €3.00 per minute, 12:04–18:00 free",
        ),
        (
            IdleFee(Decimal(3), exempt_from=time(8), exempt_until=time(18)),
            0,
            "0.00",
            "Idle 7 minutes, free, 08:00–18:00 free",
        ),
    ],
)
def test_the_idle_fee(given: IdleFee, quantity: int, amount: str, reason: str) -> None:
    bill = price(tariff(idle=given), course(NOON, (C, 1, "1"), (DONE, 7)))
    assert [(each.quantity, str(each.rounded), each.reason) for each in bill.lines] == [(quantity, amount, reason)]


@pytest.mark.parametrize(
    ("flows", "billed"),
    [
        ([(C, 30, "5"), (EV, 4), (C, 5, "1"), (DONE, 4)], 3),  # the grace of 5 is given once, 4 of it were used
        ([(C, 30, "5"), (EV, 6), (C, 60, "1")], 1),  # a car that goes on charging idles no more
        ([(C, 30, "5"), (EVSE, 600), (DONE, 5)], 0),  # the station holds back: never
        ([(EV, 60), (C, 30, "5"), (DONE, 6)], 1),  # a car that waits for its own timer has completed nothing
        ([(C, 30, "5"), (EV, 3), (DONE, 4)], 2),  # unplugging late is the same idling
    ],
)
def test_idle_time_is_what_the_station_says_after_charging(
    flows: list[tuple[Flow, int] | tuple[Flow, int, str]], billed: int
) -> None:
    assert price(tariff(idle=IdleFee(Decimal(1), 300)), course(NOON, *flows)).net == billed


def test_a_session_within_the_sessions_grace_costs_nothing_and_says_so() -> None:
    wanted = tariff(element((FLAT, "1"), (ENERGY, "0.5")), grace_s=120, min_price=Decimal(3))
    free = price(wanted, course(NOON, (C, 2, "1")))
    assert (free.gross, [each.reason for each in free.lines]) == (0, ["Free: a session of no more than 2 minutes"])
    assert price(wanted, course(NOON, (C, 3, "1"))).gross == 3


def test_a_flat_fee_is_charged_once_and_a_step_of_zero_bills_what_was_used() -> None:
    wanted = tariff(element((FLAT, "1"), (ENERGY, "1", 0)), element((FLAT, "2"), (TIME, "0.10")))
    bill = price(wanted, course(NOON, (C, 10, "1.2345"), (C, 10, "1.2345")))
    assert lines(bill) == [
        ("flat", "1 session", "1.00"),
        ("energy", "2.469 kWh", "2.47"),
        ("time", "0.333333333333 h", "0.03"),
    ]
    late = tariff(element((FLAT, "5"), min_duration=3600), PLAIN)
    assert [net(price(late, course(NOON, (C, minutes)))) for minutes in (60, 61)] == ["0.00", "5.00"]


def test_minimum_and_maximum_say_what_they_did_and_bear_the_tax_of_what_they_change() -> None:
    two_rates = element((FLAT, "2.00", 1, "20"), (ENERGY, "0.50", 1, "10"))
    low = price(tariff(two_rates, min_price=Decimal(8)), course(NOON, (C, 10, "4")))
    assert [(each.kind, str(each.rounded), str(each.tax_percent)) for each in low.lines] == [
        ("flat", "2.00", "20"),
        ("energy", "2.00", "10"),
        ("minimum", "2.00", "20"),
        ("minimum", "2.00", "10"),
    ]
    assert low.lines[-1].reason == "Raised to the minimum price of €8.00"
    assert (net(low), str(low.gross)) == ("8.00", "9.20")
    high = price(tariff(PLAIN, max_price=Decimal(20), tax_percent=Decimal(19)), course(NOON, (C, 60, "100")))
    assert [(each.kind, str(each.rounded)) for each in high.lines] == [("energy", "50.00"), ("maximum", "-30.00")]
    assert (net(high), str(high.gross)) == ("20.00", "23.80")


@pytest.mark.parametrize(
    ("kwh", "included", "net", "taxes", "gross"),
    [
        ("10", False, "180.00", ["16.20", "16.20"], "212.40"),
        ("10", True, "152.54", ["13.73", "13.73"], "180.00"),
        # 0.001 kWh are 1.8 paise. Equal shares stay equal, and what that leaves is in the net.
        ("0.001", False, "0.02", ["0.00", "0.00"], "0.02"),
        ("1.337", True, "20.39", ["1.84", "1.84"], "24.07"),
    ],
)
def test_taxes_add_up_both_ways(kwh: str, included: bool, net: str, taxes: list[str], gross: str) -> None:
    wanted = tariff(element((ENERGY, "18")), currency="INR", tax_percent=Decimal(18), tax_included=included)
    bill = price(wanted, course(NOON, (C, 10, kwh)), taxes=GST_WITHIN_STATE)
    assert (str(bill.net), [str(each.amount) for each in bill.taxes], str(bill.gross)) == (net, taxes, gross)
    assert bill.net + sum(each.amount for each in bill.taxes) == bill.gross


def test_each_currency_has_its_own_minor_unit() -> None:
    for currency, expected in (("JPY", "12"), ("EUR", "12.35"), ("KWD", "12.346")):
        bill = price(tariff(element((ENERGY, "12.3456")), currency=currency), course(NOON, (C, 10, "1")))
        assert str(bill.gross) == expected


def test_the_running_price_goes_up_to_now_and_invents_no_energy() -> None:
    open_still = Course(course(NOON, (C, 60, "10")).marks, BERLIN)
    by_both = tariff(element((ENERGY, "1"), (TIME, "60")))
    halfway, now = NOON + 30 * MINUTE, NOON + 90 * MINUTE
    assert net(price(by_both, open_still, halfway)) == "35.00"
    assert net(price(by_both, open_still, now)) == "100.00"
    assert net(price(by_both, open_still)) == "70.00"
    assert price(by_both, open_still, NOON - 1).lines == ()
    only_begun = price(tariff(element((FLAT, "1"))), Course((Mark(NOON, Decimal(0), C),), BERLIN), NOON)
    assert net(only_begun) == "1.00"


def test_the_power_of_the_last_interval_holds_until_something_else_is_known() -> None:
    fast = tariff(element((TIME, "60"), min_power="50"))
    begun = Course((Mark(NOON, Decimal(0), C), Mark(NOON + 6 * MINUTE, Decimal(6000), C)), BERLIN)
    assert net(price(fast, begun, NOON + 10 * MINUTE)) == "10.00"


def test_a_register_that_goes_back_sells_nothing_twice() -> None:
    wh = [0, 5000, 3000, 6000]
    marks = tuple(Mark(NOON + n * MINUTE, Decimal(each), C) for n, each in enumerate(wh))
    assert price(tariff(PLAIN), Course(marks, BERLIN)).energy_kwh == 6
    at_once = (*marks, Mark(NOON + 3 * MINUTE, Decimal(7000), DONE))
    assert price(tariff(PLAIN), Course(at_once, BERLIN)).energy_kwh == 7


def test_an_estimate_is_the_bill_of_a_session_that_never_was() -> None:
    plan = planned(NOON, BERLIN, Decimal(22), power_kw=Decimal(50), idle_s=420)
    assert str(estimate(MALL, plan).gross) == "474.36"
    assert plan.ended == NOON + 1584 * SECOND + 420 * SECOND
    by_time = planned(NOON, BERLIN, Decimal(22), charging_s=3600, reserved_s=900)
    assert (by_time.ended, by_time.reserved) == (NOON + 60 * MINUTE, (NOON - 15 * MINUTE, NOON))
    for wrong in (
        {},
        {"power_kw": Decimal(0)},
        {"power_kw": Decimal("0.001")},
        {"power_kw": Decimal(1), "charging_s": 1},
    ):
        with pytest.raises(errors.InvalidInput):
            planned(NOON, BERLIN, Decimal(22), **wrong)
