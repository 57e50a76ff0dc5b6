"""A token that is made for one start: known to a host before its station asks, and good for nothing afterwards."""

from __future__ import annotations

from engine.clock import ManualClock
from engine.starts.standing import forgetting_in, standing_in
from engine.stores.business import open_business
from engine.stores.changes import PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.payments.policies import Policy
from engine.stores.pubsub import MemoryPubSub
from engine.stores.sql.engine import Database
from engine.stores.starts import NewStart
from engine.stores.tokens.book import TokenBook
from engine.stores.tokens.held import SqlTokenSource
from engine.stores.tokens.token import AD_HOC, Token

KEY = InstallationKey(b"0123456789abcdef0123456789abcdef")


async def test_a_token_of_one_start_is_known_at_once_and_gone_with_it(database: Database) -> None:
    clock = ManualClock()
    business = open_business(database, PubSubChangeFeed(MemoryPubSub()), KEY, clock=clock)
    standing, book = standing_in(business), TokenBook(SqlTokenSource(database), clock)
    await book.read()
    assert await standing("AH1", "default") == "Invalid"
    await business.tokens.put(Token("AH1", AD_HOC, max_sessions=1, expires=clock.now() + 60_000_000))
    assert (await standing("ah1", "default"), await standing("AH1", "another")) == ("Accepted", "Invalid")
    assert book.standing("AH1", "CP-1").status == "Invalid", "the host has not heard of it yet"
    await book.learn("AH1", "CP-1")
    assert book.standing("AH1", "CP-1").status == "Accepted"

    new = NewStart("default", "ad_hoc", "CP-1", 1, 1, "AH1", "Central")
    start = await business.starts.create(new, Policy("default", required="nobody"))
    forget = forgetting_in(business)
    for _ in range(2):
        await forget(start)
    assert await standing("AH1", "default") == "Invalid"
