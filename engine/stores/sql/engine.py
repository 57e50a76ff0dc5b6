"""Connections to SQLite or PostgreSQL, with the transactions and the errors that the rest of Raycharge may rely on.

`connect(url)` gives a `Database`; `async with database.write() as connection` is one short transaction that is on disk
when the block ends, `database.read()` one consistent view. Whatever says "not now" (away, locked, shutting down)
becomes StoreUnavailable; what a row's content caused can be told apart by `refuses_content`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.errors import ConfigurationError, StoreUnavailable
from engine.stores.changes import Change

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for SQLite's one write lock before it gives up with StoreUnavailable."""

_WRITER = "raycharge_writer"
_NEWS = "raycharge_news"
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


class Database:
    """One process's connections to the SQL store. Cheap to make: connects when first used."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.announce: Callable[[Sequence[Change]], Awaitable[None]] | None = None
        """How what was given to `announce_after` is told; None: nobody listens to this process."""
        self._writer = engine.execution_options(**{_WRITER: True})

    @property
    def dialect(self) -> str:
        """ "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction; committed and on disk at the end of the block, rolled back if it raises."""
        with _translated_errors():
            async with self._writer.begin() as connection:
                connection.info.pop(_NEWS, None)
                yield connection
                news = connection.info.pop(_NEWS, None)
        if news and self.announce is not None:
            await self.announce(news)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One connection for reading; takes no lock that a writer would wait for."""
        with _translated_errors():
            async with self._engine.connect() as connection:
                yield connection

    async def aclose(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


def announce_after(connection: AsyncConnection, changes: Sequence[Change]) -> None:
    """Have changes announced once the transaction in which they were made is committed."""
    connection.info.setdefault(_NEWS, []).extend(changes)


def connect(url: str, *, pool_size: int = 5) -> Database:
    """Make the connections' pool for `sqlite+aiosqlite:///path` or `postgresql+asyncpg://…`.

    Raises ConfigurationError for a URL of another kind. `pool_size` bounds the connections of this process.
    """
    checked = checked_url(url)
    if checked.get_backend_name() == "sqlite":
        if checked.database:
            Path(checked.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(
            checked, pool_size=pool_size, max_overflow=0, json_serializer=_to_json, json_deserializer=orjson.loads
        )
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return Database(engine)
    engine = create_async_engine(
        checked,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
        connect_args={"timeout": 10, "command_timeout": 60, "server_settings": {"application_name": "raycharge"}},
    )
    return Database(engine)


def checked_url(url: str) -> URL:
    """Parse a database URL and name its async driver, or raise ConfigurationError (without showing its password)."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError("RAYCHARGE_DATABASE_URL is no database URL. Give postgresql+asyncpg://…") from error
    driver = _DRIVERS.get(parsed.get_backend_name())
    if driver is None:
        raise ConfigurationError(
            f"Raycharge keeps its books in SQLite or PostgreSQL, not in {parsed.get_backend_name()}. "
            "Set RAYCHARGE_DATABASE_URL to postgresql+asyncpg://… or leave it empty."
        )
    return parsed.set(drivername=driver)


def refuses_content(error: BaseException) -> bool:
    """Whether the store refused a row for what is in it (NUL, overflow, constraint), so that trying again is no use."""
    if isinstance(error, (IntegrityError, DataError, OverflowError, UnicodeError)):
        return True
    if isinstance(error, DBAPIError):
        # The driver's own error hangs below SQLAlchemy's twin of it. SQLSTATE class 22 is "data exception".
        cause = getattr(error.orig, "__cause__", None)
        state = str(getattr(cause, "sqlstate", None) or "")
        return state[:2] in {"22", "23"} or isinstance(cause, ValueError) or isinstance(error.orig, OverflowError)
    if isinstance(error, StatementError):
        return isinstance(error.orig, (ValueError, OverflowError, TypeError, ArithmeticError))
    return False


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Turns the drivers' ways to say "not now" into StoreUnavailable and lets everything else through."""
    try:
        yield
    except Exception as error:
        if _is_outage(error):
            raise StoreUnavailable(f"The SQL store does not answer: {type(error).__name__}: {error}") from error
        raise


def _is_outage(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        if refuses_content(error):
            return False
        state = str(getattr(getattr(error.orig, "__cause__", None), "sqlstate", None) or "")
        # 08 connection, 40 serialization and deadlock, 53 resources, 55 locks, 57 shutdown, 58 the system below.
        if state[:2] in {"08", "40", "53", "55", "57", "58"} or error.connection_invalidated:
            return True
        return isinstance(error, (OperationalError, InterfaceError, InternalError))
    return isinstance(error, (PoolTimeout, ConnectionError, OSError, TimeoutError))


def _to_json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()


def _set_up_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver would begin transactions behind SQLAlchemy's back, and never one around DDL; None leaves it to _begin.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that begins as a reader cannot wait for the lock when it comes to write: it fails at once instead.
    writer = connection.get_execution_options().get(_WRITER, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")
