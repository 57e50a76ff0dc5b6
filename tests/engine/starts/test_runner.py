"""Starts in SQL, with one station that does what the test says and the local payment provider over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import insert

from engine.access.scope import EVERYWHERE
from engine.clock import ManualClock, SystemClock
from engine.maintenance.job import NO_DUE
from engine.payments.collector import Collector
from engine.starts.course import LEDGER_LAG_US
from engine.starts.runner import StartRunner
from engine.starts.surroundings import Surroundings
from engine.stores.listing import Wanted
from engine.stores.payments.owed import Running
from engine.stores.payments.policies import ALL, PaymentPolicies, Policy
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.maintenance import maintenance_jobs
from engine.stores.starts import NewStart, StartRow, Starts
from tests.engine.payments.shop import Shop, bill
from tests.engine.starts.fleet import OneStation

PAID = Policy("default", required=ALL)
UNPAID = Policy("default", required="nobody")


@dataclass
class Desk:
    """Everything around one connector. `standing` is what the token is told to be, `price` what the session costs."""

    shop: Shop
    station: OneStation
    starts: Starts
    policies: PaymentPolicies
    clock: ManualClock
    standing: str = "Accepted"
    price: Decimal | None = None
    forgotten: set[str] = field(default_factory=set)

    def runner(self) -> StartRunner:
        """A new incarnation, which remembers nothing."""

        async def standing(_token: str, _charge_point: str) -> str:
            return self.standing

        async def forget(start: StartRow) -> None:
            self.forgotten.add(start.id)

        surroundings = Surroundings(self.shop.database, self.station, self.shop.payments, standing)
        return StartRunner(self.starts, surroundings, self.station, self.shop.owed, self.clock, forget)

    def collector(self) -> Collector:
        async def running(_session: str) -> Running | None:
            return None if self.price is None else Running(self.price, "EUR")

        return Collector(self.shop.owed, self.shop.payments, self.starts, self.policies, running)

    async def start(self, policy: Policy = UNPAID, *, driver: str = "d1", key: str | None = None) -> StartRow:
        new = NewStart("default", "app", "CP-1", 1, 1, f"TAG-{driver}", "Central", driver, key=key)
        return await self.starts.create(new, policy)

    async def go(self, start: StartRow, runner: StartRunner | None = None, looks: int = 4) -> StartRow:
        """Look at it now and after each thing that it has waited for."""
        runner = runner or self.runner()
        for _ in range(looks):
            await runner.advance(start.id)
            await asyncio.gather(*runner._asking.values())
        return await self.starts.get(start.id)

    async def paid(self, start: StartRow, card: str = "4242 4242 4242 4242") -> None:
        await self.shop.cashier.settle(start.payment)
        await self.shop.pay(start.payment, card)
        await self.shop.cashier.settle(start.payment)

    async def payment_at_rest(self, start: StartRow) -> str:
        """The payment's state once nothing is left to be done for it."""
        for _ in range(3):
            await self.shop.cashier.settle(start.payment)
        return (await self.shop.row(start.payment)).state


@pytest_asyncio.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    clock = ManualClock(SystemClock().now())
    shop = await Shop.open(database, tmp_path, clock)
    starts, policies = Starts(database, shop.payments, clock), PaymentPolicies(database, clock)
    yield Desk(shop, OneStation(database), starts, policies, clock)
    await shop.close()


async def test_a_paid_start_becomes_a_session_and_its_receipt_is_captured(desk: Desk) -> None:
    start = await desk.start(PAID)
    assert (await desk.go(start)).state == "paying"
    assert desk.station.asked == [], "nothing is sent before the payment stands"
    await desk.paid(start)
    waiting = await desk.go(start)
    assert (waiting.state, waiting.outcome, desk.station.starts) == ("waiting", "Accepted", 1)

    desk.clock.advance(119)
    await desk.station.begin("s1", waiting)
    charging = await desk.go(start)
    assert (charging.state, charging.session) == ("charging", "s1"), "plugged in late, but in time"
    desk.price = Decimal("29")
    await desk.collector().look()
    await desk.shop.cashier.settle(start.payment)
    assert (await desk.shop.row(start.payment)).authorised == 50, "the hold follows the price"

    await desk.starts.stop(start.id, "driver")
    await desk.go(start)
    assert desk.station.stops == ["t-s1"]
    await desk.station.finish("s1")
    assert (await desk.go(start)).ended_as == "completed"
    assert await desk.payment_at_rest(start) == "authorised", "no receipt, no capture"
    await bill(desk.shop.database, "s1", 3999)
    await desk.collector().look()
    assert await desk.payment_at_rest(start) == "captured"
    row = await desk.shop.row(start.payment)
    assert (row.captured, desk.shop.taken(row)) == (Decimal("39.99"), ["39.99"])


Arrange = Callable[[Desk], Awaitable[None] | None]


def _set(**values: object) -> Arrange:
    def arrange(desk: Desk) -> None:
        for name, value in values.items():
            setattr(desk.station, name, value)

    return arrange


async def _close_for_repair(desk: Desk) -> None:
    at = {"due": NO_DUE, "created": desk.clock.now(), "updated": desk.clock.now()}
    job = {"id": "job-1", "network": "default", "charge_point": "CP-1", "folded": "cp-1", "title": "Broken"}
    async with desk.shop.database.write() as connection:
        await connection.execute(insert(maintenance_jobs), job | at)


@pytest.mark.parametrize(
    ("arrange", "end"),
    [
        (_set(link="offline"), "offline"),
        (_close_for_repair, "under_maintenance"),
        (_set(status="Faulted"), "connector_unavailable"),
        (_set(whole="Unavailable"), "connector_unavailable"),
        (_set(status="Charging"), "connector_taken"),
        (lambda desk: setattr(desk, "standing", "Blocked"), "token_refused"),
        (_set(answer="Rejected"), "refused_by_charger"),
        (_set(answer="Failed"), "refused_by_charger"),
        (_set(answer="NotConnected"), "offline"),
        (_set(status="Available"), "not_plugged_in"),
        (_set(answer="TimedOut"), "no_transaction_in_time"),
    ],
)
async def test_a_start_that_goes_nowhere_has_one_end_and_costs_nothing(desk: Desk, arrange: Arrange, end: str) -> None:
    start = await desk.start(PAID)
    await desk.go(start)
    await desk.paid(start)
    if (arranging := arrange(desk)) is not None:
        await arranging
    for _ in range(2):
        await desk.go(start)
        desk.clock.advance(120 + LEDGER_LAG_US / 1_000_000)
    ended = await desk.go(start)
    assert (ended.state, ended.ended_as) == ("ended", end)
    assert await desk.payment_at_rest(start) == "voided"
    assert desk.station.starts <= 1
    assert await desk.starts.held("CP-1", 1, 1) == ""
    assert start.id in desk.forgotten, "a token that was made for it is good for nothing any more"


@pytest.mark.parametrize(("card", "end"), [("4000 0000 0000 9995", "payment_declined"), ("", "payment_expired")])
async def test_without_the_payment_nobody_starts(desk: Desk, card: str, end: str) -> None:
    start = await desk.start(PAID)
    await desk.go(start)
    if card:
        await desk.paid(start, card)
    else:
        await desk.shop.cashier.settle(start.payment)
        desk.clock.advance(601)
    ended = await desk.go(start)
    assert (ended.ended_as, desk.station.asked) == (end, [])
    assert await desk.payment_at_rest(start) in ("declined", "voided")


async def test_of_two_drivers_at_one_connector_exactly_one_wins(desk: Desk) -> None:
    one, two = await desk.start(PAID, driver="d1"), await desk.start(PAID, driver="d2")
    for start in (one, two):
        await desk.go(start)
        await desk.paid(start)
    runners = [desk.runner(), desk.runner()]
    await asyncio.gather(desk.go(one, runners[0], 1), desk.go(two, runners[1], 1))
    rows = [await desk.starts.get(one.id), await desk.starts.get(two.id)]
    assert sorted(row.ended_as for row in rows) == ["", "connector_taken"]
    winner, loser = sorted(rows, key=lambda row: row.ended_as)
    assert ((await desk.go(winner)).state, desk.station.starts) == ("waiting", 1)
    assert await desk.payment_at_rest(loser) == "voided"
    assert await desk.payment_at_rest(winner) == "authorised"


async def test_the_same_request_twice_is_one_start(desk: Desk) -> None:
    made = await asyncio.gather(*(desk.start(PAID, key="d1:abc") for _ in range(3)))
    assert len({start.id for start in made}) == 1
    assert len((await desk.shop.payments.page(EVERYWHERE, Wanted())).items) == 1


async def test_a_transaction_after_the_deadline_is_stopped_and_an_open_item_with_a_name(desk: Desk) -> None:
    start = await desk.start(PAID)
    await desk.go(start)
    await desk.paid(start)
    waiting = await desk.go(start)
    desk.clock.advance(130)
    assert (await desk.go(start)).ended_as == "no_transaction_in_time"
    await desk.station.begin("s9", waiting)
    late = await desk.go(start)
    assert (late.late_session, late.ended_as, desk.station.stops) == ("s9", "no_transaction_in_time", ["t-s9"])
    desk.clock.advance(21)
    await desk.go(start)
    assert desk.station.stops == ["t-s9", "t-s9"], "asked again until it has stopped"
    await desk.station.finish("s9")
    await bill(desk.shop.database, "s9", 55)
    await desk.go(start)
    [item] = (await desk.shop.items.page(EVERYWHERE, Wanted())).items
    assert (item.kind, item.session, item.driver) == ("late_session", "s9", "d1")
    assert (item.amount, item.currency) == (Decimal("0.55"), "EUR")
    assert await desk.payment_at_rest(start) == "voided"
    assert (await desk.starts.get(start.id)).look_at is None


async def test_a_token_that_is_refused_at_the_transaction_costs_nothing(desk: Desk) -> None:
    start = await desk.start(PAID)
    await desk.go(start)
    await desk.paid(start)
    await desk.station.begin("s1", await desk.go(start), accepted=False)
    await desk.go(start)
    assert desk.station.stops == ["t-s1"]
    await desk.station.finish("s1", 0)
    assert (await desk.go(start)).ended_as == "token_refused"
    assert await desk.payment_at_rest(start) == "voided"


async def test_cancelled_before_anything_happened(desk: Desk) -> None:
    start = await desk.start(PAID)
    await desk.go(start)
    await desk.starts.stop(start.id, "driver", driver="d1")
    assert (await desk.go(start)).ended_as == "cancelled"
    assert await desk.payment_at_rest(start) == "voided"


async def test_whoever_goes_on_after_a_kill_asks_by_the_same_command(desk: Desk) -> None:
    start = await desk.start()
    desk.station.answer = ""
    first = desk.runner()
    assert (await desk.go(start, first)).state == "commanding"
    await first.leave()
    desk.station.answer = "Accepted"
    row = await desk.go(start)
    assert (row.state, desk.station.starts) == ("waiting", 1)
    desk.clock.advance(130)
    assert (await desk.go(start)).ended_as == "no_transaction_in_time", "deadlines are in SQL, too"


async def test_a_session_stops_where_no_more_can_be_held(desk: Desk) -> None:
    await desk.policies.put(replace(PAID, ceiling=Decimal(30)), EVERYWHERE)
    start = await desk.start(PAID)
    await desk.go(start)
    await desk.paid(start)
    await desk.station.begin("s1", await desk.go(start))
    await desk.go(start)
    desk.price = Decimal("28.49")
    await desk.collector().look()
    assert (await desk.starts.get(start.id)).stop_because == ""
    desk.price = Decimal("28.50")
    await desk.collector().look()
    assert (await desk.starts.get(start.id)).stop_because == "limit"
    await desk.go(start)
    assert desk.station.stops == ["t-s1"]
