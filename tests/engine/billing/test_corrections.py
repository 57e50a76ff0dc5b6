"""Credit notes, corrected receipts and decisions about doubtful sessions: nothing is edited, and each counts once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orjson import loads
from sqlalchemy import select

from engine.access.acting import Actor, acting_as
from engine.access.scope import EVERYWHERE, Scope
from engine.billing.credits import credit_bill
from engine.billing.facts import Figures
from engine.billing.office import Office, open_office
from engine.billing.receipts import Filter
from engine.billing.settling import settle
from engine.clock import SECOND, ManualClock
from engine.errors import Changed, Conflict, InvalidInput, NotFound, RaychargeError
from engine.stores.listing import Wanted
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.audit import audit_log
from engine.stores.sql.tables.billing import settlements
from engine.tariffs.bill import GST_WITHIN_STATE, Bill, TaxShare
from engine.tariffs.pricing import price
from tests.engine.billing.test_settling import agrees
from tests.engine.billing.world import (
    MINUTE,
    SELLER,
    T0,
    TARIFF,
    amended,
    billing_with,
    course,
    open_city,
    receipts_of,
    settled,
)
from tests.engine.deliveries.rows import add_channel, queued
from tests.engine.projections.events import records

MINE, THEIRS = Scope(frozenset({"default"})), Scope(frozenset({"other"}))
FINANCE = Actor("user", "u-fin", "fin@example.org")
WHOLE = Wanted()


async def office_with(database: Database, *batches: Any) -> Office:
    await open_city(database)
    await billing_with(database, *batches)
    return open_office(database, ManualClock(T0 + 24 * 3600 * SECOND))


async def outcomes(database: Database) -> dict[str, str]:
    async with database.read() as connection:
        return {row.session: row.outcome for row in await connection.execute(select(settlements))}


async def test_a_receipt_is_credited_in_parts_and_no_paisa_more_than_it_was(database: Database) -> None:
    office = await office_with(database, [settled("s1")])
    (row,) = await receipts_of(database)
    with acting_as(FINANCE):
        first = await office.corrections.credit(MINE, row.id, Decimal("100"), "The barrier was broken", 1)
        with pytest.raises(Changed):
            await office.corrections.credit(MINE, row.id, None, "Once more", 1)
        with pytest.raises(InvalidInput, match="More than is left"):
            await office.corrections.credit(MINE, row.id, Decimal("392.07"), "Too much")
        with pytest.raises(InvalidInput, match="finer"):
            await office.corrections.credit(MINE, row.id, Decimal("1.001"), "Too fine")
        second = await office.corrections.credit(MINE, row.id, None, "Goodwill")
    for refused, error in ((row.id, Conflict), (first.receipt.id, Conflict)):
        with pytest.raises(error):
            await office.corrections.credit(MINE, refused, None, "Again")
    with pytest.raises(NotFound):
        await office.corrections.credit(THEIRS, row.id, None, "Not mine")
    notes = [each for each in await receipts_of(database) if each.kind == "credit_note"]
    assert [(each.number, each.gross, each.about, each.issued_by) for each in notes] == [
        ("CN/26-27/000001", 10000, row.id, "user:u-fin"),
        ("CN/26-27/000002", 39206, row.id, "user:u-fin"),
    ]
    bills = [agrees(each) for each in notes]
    assert [sum(tax.amount for tax in bill.taxes) for bill in bills] == [Decimal("15.26"), Decimal("59.80")]
    assert sum(bill.net for bill in bills) == 417
    assert second.receipt.energy_wh == 22_000
    standing = await office.receipts.receipt(MINE, row.id)
    assert (standing.credited, len(standing.credit_notes), standing.version) == (49206, 2, 3)
    owed = await office.receipts.owed("s1")
    assert owed is not None
    assert (owed.outcome, owed.gross, owed.receipt) == ("receipt", 0, row.id)


async def test_a_corrected_receipt_names_what_it_replaces_and_the_credit_note_between(database: Database) -> None:
    office = await office_with(database, [settled("s1")])
    (row,) = await receipts_of(database)
    with acting_as(FINANCE):
        new = await office.corrections.correct(MINE, row.id, Figures(energy_wh=Decimal(20_000)), "Meter was read wrong")
        with pytest.raises(Conflict, match="taken its place"):
            await office.corrections.correct(MINE, row.id, Figures(energy_wh=Decimal(1)), "Again")
    note = next(each for each in await receipts_of(database) if each.kind == "credit_note")
    assert (new.receipt.number, new.receipt.gross, new.receipt.about, new.receipt.after) == (
        "RC/26-27/000002",
        44958,
        row.id,
        note.id,
    )
    assert (new.document["about"]["number"], new.document["after"]["number"]) == ("RC/26-27/000001", "CN/26-27/000001")
    assert (await office.receipts.receipt(MINE, row.id)).replaced_by == new.receipt.id
    with acting_as(FINANCE):
        nothing = await office.corrections.correct(
            MINE, new.receipt.id, Figures(Decimal(0), ended=T0 + 40 * MINUTE), "No charging"
        )
    assert (nothing.receipt.kind, nothing.receipt.about) == ("credit_note", new.receipt.id)
    assert await outcomes(database) == {"s1": "free"}
    async with database.read() as connection:
        lines = (await connection.execute(select(audit_log).where(audit_log.c.kind == "receipt"))).all()
    assert {(line.actor, line.before["energy_wh"], line.after["energy_wh"]) for line in lines} == {
        ("u-fin", "22000", "20000"),
        ("u-fin", "20000", "0"),
    }


async def test_finance_decides_once_about_each_doubtful_session(database: Database) -> None:
    doubtful = [settled(name, doubts=("meter_backwards",), energy_wh=None) for name in ("bill", "correct", "waive")]
    office = await office_with(database, doubtful)
    items = {item.session: item for item in (await office.reviews.items(MINE, WHOLE)).items}
    assert (await office.reviews.items(THEIRS, WHOLE)).items == []
    figures = Figures(Decimal(10_000), T0, T0 + 40 * MINUTE)
    preview = await office.reviews.preview(MINE, items["correct"].id, figures)
    assert preview.bill is not None
    assert (preview.bill.gross, [each.doubt for each in preview.findings]) == (Decimal("212.40"), ["meter_backwards"])
    with acting_as(FINANCE):
        billed = await office.reviews.resolve(MINE, items["bill"].id, "bill", "The driver confirms", version=1)
        for _ in range(2):
            corrected = await office.reviews.resolve(
                MINE, items["correct"].id, "correct", "Read at the car", figures, version=1
            )
        waived = await office.reviews.resolve(MINE, items["waive"].id, "waive", "Nobody knows")
        with pytest.raises(Conflict, match="decided"):
            await office.reviews.resolve(MINE, items["waive"].id, "bill", "Nobody knows")
        with pytest.raises(NotFound):
            await office.reviews.resolve(THEIRS, items["waive"].id, "waive", "Nobody knows")
    assert (billed.state, billed.resolution, billed.resolved_by, billed.version) == (
        "resolved",
        "billed",
        "user:u-fin",
        2,
    )
    assert corrected.correction is not None
    assert (corrected.correction["before"]["energy_wh"], corrected.correction["after"]["energy_wh"]) == (None, "10000")
    assert (waived.receipt, waived.note) == (None, "Nobody knows")
    rows = {row.session: row for row in await receipts_of(database)}
    assert {name: (row.gross, row.reason) for name, row in rows.items()} == {
        "bill": (49206, "The driver confirms"),
        "correct": (21240, "Read at the car"),
    }
    assert await outcomes(database) == {"bill": "receipt", "correct": "receipt", "waive": "waived"}
    assert await office.reviews.open_count(MINE) == 0
    async with database.read() as connection:
        lines = (await connection.execute(select(audit_log).where(audit_log.c.kind == "review_item"))).all()
    assert sorted(line.after["state"] for line in lines) == ["billed", "corrected", "waived"]


async def test_decisions_that_make_no_right_bill_are_refused(database: Database) -> None:
    office = await office_with(
        database, [settled("abroad", charge_point="CP-9"), settled("odd", tariff=replace(TARIFF, currency="EUR"))]
    )
    items = (await office.reviews.items(EVERYWHERE, WHOLE)).items
    for item in items:
        with pytest.raises(Conflict):
            await office.reviews.resolve(EVERYWHERE, item.id, "bill", "Try")
        for decision, figures in (("correct", None), ("bill", Figures(Decimal(1))), ("forget", None)):
            with pytest.raises(InvalidInput):
                await office.reviews.resolve(EVERYWHERE, item.id, decision, "Try", figures)
        with pytest.raises(InvalidInput, match="reason"):
            await office.reviews.resolve(EVERYWHERE, item.id, "waive", "  ")
        with pytest.raises(Changed):
            await office.reviews.resolve(EVERYWHERE, item.id, "waive", "Try", version=9)
    assert await receipts_of(database) == []


async def test_what_was_told_after_billing_is_billed_anew_by_a_decision(database: Database) -> None:
    office = await office_with(database, [settled("s1")], [amended("s1", 24)])
    (item,) = (await office.reviews.items(MINE, WHOLE)).items
    assert (item.kind, item.findings[0].doubt) == ("amended", "amended_after_billing")
    await office.reviews.resolve(MINE, item.id, "bill", "The late message is right")
    note, first, second = await receipts_of(database)
    assert (note.about, second.about, second.after, second.gross) == (first.id, first.id, note.id, 53454)
    owed = await office.receipts.owed("s1")
    assert owed is not None
    assert owed.gross == second.gross


async def test_an_issuer_that_comes_late_bills_what_waited_for_it(database: Database) -> None:
    await open_city(database, None)
    await billing_with(database, [settled("s1"), settled("s2", doubts=("no_stop",))])
    office = open_office(database, ManualClock(T0))
    await office.issuers.create(MINE, "default", SELLER)
    done = await office.reviews.resolve_all(MINE, "default", "no_issuer", "bill", "The issuer is entered")
    assert ([row.session for row in await receipts_of(database)], len(done)) == (["s1"], 1)
    assert len(await office.reviews.resolve_all(MINE, "default", "no_stop", "waive", "Old stations")) == 1
    assert await outcomes(database) == {"s1": "receipt", "s2": "waived"}


async def test_two_people_and_the_journal_bill_a_session_once(database: Database) -> None:
    office = await office_with(database, [settled("s1", doubts=("no_stop",)), settled("s2")])
    (item,) = (await office.reviews.items(MINE, WHOLE)).items
    again = billing_with(database, [amended("s1", 22, doubts=("late_stop",))], first=2)
    told = await asyncio.gather(
        *(office.reviews.resolve(MINE, item.id, "bill", f"Person {n}") for n in range(4)), again, return_exceptions=True
    )
    assert sum(not isinstance(each, BaseException) for each in told) == 2
    assert all(isinstance(each, RaychargeError) for each in told if isinstance(each, BaseException))
    assert sorted(row.session for row in await receipts_of(database)) == ["s1", "s2"]


async def test_numbers_have_no_gap_with_many_at_once_and_some_that_fail(database: Database) -> None:
    await open_city(database)

    async def issue(number: int) -> None:
        event = records([settled(f"s{number}")])
        async with database.write() as connection:
            await settle(connection, T0, loads(event[0].data))
            if number % 4 == 3:
                raise ZeroDivisionError

    told = await asyncio.gather(*(issue(number) for number in range(20)), return_exceptions=True)
    assert sum(isinstance(each, ZeroDivisionError) for each in told) == 5
    rows = await receipts_of(database)
    assert [row.sequence for row in rows] == list(range(1, 16))
    assert [row.number for row in rows] == [f"RC/26-27/{n:06d}" for n in range(1, 16)]


async def test_the_books_add_up_by_day_tariff_and_tax(database: Database) -> None:
    office = await office_with(database, [settled("s1"), settled("s2", 10)])
    first, second = await receipts_of(database)
    await office.corrections.credit(MINE, second.id, Decimal("47.10"), "Goodwill; with, a comma")
    day = date(2026, 6, 15)
    since, until = day, date(2026, 6, 30)
    by_day = await office.reports.revenue(MINE, "day", since, until)
    assert [(row.group, row.receipts, row.credit_notes, row.gross) for row in by_day] == [
        ("2026-06-15", 2, 0, Decimal("729.24")),
        ("2026-06-16", 0, 1, Decimal("-47.10")),
    ]
    (by_tariff,) = await office.reports.revenue(MINE, "tariff", since, until)
    assert (by_tariff.group, by_tariff.energy_kwh, by_tariff.net + by_tariff.tax) == ("city", 32, by_tariff.gross)
    taxes = await office.reports.taxes(MINE, since, until)
    assert {row.name for row in taxes} == {"CGST", "SGST"}
    assert sum(row.amount for row in taxes) == by_tariff.tax
    assert await office.reports.revenue(THEIRS, "network", since, until) == []
    with pytest.raises(InvalidInput):
        await office.reports.revenue(MINE, "driver", since, until)
    lines = [line async for line in office.receipts.book(MINE, Filter())]
    heading = lines[0]
    assert heading[11:16] == ["net", "CGST", "SGST", "tax", "gross"]
    assert sum(Decimal(line[15]) for line in lines[1:]) == by_tariff.gross
    assert [line[16] for line in lines[1:]] == ["", "", second.number]
    page = await office.receipts.receipts(MINE, Wanted("-gross", None, 1), Filter(number="RC", kind="receipt"))
    assert ([row.id for row in page.items], page.cursor is not None) == ([first.id], True)


SHARES = st.sampled_from([(), (TaxShare("VAT"),), GST_WITHIN_STATE])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    wh=st.integers(0, 100_000),
    idle=st.integers(0, 90),
    tax=st.decimals(0, 30, places=2),
    included=st.booleans(),
    shares=SHARES,
    parts=st.lists(st.integers(1, 99), max_size=4),
)
def test_every_receipt_and_credit_note_adds_up_and_together_they_are_nothing(
    wh: int, idle: int, tax: Decimal, included: bool, shares: tuple[TaxShare, ...], parts: list[int]
) -> None:
    tariff = replace(TARIFF, tax_percent=tax, tax_included=included)
    billed = price(tariff, course(Decimal(wh) / 1000, idle=idle), None, shares)
    notes: list[Bill] = []
    left = billed.gross
    for part in parts:
        amount = (left * part / 100).quantize(Decimal("0.01"))
        if 0 < amount < left:
            notes.append(credit_bill(billed, notes, amount, "Part", included))
            left -= amount
    if left:
        notes.append(credit_bill(billed, notes, None, "Rest", included))
    for bill in (billed, *notes):
        assert bill.net + sum((tax.amount for tax in bill.taxes), Decimal(0)) == bill.gross
        printed = sum((line.rounded for line in bill.lines), Decimal(0))
        assert printed == (bill.gross if included else bill.net)
    for name in ("gross", "net", "energy_kwh"):
        credited = sum((getattr(note, name) for note in notes), Decimal(0))
        assert credited == (getattr(billed, name) if billed.gross else 0)
    for place, whole in enumerate(billed.taxes):
        assert sum((note.taxes[place].amount for note in notes), Decimal(0)) == whole.amount


async def test_other_systems_are_told_of_each_receipt_and_credit_note_once(database: Database) -> None:
    await add_channel(database, "erp", network="default", kinds=["receipt.issued", "credit_note.issued"])
    office = await office_with(database, [settled("s1")], [settled("s1")])
    (receipt,) = await receipts_of(database)
    with acting_as(FINANCE):
        note = await office.corrections.credit(MINE, receipt.id, None, "Goodwill")
    first, second = await queued(database)
    assert [(each.kind, each.network, each.stream) for each in (first, second)] == [
        ("receipt.issued", "default", "session:s1"),
        ("credit_note.issued", "default", "session:s1"),
    ]
    assert (first.payload["id"], first.payload["number"]) == (receipt.id, receipt.number)
    assert first.payload["gross"] == receipt.document["bill"]["gross"]
    assert (second.payload["id"], second.payload["about"]) == (note.receipt.id, receipt.id)
