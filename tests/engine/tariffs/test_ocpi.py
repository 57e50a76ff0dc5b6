"""Tariffs to OCPI and back: what it can say comes back, what it cannot is named."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from engine import errors
from engine.tariffs.model import IdleFee, PriceComponent, Reservation
from engine.tariffs.ocpi import OcpiVersion, Party, from_ocpi, to_ocpi
from tests.engine.tariffs.courses import ENERGY, FLAT, PARKING, TIME, element, tariff

V221, V230 = OcpiVersion.V221, OcpiVersion.V230
OURS = Party("IN", "RAY")
NOW = "2026-01-05T12:00:00Z"


def test_elements_and_restrictions_are_told_as_ocpi_writes_them() -> None:
    wanted = tariff(
        element((FLAT, "0.50", 1, "20"), reservation=Reservation.RESERVATION),
        element(
            (ENERGY, "0.25", 100, "10"),
            (TIME, "2", 60),
            start_time=time(22),
            end_time=time(0),
            start_date=date(2026, 1, 1),
            end_date=date(2026, 2, 1),
            min_kwh="1.5",
            max_power="50",
            min_duration=600,
            days_of_week=frozenset({1, 7}),
        ),
        min_price=Decimal("0.50"),
        text=(("en", "Cheap at night."),),
    )
    told = to_ocpi(wanted, V230, OURS, NOW, "REGULAR")
    assert told.losses == ()
    assert told.tariff == {
        "country_code": "IN",
        "party_id": "RAY",
        "id": "t",
        "currency": "EUR",
        "type": "REGULAR",
        "tariff_alt_text": [{"language": "en", "text": "Cheap at night."}],
        "min_price": {"before_taxes": 0.5},
        "elements": [
            {
                "price_components": [{"type": "FLAT", "price": 0.5, "vat": 20.0, "step_size": 1}],
                "restrictions": {"reservation": "RESERVATION"},
            },
            {
                "price_components": [
                    {"type": "ENERGY", "price": 0.25, "vat": 10.0, "step_size": 100},
                    {"type": "TIME", "price": 2.0, "step_size": 60},
                ],
                "restrictions": {
                    "start_time": "22:00",
                    "end_time": "00:00",
                    "start_date": "2026-01-01",
                    "end_date": "2026-02-01",
                    "min_kwh": 1.5,
                    "max_power": 50.0,
                    "min_duration": 600,
                    "day_of_week": ["MONDAY", "SUNDAY"],
                },
            },
        ],
        "tax_included": "NO",
        "last_updated": NOW,
    }
    back = from_ocpi(told.tariff, V230)
    assert (back.tariff.elements[1].restrictions, back.losses) == (wanted.elements[1].restrictions, ())
    older = to_ocpi(wanted, V221, OURS, NOW).tariff
    assert "tax_included" not in older
    assert older["min_price"] == {"excl_vat": 0.5}


def test_an_idle_fee_is_approximated_and_what_that_loses_is_said() -> None:
    fee = IdleFee(Decimal(3), 300, 60, time(22), time(7), Decimal(90), Decimal(18))
    told = to_ocpi(
        tariff(element((ENERGY, "18"), (PARKING, "1")), currency="INR", idle=fee, grace_s=60), V230, OURS, NOW
    )
    assert told.tariff["elements"][-1] == {
        "price_components": [{"type": "PARKING_TIME", "price": 180.0, "vat": 18.0, "step_size": 60}],
        "restrictions": {"start_time": "07:00", "end_time": "22:00"},
    }
    assert told.losses == (
        "OCPI has no idle fee: it is approximated as PARKING_TIME.",
        "OCPI cannot say that the idle fee begins after 300 s.",
        "OCPI cannot say that the idle fee is at most 90 INR.",
        "The tariff has PARKING_TIME besides its idle fee; OCPI takes the first of both that applies.",
        "OCPI cannot say that a session of no more than 60 s is free.",
    )


def test_prices_with_tax_are_told_to_2_2_1_without_it() -> None:
    wanted = tariff(element((ENERGY, "0.59")), tax_included=True, tax_percent=Decimal(19), max_price=Decimal(119))
    told = to_ocpi(wanted, V221, OURS, NOW)
    assert told.tariff["elements"][0]["price_components"] == [
        {"type": "ENERGY", "price": 0.4958, "vat": 19.0, "step_size": 1}
    ]
    assert told.tariff["max_price"] == {"excl_vat": 100.0, "incl_vat": 119.0}
    assert len(told.losses) == 2
    exact = to_ocpi(wanted, V230, OURS, NOW)
    assert (exact.tariff["tax_included"], exact.losses) == ("YES", ())
    back = from_ocpi(exact.tariff, V230)
    assert (back.tariff.max_price, back.tariff.tax_included) == (Decimal("119.0"), True)
    assert back.losses == ("max_price.before_taxes is not kept: the limit is after_taxes.",)


def test_a_tariff_of_another_party_is_understood() -> None:
    theirs: dict[str, Any] = {
        "country_code": "DE",
        "party_id": "ALL",
        "id": "12",
        "currency": "EUR",
        "tariff_alt_url": "https://company.example/tariffs/12",
        "max_price": {"excl_vat": 10, "incl_vat": 11},
        "elements": [{"price_components": [{"type": "TIME", "price": 1.90, "vat": 5.2, "step_size": 300}]}],
        "last_updated": NOW,
    }
    heard = from_ocpi(theirs, V221)
    assert heard.tariff.elements[0].components == (PriceComponent(TIME, Decimal("1.9"), 300, Decimal("5.2")),)
    assert heard.tariff.max_price == 10
    assert heard.losses == ("tariff_alt_url is not kept.", "max_price.incl_vat is not kept: the limit is excl_vat.")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": None}, "id"),
        ({"elements": "none"}, "elements"),
        (
            {"elements": [{"price_components": [{"type": "ENERGY", "price": "0.5"}]}]},
            "elements.0.price_components.0.price",
        ),
        ({"elements": [{"price_components": [{"type": "SUN", "price": 1}]}]}, "elements.0.price_components.0.type"),
        (
            {"elements": [{"price_components": [], "restrictions": {"start_time": "25:00"}}]},
            "elements.0.restrictions",
        ),
        (
            {"elements": [{"price_components": [], "restrictions": {"min_duration": 1.5}}]},
            "elements.0.restrictions.min_duration",
        ),
    ],
)
def test_what_is_no_tariff_is_refused_with_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        from_ocpi({"id": "1", "currency": "EUR", "elements": [], **change}, V230)
    assert refused.value.field == field
