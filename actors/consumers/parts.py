"""What a consumer is made of: the connections that it asks for, which its actor closes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from actors.config import ClusterConfig
from engine.errors import StoreUnavailable
from engine.journal.redis_streams import RedisJournal
from engine.stores.changes import ChangeFeed, PubSubChangeFeed
from engine.stores.kept_book import KeptBook
from engine.stores.pubsub import RedisPubSub
from engine.stores.sql.engine import Database, connect

log = structlog.get_logger("consumers")


class Parts:
    """`closing` is what has to be closed at the end, in this order."""

    def __init__(self, config: ClusterConfig, journal: RedisJournal) -> None:
        self.config, self.journal = config, journal
        self.closing: list[Any] = []

    def database(self) -> Database:
        """Connections to SQL of this consumer's own."""
        database = connect(self.config.settings.sql_url, pool_size=2)
        self.closing.append(database)
        return database

    def announcing_database(self) -> Database:
        """Connections to SQL, whose changes are told to the books of other processes."""
        database = self.database()
        database.announce = PubSubChangeFeed(self.bus()).announce
        return database

    def bus(self) -> RedisPubSub:
        """A connection for what is published."""
        bus = RedisPubSub.from_url(self.config.redis_url)
        self.closing.append(bus)
        return bus

    def kept(self, *books: KeptBook) -> None:
        """Keep books true from now on, told by the change feed. A book is empty until it was read once."""
        self.closing.insert(0, _Following(PubSubChangeFeed(self.bus()), books))

    async def aclose(self) -> None:
        """Close them all. What a projection has closed already is closed once more, which does nothing."""
        closing, self.closing = self.closing, []
        for each in closing:
            await each.aclose()


class _Following:
    """Reads books anew whenever the feed was away, and hands on what it tells."""

    def __init__(self, feed: ChangeFeed, books: Sequence[KeptBook]) -> None:
        self._feed, self._books = feed, books
        self._tasks = [asyncio.create_task(book.keep_current()) for book in books]
        self._tasks.append(asyncio.create_task(self._follow()))

    async def _follow(self) -> None:
        while True:
            try:
                async with self._feed.listen() as changes:
                    for book in self._books:
                        await book.read_anew()
                    async for change in changes:
                        for book in self._books:
                            book.changed(change)
            except StoreUnavailable as error:
                log.warning("change_feed_away", error=str(error))
                await asyncio.sleep(0.5)

    async def aclose(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
