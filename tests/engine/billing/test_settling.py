"""Settled sessions: to the paisa into a receipt, or with all that is doubtful to a person; each of them once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from engine.access.scope import EVERYWHERE
from engine.billing.issuer import NONE, VAT, Profile
from engine.billing.issuers import Issuers
from engine.clock import SECOND, ManualClock
from engine.projections.dead_letters import DeadLetters
from engine.stores.sql.engine import Database
from engine.stores.sql.models import dead_letters, positions
from engine.stores.sql.tables.billing import receipt_taxes, receipts, settlements
from engine.stores.sql.tables.outbox import outbox
from engine.stores.sql.tables.places import stations
from engine.stores.sql.tables.tokens import drivers, token_holders
from engine.tariffs.bill import Bill
from engine.tariffs.stored import bill_of
from tests.engine.billing.world import (
    MINUTE,
    SELLER,
    T0,
    TARIFF,
    TAXED_IN_FULL,
    amended,
    billing_with,
    course,
    open_city,
    receipts_of,
    reviews_of,
    settled,
)
from tests.engine.charging.test_prices import MALL, Station


def agrees(row: object, tax_included: bool = False) -> Bill:
    """Hold a receipt's or credit note's sums against each other, and against its columns."""
    bill = bill_of(row.document["bill"])  # type: ignore[attr-defined]
    printed = sum((line.rounded for line in bill.lines), Decimal(0))
    assert printed == (bill.gross if tax_included else bill.net)
    assert bill.net + sum((tax.amount for tax in bill.taxes), Decimal(0)) == bill.gross
    assert (row.net, row.gross) == (bill.net * 100, bill.gross * 100)  # type: ignore[attr-defined]
    assert row.net + row.tax == row.gross  # type: ignore[attr-defined]
    return bill


async def test_a_session_becomes_a_receipt_to_the_paisa_with_the_taxes_of_its_state(database: Database) -> None:
    await open_city(database)
    await billing_with(database, [settled("s1")], [settled("s2", 10)])
    first, second = await receipts_of(database)
    bill = agrees(first)
    # 22 kWh x 18 = 396.00; 12 minutes idle less 5 of grace = 7 x 3 = 21.00; 9 % of 417.00 = 37.53 twice.
    assert [(line.kind, line.rounded) for line in bill.lines] == [("energy", 396), ("idle", 21)]
    assert [(tax.name, tax.percent, tax.amount) for tax in bill.taxes] == [
        ("CGST", 9, Decimal("37.53")),
        ("SGST", 9, Decimal("37.53")),
    ]
    assert (bill.gross, first.number, second.number) == (Decimal("492.06"), "RC/26-27/000001", "RC/26-27/000002")
    assert (first.network, first.station, first.day, first.energy_wh) == ("default", "default", "2026-06-15", 22_000)
    document = first.document
    assert document["token"] == "••••••••••E6F7"
    assert document["station"]["address"] == ["1 Mall Road", "560001 Bengaluru", "KA", "IN"]
    assert (document["place_of_supply"], document["zone"], document["connector_label"]) == (
        "KA",
        "Asia/Kolkata",
        "CCS left",
    )
    assert document["issuer"]["service_code"] == "998714"
    async with database.read() as connection:
        taxes = (await connection.execute(select(receipt_taxes).where(receipt_taxes.c.receipt == first.id))).all()
    assert [(tax.name, tax.percent, tax.base, tax.amount) for tax in taxes] == [
        ("CGST", 9, 41700, 3753),
        ("SGST", 9, 41700, 3753),
    ]


GERMAN = Profile("Ladewerk GmbH", ("Weg 1", "10115 Berlin"), "DE", "EUR", "Europe/Berlin", tax_regime=VAT)
INCLUDED = replace(TARIFF, currency="EUR", tax_included=True, tax_percent=Decimal(19))


@pytest.mark.parametrize(
    ("profile", "tariff", "taxes", "number"),
    [
        (TAXED_IN_FULL, TARIFF, [("IGST", Decimal("75.06"))], "RC/26-27/000001"),
        (GERMAN, INCLUDED, [("VAT", Decimal("66.58"))], "RC/2026/000001"),
        (replace(GERMAN, tax_regime=NONE), replace(INCLUDED, tax_percent=Decimal(0)), [], "RC/2026/000001"),
    ],
    ids=["another state", "VAT included", "no tax"],
)
async def test_the_taxes_are_those_of_seller_and_place(
    profile: Profile, tariff: object, taxes: list[tuple[str, Decimal]], number: str, database: Database
) -> None:
    await open_city(database, profile)
    await billing_with(database, [settled("s1", tariff=tariff)])  # type: ignore[arg-type]
    (row,) = await receipts_of(database)
    bill = agrees(row, tax_included=profile.currency == "EUR")
    assert ([(tax.name, tax.amount) for tax in bill.taxes], row.number) == (taxes, number)


async def test_a_session_is_billed_once_however_often_the_journal_is_read(database: Database) -> None:
    await open_city(database)
    said = [[settled("s1")], [settled("s1"), settled("s2", doubts=("no_stop",))], [amended("s1", 30)]]
    await billing_with(database, *said)
    before = await receipts_of(database), [row.key for row in await reviews_of(database)]
    async with database.write() as connection:
        await connection.execute(delete(positions).where(positions.c.projection == "billing"))
    await billing_with(database, *said)
    assert (await receipts_of(database), [row.key for row in await reviews_of(database)]) == before
    assert ([row.number for row in before[0]], before[1]) == (
        ["RC/26-27/000001"],
        ["amended:0/3/e/0", "settled:s2"],
    )
    async with database.read() as connection:
        assert (await connection.execute(select(dead_letters))).all() == []


LONG = course(22, minutes=80 * 60)
ODD = {
    "meter_backwards": settled("s", doubts=("meter_backwards",), energy_wh=None),
    "unit_scale": settled("s", doubts=("unit_scale",)),
    "no_stop": settled("s", doubts=("no_stop", "late")),
    "no_energy": settled("s", energy_wh=None),
    "negative_energy": settled("s", energy_wh="-1"),
    "too_much_energy": settled("s", 90),
    "too_long": settled("s", path=LONG),
    "times_out_of_order": settled("s", started=T0 + 3600 * 10 * SECOND),
    "other_currency": settled("s", tariff=replace(TARIFF, currency="EUR")),
    "other_total": settled("s", total="17"),
    "unknown_charge_point": settled("s", charge_point="CP-9"),
    "price_refused": settled("s", course={"form": 1, "zone": "Nowhere/No", "marks": [[T0, "0", "charging"]]}),
}


async def test_what_is_doubtful_goes_to_a_person_with_the_bill_that_would_be_sent(database: Database) -> None:
    await open_city(database)
    await billing_with(database, *([replace(event, session=doubt)] for doubt, event in ODD.items()))
    found = {row.session: row for row in await reviews_of(database)}
    assert {doubt: doubt in [each["doubt"] for each in found[doubt].findings] for doubt in ODD} == dict.fromkeys(
        ODD, True
    )
    assert all(each["detail"] for row in found.values() for each in row.findings)
    assert (found["no_stop"].gross, found["no_stop"].currency, found["no_stop"].state) == (49206, "INR", "open")
    assert (found["price_refused"].proposed, found["unknown_charge_point"].network) == (None, None)
    assert await receipts_of(database) == []


async def test_who_owes_nothing_gets_no_receipt_unless_the_issuer_wants_it(database: Database) -> None:
    await open_city(database, replace(SELLER, zero_receipts=True))
    await billing_with(database, [settled("s1", path=course(0, idle=2)), settled("free", tariff=None)])
    (row,) = await receipts_of(database)
    assert (row.session, row.gross, agrees(row).gross) == ("s1", 0, 0)
    async with database.read() as connection:
        outcomes = {row.session: row.outcome for row in await connection.execute(select(settlements))}
    assert outcomes == {"s1": "receipt", "free": "free"}


async def test_without_an_issuer_or_a_state_or_a_wanted_tariff_a_person_decides(database: Database) -> None:
    await open_city(database, None)
    await billing_with(database, [settled("s1"), settled("free", tariff=None, doubts=("no_stop",))])
    await open_issuer_wanting_tariffs(database)
    await billing_with(database, [settled("s2", tariff=None)], [settled("s3")], first=2)
    found = {row.session: [each["doubt"] for each in row.findings] for row in await reviews_of(database)}
    assert found == {"s1": ["no_issuer"], "s2": ["no_tariff"], "s3": ["no_region"]}


async def open_issuer_wanting_tariffs(database: Database) -> None:
    await Issuers(database, ManualClock(T0)).create(EVERYWHERE, "default", replace(SELLER, tariff_wanted=True))
    async with database.write() as connection:
        await connection.execute(update(stations).values(country="IN"))
        await connection.execute(text("UPDATE networks SET region = ''"))


async def test_later_news_correct_what_is_open_and_question_what_is_billed(database: Database) -> None:
    await open_city(database)
    late = amended("open", 20, doubts=("late_stop",), believed=T0 + 30 * MINUTE)
    await billing_with(
        database,
        [settled("open", doubts=("no_stop",)), settled("billed"), settled("same")],
        [late, amended("billed", 24), amended("same", 22), amended("nobody", 1)],
        [amended("billed", 25)],
    )
    billed, opened = await reviews_of(database)
    assert (opened.findings, opened.version, opened.gross) == ([], 2, 42480)
    assert (billed.kind, billed.key, billed.version) == ("amended", "amended:0/2/e/1", 2)
    assert [row.session for row in await receipts_of(database)] == ["billed", "same"]


async def test_receipts_refuse_to_be_changed(database: Database) -> None:
    await open_city(database)
    await billing_with(database, [settled("s1")])
    for statement in (update(receipts).values(net=1), delete(receipts), update(receipt_taxes).values(base=1)):
        with pytest.raises(DBAPIError):
            await attempt(database, statement)


async def attempt(database: Database, statement: object) -> None:
    async with database.write() as connection:
        await connection.execute(statement)  # type: ignore[call-overload]


async def test_an_event_that_cannot_be_used_takes_neither_others_nor_a_number_with_it(database: Database) -> None:
    await open_city(database)
    if database.dialect == "sqlite":
        refused = "CREATE TRIGGER no BEFORE INSERT ON receipt_taxes WHEN NEW.base = 18000 "
        await attempt(database, text(refused + "BEGIN SELECT RAISE(ABORT, 'refused'); END"))
    else:
        await attempt(database, text("ALTER TABLE receipt_taxes ADD CONSTRAINT no CHECK (base <> 18000)"))
    broken = settled("broken", course={"form": 7})
    billing = await billing_with(
        database, [broken, settled("s1"), settled("refused", path=course(10, idle=0)), settled("s2")]
    )
    assert [(row.session, row.sequence) for row in await receipts_of(database)] == [("s1", 1), ("s2", 2)]
    assert (await DeadLetters(database).counts(), billing.dead) == ({"billing": 2}, 2)


async def test_the_driver_who_held_the_token_gets_a_letter_in_the_same_transaction(database: Database) -> None:
    await open_city(database)
    async with database.write() as connection:
        for id, email in (("d1", "ann@example.org"), ("d2", "ben@example.org")):
            row = {"id": id, "network": "default", "email": email, "created": 1, "updated": 1}
            await connection.execute(insert(drivers), row)
        held = {"network": "", "folded": "04a2b3c4d5e6f7"}
        for driver, since, until in (("d1", 0, T0 + MINUTE), ("d2", T0 + MINUTE, None)):
            row = held | {"since": since, "until": until, "driver": driver}
            await connection.execute(insert(token_holders), row)
    await billing_with(database, [settled("s1"), settled("s2", id_token="nobody's")])
    row, other = await receipts_of(database)
    async with database.read() as connection:
        (letter,) = (await connection.execute(select(outbox))).all()
    assert (row.driver, other.driver, letter.recipient, letter.network) == ("d1", "", "ann@example.org", "default")
    assert letter.subject == "Your receipt RC/26-27/000001 from City Charge Private Limited"
    assert letter.body.startswith("Thank you for charging at City Mall Station: 22.00 kWh for ₹492.06.")
    assert letter.attachments == [{"kind": "receipt", "id": row.id, "name": "RC-26-27-000001.pdf"}]


async def test_what_the_machine_settles_is_what_the_receipt_says(database: Database) -> None:
    """From the station's own words to the paisa: 22 kWh, charged, and two minutes longer than the five of grace."""
    await open_city(database, replace(SELLER, zero_receipts=True))
    station = Station(replace(MALL, tax_percent=Decimal(18))).start()
    station.says("Charging")
    station.says("SuspendedEV", 3600)
    station.meter(23_000, 60)
    station.stop(23_000, 60)
    station.says("Available", 300)
    told = station.settled
    assert told is not None
    await billing_with(database, [told])
    (row,) = await receipts_of(database)
    bill = agrees(row, tax_included=True)
    assert (str(bill.gross), told.total, bill.net) == ("402.00", "402.00", Decimal("340.68"))
    assert row.document["zone"] == "UTC"
    assert await reviews_of(database) == []
