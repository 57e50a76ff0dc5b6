"""The change feed between two processes' connections."""

from __future__ import annotations

import asyncio

from engine.stores.changes import TOKEN, Change, PubSubChangeFeed
from engine.stores.pubsub import RedisPubSub
from tests.engine.journal.valkey import Valkey


async def test_a_change_reaches_every_listener_within_a_second(valkey: Valkey) -> None:
    here, there = RedisPubSub.from_url(valkey.url), RedisPubSub.from_url(valkey.url)
    async with (
        PubSubChangeFeed(there).listen() as changes,
        PubSubChangeFeed(there).listen() as more,
        asyncio.timeout(1),
    ):
        await PubSubChangeFeed(here).announce([Change(TOKEN, "a"), Change(TOKEN, "b")])
        assert [await anext(changes), await anext(changes)] == [Change(TOKEN, "a"), Change(TOKEN, "b")]
        assert await anext(more) == Change(TOKEN, "a")
    await here.aclose()
    await there.aclose()


async def test_a_change_is_made_even_if_nobody_can_be_told() -> None:
    away = RedisPubSub.from_url("unix:///nowhere/valkey.sock")
    await PubSubChangeFeed(away).announce([Change(TOKEN, "a")])
    await away.aclose()
