"""Payments against the local provider over real HTTP: held, raised, taken once, given back, and whatever goes wrong."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import SystemClock
from engine.errors import Conflict, InvalidInput, NotFound
from engine.payments.cashier import Cashier
from engine.payments.collector import Collector
from engine.payments.http_provider import HttpProvider
from engine.stores.listing import Wanted
from engine.stores.payments.policies import PaymentPolicies
from engine.stores.sql.engine import Database
from engine.stores.starts import Starts
from tests.engine.payments.shop import KEY, PAYS, SECRET, Shop, bill
from tests.warm import Warm

EUR = Decimal


@pytest_asyncio.fixture
async def shop(database: Database, tmp_path: Path) -> AsyncIterator[Shop]:
    opened = await Shop.open(database, tmp_path)
    yield opened
    await opened.close()


def collector(shop: Shop) -> Collector:
    starts = Starts(shop.database, shop.payments, shop.clock)
    return Collector(shop.owed, shop.payments, starts, PaymentPolicies(shop.database, shop.clock), shop.owed.running)


async def test_what_the_receipt_says_is_taken_once_and_a_credit_note_gives_back(shop: Shop) -> None:
    payment = await shop.payment(session="s1")
    held = await shop.row(payment)
    assert (held.state, held.authorised, held.captured) == ("authorised", 30, 0)
    collecting = collector(shop)
    await collecting.look()
    assert (await shop.until(payment, lambda row: row.look_at is not None)).state == "authorised", "no receipt yet"

    await bill(shop.database, "s1", 1234)
    for _ in range(3):
        await collecting.look()
    row = await shop.until(payment, lambda row: row.state == "captured")
    assert (row.captured, shop.taken(row)) == (EUR("12.34"), ["12.34"])

    await bill(shop.database, "s1", 1234, kind="credit_note")
    await bill(shop.database, "s1", 1000, revision=1)
    for _ in range(2):
        await collecting.look()
    row = await shop.until(payment, lambda row: row.refunded > 0)
    assert row.refunded == EUR("2.34"), "only the difference to the corrected receipt"

    assert (await shop.payments.refund(payment, EUR(4), "request-1")).id == payment
    await shop.payments.refund(payment, EUR(4), "request-1")
    row = await shop.until(payment, lambda row: row.refunded == EUR("6.34"))
    with pytest.raises(InvalidInput, match="cannot be given back"):
        await shop.payments.refund(payment, EUR("6.01"), "request-2")
    with pytest.raises(NotFound):
        await shop.payments.refund(payment, EUR(1), "request-3", Scope(frozenset({"another"})))
    assert (await shop.items.page(EVERYWHERE, Wanted())).items == []
    assert "contradicted" not in await shop.kinds(payment)
    with pytest.raises(DBAPIError):
        async with shop.database.write() as connection:
            await connection.execute(text("UPDATE payment_events SET kind = 'x'"))


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("4000 0000 0000 0002", "do_not_honour"),
        ("4000 0000 0000 9995", "insufficient_funds"),
        ("4111 1111 1111 1111", "do_not_honour"),
    ],
)
async def test_a_declined_card_ends_the_payment_with_its_reason(shop: Shop, card: str, reason: str) -> None:
    row = await shop.row(await shop.payment(card=card))
    assert (row.state, row.reason, row.authorised) == ("declined", reason, 0)


async def test_the_bank_wants_to_know_whether_it_is_the_payer(shop: Shop) -> None:
    payment = await shop.payment(card="4000 0027 6000 3184")
    assert (await shop.row(payment)).state == "action_required"
    assert "is this you" in (await shop.pay(payment, "4000 0027 6000 3184")).text
    await shop.pay(payment, do="confirm")
    assert (await shop.until(payment, lambda row: row.state == "authorised")).authorised == 30
    other = await shop.payment(card="4000 0027 6000 3184")
    await shop.pay(other, do="deny")
    assert (await shop.until(other, lambda row: row.state == "declined")).reason == "authentication_failed"


async def test_a_hold_is_raised_until_the_bank_refuses_and_the_rest_is_an_open_item(shop: Shop) -> None:
    payment = await shop.payment(session="s1")
    await shop.payments.want_more(payment, EUR(50))
    assert (await shop.until(payment, lambda row: row.authorised == 50)).state == "authorised"

    firm = await shop.payment(card="4000 0000 0000 3220", session="s2")
    await shop.payments.want_more(firm, EUR(50))
    row = await shop.until(firm, lambda row: row.raise_refused)
    assert (row.authorised, row.wanted) == (30, 30)
    await bill(shop.database, "s2", 3510)
    await collector(shop).look()
    row = await shop.until(firm, lambda row: row.state == "captured")
    assert (row.captured, row.due) == (30, EUR("35.1"))
    [item] = (await shop.items.page(EVERYWHERE, Wanted())).items
    assert (item.kind, item.amount, item.session) == ("shortfall", EUR("5.1"), "s2")
    with pytest.raises(InvalidInput, match="nothing to be tried again"):
        await shop.items.resolve(item.id, "retry", "", EVERYWHERE)
    resolved = await shop.items.resolve(item.id, "written_off", "not worth it", EVERYWHERE, version=1)
    assert (resolved.state, resolved.version) == ("resolved", 2)
    with pytest.raises(Conflict):
        await shop.items.resolve(item.id, "written_off", "", EVERYWHERE)


async def test_a_capture_that_fails_later_is_finances_to_see_to(shop: Shop) -> None:
    payment = await shop.payment(card="4000 0000 0000 0341", session="s1")
    await bill(shop.database, "s1", 900)
    await collector(shop).look()
    assert (await shop.until(payment, lambda row: row.state == "capturing")).captured == 0
    await shop.until(payment, lambda row: row.state == "capture_failed")
    [item] = (await shop.items.page(EVERYWHERE, Wanted(), state="open")).items
    assert (item.kind, item.amount, item.detail) == ("capture_failed", 9, "insufficient_funds")
    await shop.items.resolve(item.id, "retry", "the driver has called", EVERYWHERE)
    await shop.until(payment, lambda row: row.state == "capturing")
    await shop.until(payment, lambda row: row.state == "capture_failed")
    [again] = (await shop.items.page(EVERYWHERE, Wanted(), state="open")).items
    assert again.id != item.id
    await shop.items.resolve(again.id, "paid_otherwise", "by bank transfer", EVERYWHERE)
    assert (await shop.row(payment)).state == "settled"


async def test_a_bank_that_did_not_answer_is_asked_again_by_itself(shop: Shop) -> None:
    payment = await shop.payment(card="4000 0000 0000 0259", session="s1")
    await bill(shop.database, "s1", 900)
    await collector(shop).look()
    row = await shop.until(payment, lambda row: row.state == "captured", within_s=20)
    assert (row.captured, shop.taken(row)) == (9, ["9.00", "9.00"])
    assert (await shop.items.page(EVERYWHERE, Wanted())).items == []


async def test_what_was_free_or_never_begun_is_given_back(shop: Shop) -> None:
    free, abandoned, unheard = await shop.payment(session="s1"), await shop.payment(card=None), ""
    await bill(shop.database, "s1", None)
    await collector(shop).look()
    assert (await shop.until(free, lambda row: row.state == "voided")).captured == 0
    async with shop.database.write() as connection:
        unheard = await shop.payments.open(
            connection,
            network="default",
            start="",
            driver="",
            currency="EUR",
            hold=EUR(1),
            description="",
            return_url="",
        )
        await shop.payments.release(connection, abandoned, "cancelled")
        await shop.payments.release(connection, unheard, "cancelled")
    assert (await shop.until(abandoned, lambda row: row.state == "voided")).authorised == 0
    assert ((await shop.row(unheard)).state, await shop.payments.operations(unheard)) == ("voided", [])


@pytest.mark.parametrize(
    ("card", "heard"), [(PAYS, 2), ("4000 0000 0000 1000", 0), ("4000 0000 0000 1018", 4), ("4000 0000 0000 1026", 2)]
)
async def test_webhooks_may_get_lost_come_twice_or_in_any_order(shop: Shop, card: str, heard: int) -> None:
    payment = await shop.payment(card=None, session="s1")
    await shop.pay(payment, card)
    await shop.until(payment, lambda row: row.state == "authorised")
    await bill(shop.database, "s1", 700)
    await collector(shop).look()
    row = await shop.until(payment, lambda row: row.state == "captured")
    assert shop.taken(row) == ["7.00"]
    await shop.until(payment, lambda _: len(shop.door.answers) >= heard)
    assert shop.door.answers.count("taken") == heard / (2 if heard == 4 else 1)


async def test_a_webhook_that_is_altered_old_or_a_strangers_is_refused(shop: Shop) -> None:
    payment = await shop.payment()
    await shop.until(payment, lambda _: bool(shop.door.answers))
    headers, body = shop.door.bodies[0]
    now = shop.clock.now()
    hint = shop.provider.hint(headers, body, now)
    assert hint.reference == (await shop.row(payment)).reference
    assert not await shop.desk.hinted(hint.event, hint.reference), "a replay counts for nothing"
    stranger = HttpProvider("local", "http://127.0.0.1:9", KEY, b"another")
    for provider, said, at in (
        (shop.provider, body + b" ", now),
        (shop.provider, body, now + 301_000_000),
        (stranger, body, now),
    ):
        with pytest.raises(InvalidInput, match="not the payment provider's"):
            provider.hint(headers, said, at)
    await stranger.aclose()


async def test_a_provider_that_is_away_is_asked_again_by_the_same_key(shop: Shop) -> None:
    payment = await shop.payment(session="s1")
    await bill(shop.database, "s1", 700)
    await collector(shop).look()
    nobody = HttpProvider("local", "http://127.0.0.1:9", KEY, SECRET)
    for _ in range(2):
        await Cashier(shop.desk, shop.payments, nobody).settle(payment)
    await nobody.aclose()
    [authorise, capture] = await shop.payments.operations(payment)
    assert (authorise.state, capture.state, capture.attempts) == ("done", "asked", 1)
    row = await shop.until(payment, lambda row: row.state == "captured")
    assert [each.id for each in await shop.payments.operations(payment)] == [authorise.id, capture.id]
    assert shop.taken(row) == ["7.00"]


async def test_two_who_settle_one_payment_at_once_take_it_once(shop: Shop) -> None:
    payment = await shop.payment(session="s1")
    await bill(shop.database, "s1", 700)
    await collector(shop).look()
    await asyncio.gather(*(shop.cashier.settle(payment) for _ in range(4)))
    row = await shop.row(payment)
    assert (row.state, shop.taken(row)) == ("captured", ["7.00"])


@pytest.mark.parametrize("point", ["authorise-after", "capture-before", "capture-after"])
async def test_a_kill_between_order_and_answer_takes_exactly_once(
    shop: Shop, database_url: str, tmp_path: Path, point: str
) -> None:
    kind = point.partition("-")[0]
    payment = await shop.payment(card=PAYS if kind == "capture" else None, session="s1")
    if kind == "authorise":
        async with shop.database.write() as connection:
            payment = await shop.payments.open(
                connection,
                network="default",
                start="",
                driver="",
                currency="EUR",
                hold=EUR(30),
                description="",
                return_url="",
            )
            await shop.payments.ask(connection, payment)
    else:
        await bill(shop.database, "s1", 700)
        await collector(shop).look()
    environment = {
        **os.environ,
        "RAYCHARGE_FAULT_POINT": f"payments:{point}-call",
        "RAYCHARGE_FAULT_DIR": str(tmp_path),
    }
    command = ("tests.engine.payments.cashier_process", database_url, shop.provider._base, payment)
    for expected in (-9, 0):
        assert await Warm(*command, env=environment).wait() == expected
    row = await shop.row(payment)
    orders = [each for each in await shop.payments.operations(payment) if each.kind == kind]
    assert [(each.state, each.kind) for each in orders] == [("done", kind)]
    if kind == "capture":
        assert (row.state, shop.taken(row)) == ("captured", ["7.00"])
    else:
        assert row.state == "action_required"
        assert SystemClock().now() > row.created
