"""Tokens: written, found in any case, listed, forgotten."""

from __future__ import annotations

import pytest

from engine.access.scope import EVERYWHERE
from engine.errors import InvalidInput, NotFound
from engine.stores.changes import ALL, TOKEN, Change
from engine.stores.listing import Wanted
from engine.stores.sql.engine import Database
from engine.stores.tokens.repository import TokenFilter, Tokens
from engine.stores.tokens.token import Token
from tests.engine.stores.doors import Noted


async def test_a_token_is_the_same_in_any_case(database: Database) -> None:
    tokens = Tokens(database, Noted())
    await tokens.put(Token("AbC"))
    await tokens.put(Token("aBc", status="Blocked", label="lost"))
    assert await tokens.get("ABC") == Token("aBc", status="Blocked", label="lost", version=2)
    assert [token.id_token for token in (await tokens.page()).items] == ["aBc"]


async def test_many_are_written_at_once_and_announced_as_one_change(database: Database) -> None:
    feed = Noted()
    tokens = Tokens(database, feed)
    await tokens.put(*(Token(f"card-{number}") for number in range(2000)))
    assert len(await tokens.every(TokenFilter(), EVERYWHERE, 5000)) == 2000
    assert feed.changes == [Change(TOKEN, ALL)]
    await tokens.put(Token("card-0", group_id="fleet"))
    assert feed.changes[1:] == [Change(TOKEN, "default/card-0")]


async def test_pages_and_search(database: Database) -> None:
    tokens = Tokens(database, Noted())
    await tokens.put(*(Token(f"C{number}", group_id="Fleet" if number % 2 else "") for number in range(9)))
    first = await tokens.page(wanted=Wanted(limit=5))
    second = await tokens.page(wanted=Wanted(limit=5, cursor=first.cursor))
    assert [token.id_token for token in first.items + second.items] == [f"C{number}" for number in range(9)]
    assert second.cursor is None
    assert len((await tokens.page(TokenFilter(text="fleet"))).items) == 4


async def test_a_forgotten_token_is_gone(database: Database) -> None:
    feed = Noted()
    tokens = Tokens(database, feed)
    await tokens.put(Token("a"))
    await tokens.remove("A")
    assert feed.changes[-1] == Change(TOKEN, "default/a")
    for attempt in (tokens.get("a"), tokens.remove("a")):
        with pytest.raises(NotFound):
            await attempt


@pytest.mark.parametrize("token", [Token(""), Token("x" * 256), Token("a", status="Fine")])
async def test_what_cannot_be_a_token_is_refused(database: Database, token: Token) -> None:
    with pytest.raises(InvalidInput):
        await Tokens(database, Noted()).put(token)


def test_a_token_runs_out_at_its_time() -> None:
    token = Token("a", expires=100, group_id="g")
    assert [token.standing(now).status for now in (99, 100)] == ["Accepted", "Expired"]
    assert Token("a", status="Blocked", expires=100).standing(200).status == "Blocked"
    assert token.standing(0).group == "g"
