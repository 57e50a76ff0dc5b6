"""How tokens stand, from a host's memory: network, time, groups, credit, use at once; and that the book keeps up."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from engine.charging.messages import TokenStanding
from engine.charging.state import ChargePointState
from engine.clock import ManualClock
from engine.projections import openings
from engine.stores.business import Business, open_business
from engine.stores.changes import TOKEN, Change, PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.pubsub import MemoryPubSub, RedisPubSub
from engine.stores.sql.engine import Database
from engine.stores.tokens import credit
from engine.stores.tokens.book import TokenBook
from engine.stores.tokens.groups import TokenGroup
from engine.stores.tokens.held import HeldGroup, MemoryTokenSource, SqlTokenSource
from engine.stores.tokens.open_sessions import SILENT, Open, OpenSessions
from engine.stores.tokens.openings import Openings
from engine.stores.tokens.token import AD_HOC, APP, Token
from tests.engine.journal.valkey import Valkey
from tests.engine.stores.doors import Noted

NORTH = "N-1"


def network_of(charge_point: str) -> str | None:
    return {"N-1": "north", "N-2": "north", "CP-1": "default", "CP-2": "default"}.get(charge_point)


async def book_of(*tokens: Token, groups: tuple[HeldGroup, ...] = (), clock: ManualClock | None = None) -> TokenBook:
    book = TokenBook(MemoryTokenSource(*tokens, groups=groups), clock or ManualClock(), network_of)
    await book.read()
    return book


async def test_a_token_is_good_in_its_network_or_everywhere() -> None:
    book = await book_of(
        Token("Card"),
        Token("CARD", status="Blocked", network="north"),
        Token("Roaming", network="", group_id="Partner"),
    )
    assert book.standing("card", "CP-1") == TokenStanding("Accepted")
    assert book.standing("card", NORTH).status == "Blocked"
    for charge_point in ("CP-1", NORTH, "unregistered"):
        assert book.standing("ROAMING", charge_point) == TokenStanding("Accepted", None, "Partner")
    assert book.standing("card", "unregistered").status == "Invalid"
    assert len(book) == 3


async def test_a_token_is_good_from_a_time_to_a_time() -> None:
    clock = ManualClock()
    begin, end = clock.now() + 100, clock.now() + 200
    book = await book_of(Token("a", valid_from=begin, expires=end), clock=clock)
    seen = []
    for _ in range(3):
        seen.append(book.standing("A", "CP-1").status)
        clock.advance(0.0001)
    assert seen == ["NotAtThisTime", "Accepted", "Expired"]


async def test_a_groups_policy_is_its_tokens() -> None:
    groups = (
        HeldGroup("default", "taxis", False, "fleet", 1, False),
        HeldGroup("default", "fleet", False, "", 2, False),
        HeldGroup("default", "gone", True, "", None, False),
        HeldGroup("default", "broke", False, "", None, True),
    )
    members = (Token("t1", group_id="Taxis"), Token("t2", group_id="TAXIS"), Token("f1", group_id="fleet"))
    book = await book_of(*members, Token("g", group_id="gone"), Token("b", group_id="broke"), groups=groups)
    assert [book.standing(name, "CP-1").status for name in ("g", "b")] == ["Blocked", "NoCredit"]
    now = ManualClock().now()
    book.open.heard(Open("s1", "CP-2", "t1", now))
    assert [book.standing(name, "CP-1").status for name in ("t2", "f1")] == ["ConcurrentTx", "Accepted"]
    book.open.heard(Open("s2", "CP-2", "f1", now))
    # The fleet's limit counts for those within it, too; a session of its own does not stand in anybody's way.
    assert book.standing("f1", "CP-1").status == "ConcurrentTx"
    assert book.standing("f1", "CP-1").without({"s1"}).status == "Accepted"
    assert book.standing("t2", "CP-1").without({"s2"}).status == "ConcurrentTx"
    assert book.standing("t2", "CP-1").without({"s1"}) == TokenStanding("Accepted", None, "TAXIS")


async def test_the_same_text_in_two_networks_is_two_tokens() -> None:
    book = await book_of(Token("A", max_sessions=1), Token("A", network="north", max_sessions=1))
    book.open.heard(Open("s1", "N-2", "a", ManualClock().now()))
    assert book.standing("a", "CP-1").status == "Accepted"
    assert book.standing("a", NORTH).status == "ConcurrentTx"


async def test_a_session_that_nobody_hears_of_keeps_nobody_from_charging() -> None:
    clock = ManualClock()
    book = await book_of(Token("A", max_sessions=1), clock=clock)
    book.open.heard(Open("s1", "CP-2", "a", clock.now()))
    assert book.standing("a", "CP-1").status == "ConcurrentTx"
    clock.advance(SILENT / 1e6)
    assert book.standing("a", "CP-1").status == "Accepted"


def test_what_a_host_knows_of_its_own_is_above_what_it_hears() -> None:
    """The echo of a session that has ended since must not keep its own station's next driver waiting."""
    sessions, now = OpenSessions(), ManualClock().now()
    sessions.heard(Open("s1", "CP-1", "a", now))
    assert list(sessions.of("a", now)) == [("s1", "CP-1")]
    sessions.at("CP-1", ChargePointState("CP-1"))
    assert list(sessions.of("a", now)) == []
    sessions.gone("CP-1")
    assert list(sessions.of("a", now)) == [("s1", "CP-1")]
    sessions.ended("s1", now)
    # A ledger that lags behind does not open it again, and what the feed told lately is not closed by it.
    sessions.heard(Open("s2", "CP-2", "a", now))
    sessions.read([Open("s1", "CP-1", "a", now)], now)
    assert list(sessions.of("a", now)) == [("s2", "CP-2")]


# --- keeping up -------------------------------------------------------------------------------------------------------


def business_over(database: Database, feed: PubSubChangeFeed) -> Business:
    return open_business(database, feed, InstallationKey(b"k" * 32))


@asynccontextmanager
async def following(book: TokenBook, feed: PubSubChangeFeed) -> AsyncIterator[None]:
    """As a host follows the feed."""

    async def follow() -> None:
        async with feed.listen() as changes:
            await book.read_anew()
            listening.set()
            async for change in changes:
                book.changed(change)

    listening = asyncio.Event()
    tasks = [asyncio.create_task(follow()), asyncio.create_task(book.keep_current())]
    await asyncio.wait_for(listening.wait(), 5)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> float:
    """Seconds until it is so; more than a second fails."""
    begin = time.perf_counter()
    while not condition():
        assert time.perf_counter() - begin < 1.0
        await asyncio.sleep(0.001)
    return time.perf_counter() - begin


async def test_a_change_is_in_force_within_a_second_over_the_real_feed(valkey: Valkey, database: Database) -> None:
    here, there = RedisPubSub.from_url(valkey.url), RedisPubSub.from_url(valkey.url)
    business = business_over(database, PubSubChangeFeed(there))
    await business.tokens.put(Token("card", group_id="fleet"))
    book = TokenBook(SqlTokenSource(database))

    def stands(status: str) -> Callable[[], bool]:
        return lambda: book.standing("CARD", "CP-1").status == status

    async with following(book, PubSubChangeFeed(here)):
        took = []
        await business.tokens.change("card", {"status": "Blocked"})
        took.append(await until(stands("Blocked")))
        await business.tokens.change("card", {"status": "Accepted", "credit_limit": Decimal("10.00")})
        took.append(await until(stands("Accepted")))
        async with database.write() as connection:
            changes = await credit.owe(connection, "default", "Card", Decimal("10.00"), 1)
        await business.feed.announce(changes)
        took.append(await until(stands("NoCredit")))
        async with database.write() as connection:
            changes = await credit.owe(connection, "default", "Card", Decimal("-4.00"), 2)
        await business.feed.announce(changes)
        took.append(await until(stands("Accepted")))
        await business.token_groups.create(TokenGroup("FLEET", "default", status="Blocked"))
        took.append(await until(stands("Blocked")))
        await business.token_groups.change("fleet", {"status": "Accepted"})
        took.append(await until(stands("Accepted")))
        await business.tokens.remove("card")
        took.append(await until(stands("Invalid")))
        assert max(took) < 1.0
    await here.aclose()
    await there.aclose()


async def test_what_the_journal_tells_of_other_hosts_counts_and_a_gap_is_read_up(database: Database) -> None:
    bus, clock = MemoryPubSub(), ManualClock()
    book = await book_of(Token("A", max_sessions=1), clock=clock)
    keeping = asyncio.create_task(Openings(book.open, database, bus, clock).keep_current())
    await until(lambda: bool(bus._queues.get(openings.CHANNEL)))
    begun = {"kind": "session.started", "session": "s1", "charge_point": "CP-2", "id_token": "a"}
    begun |= {"authorisation": "Accepted", "received": clock.now()}
    refused = begun | {"session": "s2", "authorisation": "Blocked"}
    for event in (begun, refused):
        message = openings.told(event)
        assert message is not None
        await bus.publish(openings.CHANNEL, [message])
    await until(lambda: book.standing("a", "CP-1").status == "ConcurrentTx")
    message = openings.told(begun | {"kind": "session.stopped"})
    assert message is not None
    await bus.publish(openings.CHANNEL, [message, openings.GAP])
    await until(lambda: book.standing("a", "CP-1").status == "Accepted")
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


class Counting(MemoryTokenSource):
    """Counts what is read whole."""

    wholes = 0

    def whole(self):  # type: ignore[no-untyped-def]
        self.wholes += 1
        return super().whole()


async def test_a_hundred_thousand_tokens_are_read_whole_once_and_take_thirty_megabytes() -> None:
    source = Counting(*(Token(f"04A2B3{number:08X}", visual_number="x") for number in range(100_000)))
    tracemalloc.start()
    book = TokenBook(source, ManualClock())
    await book.read()
    # The names lie in the source as well here, and in a host in the book alone.
    taken = tracemalloc.get_traced_memory()[0] + 100_000 * 63
    tracemalloc.stop()
    assert len(book) == 100_000
    assert taken / 100_000 < 300, f"{taken / 100_000:.0f} bytes a token"
    source.tokens["default", "04a2b300000001"] = Token("04A2B300000001", status="Blocked")
    del source.tokens["default", "04a2b300000002"]
    for name in ("04A2B300000001", "04A2B300000002"):
        book.changed(Change(TOKEN, f"default/{name}"))
    await book.catch_up()
    assert [book.standing(f"04A2B30000000{n}", "CP-1").status for n in (1, 2, 3)] == ["Blocked", "Invalid", "Accepted"]
    assert source.wholes == 1


async def test_an_announcement_that_was_missed_is_made_up_for(database: Database) -> None:
    business = business_over(database, PubSubChangeFeed(MemoryPubSub()))
    await business.tokens.put(Token("a"), Token("b"))
    book = TokenBook(SqlTokenSource(database))
    await book.read()
    await business.tokens.put(Token("a", status="Blocked"), Token("c"))
    await business.tokens.remove("b")
    await book.look_again()
    assert [book.standing(name, "CP-1").status for name in "abc"] == ["Blocked", "Invalid", "Accepted"]


@pytest.mark.parametrize("kind", [APP, AD_HOC])
async def test_a_driver_who_owes_too_much_charges_with_none_of_his_tokens(database: Database, kind: str) -> None:
    business = business_over(database, PubSubChangeFeed(MemoryPubSub()))
    driver = await business.drivers.of_account("u-1", "default")
    await business.tokens.create(Token("CARD", kind, driver=driver.id))
    await business.drivers.change(driver.id, {"credit_limit": Decimal("100.00")})
    async with database.write() as connection:
        changes = await credit.owe(connection, "default", "CARD", Decimal("100.00"), 5)
    assert len(changes) == 3
    book = TokenBook(SqlTokenSource(database))
    await book.read()
    own = await business.tokens.page()
    assert {book.standing(token.id_token, "CP-1").status for token in own.items} == {"NoCredit"}
    assert (await business.drivers.get(driver.id)).credit_used == Decimal("100.00")


async def test_what_a_session_owes_is_its_debtors_and_told_after_the_commit(database: Database) -> None:
    feed = Noted()
    business = open_business(database, feed, InstallationKey(b"k" * 32))
    await business.tokens.create(Token("CARD", credit_limit=Decimal(10)))
    feed.changes.clear()

    async def fails_after_all() -> None:
        async with database.write() as connection:
            await credit.remember_debtor(connection, "s1", "default", "card", 1)
            await credit.owe_for(connection, "s1", Decimal(10), 2)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await fails_after_all()
    assert feed.changes == []
    async with database.write() as connection:
        for _ in range(2):
            await credit.remember_debtor(connection, "s1", "default", "card", 1)
        await credit.owe_for(connection, "s1", Decimal(10), 2)
        await credit.owe_for(connection, "nobody's", Decimal(10), 2)
    assert feed.changes == [Change(TOKEN, "default/card")]
    assert (await business.tokens.get("card")).credit_used == Decimal(10)
