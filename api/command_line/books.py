"""The SQL store as the command line opens it: migrated, and with the feed on which a running system hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from engine.settings import Settings
    from engine.stores.changes import ChangeFeed
    from engine.stores.sql.engine import Database

T = TypeVar("T")


class Books(NamedTuple):
    """What the commands below write to."""

    settings: Settings
    database: Database
    feed: ChangeFeed


@asynccontextmanager
async def open_books(settings: Settings) -> AsyncIterator[Books]:
    """The SQL store, migrated, and the feed on which a running system hears of changes."""
    from actors.embedded.valkey import running_url
    from engine.stores.changes import PubSubChangeFeed
    from engine.stores.pubsub import MemoryPubSub, RedisPubSub
    from engine.stores.sql.engine import connect
    from engine.stores.sql.migrations import upgrade

    await upgrade(settings.sql_url)
    database = connect(settings.sql_url, pool_size=1)
    url = settings.redis_url or running_url(settings.data_dir)
    bus = RedisPubSub.from_url(url) if url else MemoryPubSub()
    try:
        yield Books(settings, database, PubSubChangeFeed(bus))
    finally:
        await bus.aclose()
        await database.aclose()


def with_books(work: Callable[[Books], Awaitable[T]]) -> T:
    """Open the books of the settings, do one thing, close them."""
    from api.command_line.main import run
    from engine.settings import Settings

    async def opened() -> T:
        async with open_books(Settings()) as books:
            return await work(books)

    return run(opened())


def with_books_settings(work: Callable[[Books], Awaitable[None]]) -> Settings:
    """The same as `with_books`, and the settings that were used."""

    async def working(books: Books) -> Settings:
        await work(books)
        return books.settings

    return with_books(working)
