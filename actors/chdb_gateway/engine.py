"""Runs statements on chDB: writers one after another in one thread, readers side by side in a few others.

Each statement gets a connection of its own (0.1 ms), so that no setting, temporary table or USE outlives it, and a
reader's connection becomes read-only before its statement is run. All connections share the one folder; a query does
not hold the interpreter's lock, and an insert does not wait behind a reader.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from actors.chdb_gateway.errors import (
    QUERY_WAS_CANCELLED,
    READONLY,
    TOO_MANY_ROWS_OR_BYTES,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    from_chdb,
    refusal,
)
from actors.chdb_gateway.guard import ReaderGuard, literal
from actors.chdb_gateway.request import Statement, insert_from

_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")

GUEST = {"readonly": "1", "os_threads_nice_value_query": "10"}
"""Besides what holds for every reader, for one who is not of the house: his query's threads get a tenth of a core where
the chargers' messages need both, all that is left else. ClickHouse changes their priority only where it may change it
back (CAP_SYS_NICE)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the gateway may use. Memory in MB for all of chDB together; a reader gets its share of 60 % of it."""

    memory_mb: int = 4096
    readers: int = 4
    queue: int = 64
    reader_seconds: float = 120.0
    writer_seconds: float = 600.0
    result_bytes: int = 256 * 1024 * 1024
    body_bytes: int = 512 * 1024 * 1024

    @property
    def reader_memory(self) -> int:
        """Bytes that one reader's query may use."""
        return int(self.memory_mb * 1024 * 1024 * 0.6 / self.readers)


@dataclass(frozen=True, slots=True)
class Answer:
    """A statement's result: its bytes in the wanted format, and what ClickHouse's summary header tells."""

    body: bytes
    read_rows: int
    read_bytes: int
    written_rows: int
    written_bytes: int
    seconds: float


class Engine:
    """chDB on one folder. Open it once a process; the caller holds the folder's lock."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="chdb-write")
        self._readers = ThreadPoolExecutor(limits.readers, thread_name_prefix="chdb-read")
        self._reading = 0
        self._keep: Any = None
        self._guard = ReaderGuard(())
        self._closing = threading.Event()
        self.timezone = "UTC"

    async def open(self) -> None:
        """Load chDB (about a second) and the folder. Raises RuntimeError when chDB refuses the folder."""
        await asyncio.get_running_loop().run_in_executor(self._writer, self._open)

    def _open(self) -> None:
        memory = self._limits.memory_mb * 1024 * 1024
        caches = min(memory // 8, 256 * 1024 * 1024)
        options = (
            f"max_server_memory_usage={memory}&mark_cache_size={caches}&primary_index_cache_size={caches}"
            f"&index_mark_cache_size={caches // 4}&query_condition_cache_size={caches // 4}"
        )
        self._keep = self._connect(options)
        self.timezone = str(self._ask("SELECT timezone()"))
        self._guard = ReaderGuard(self._ask("SELECT name FROM system.table_functions").split("\n"))

    def _connect(self, options: str = "") -> Any:
        return import_module("chdb._chdb").connect(f"{self._folder}?{options}" if options else str(self._folder))

    def _ask(self, sql: str) -> str:
        return bytes(self._keep.query(sql, "TSVRaw").bytes()).decode().strip("\n")

    async def close(self) -> None:
        """Finish the writes that have begun, stop the reads, and close the folder."""
        self._closing.set()
        loop = asyncio.get_running_loop()
        self._writer.shutdown(wait=False, cancel_futures=True)
        self._readers.shutdown(wait=False, cancel_futures=True)
        await loop.run_in_executor(None, self._close)

    def _close(self) -> None:
        self._writer.shutdown(wait=True)
        if self._keep is not None:
            self._keep.query("KILL QUERY WHERE 1", "Null")
            self._readers.shutdown(wait=True)
            self._keep.close()
            self._keep = None

    async def write(self, statement: Statement) -> Answer:
        """Run a statement after all writes that came before it. Cancelled while it waits, it is not run."""
        job = self._writer.submit(self._run_write, statement)
        return await asyncio.wrap_future(job)

    async def read(self, statement: Statement, *, guarded: bool) -> Answer:
        """Run a reading statement; `guarded` for users who are not trusted. Raises QueryFailed (202) on a long queue.

        Cancelled while it waits, it is not run; cancelled while it runs, it is stopped.
        """
        if self._reading >= self._limits.readers + self._limits.queue:
            raise refusal(
                TOO_MANY_SIMULTANEOUS_QUERIES,
                f"Too many simultaneous queries: {self._limits.readers} run and {self._limits.queue} wait already.",
            )
        mark = uuid.uuid4().hex
        self._reading += 1
        job = self._readers.submit(self._run_read, statement, guarded, mark)
        job.add_done_callback(self._counter(asyncio.get_running_loop()))
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            if not job.cancelled() and not self._closing.is_set():
                await asyncio.get_running_loop().run_in_executor(None, self._kill, mark)
            raise

    def _counter(self, loop: asyncio.AbstractEventLoop) -> Callable[[object], None]:
        def done(_: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._left)

        return done

    def _left(self) -> None:
        self._reading -= 1

    def _kill(self, mark: str) -> None:
        connection = self._connect()
        try:
            connection.query(f"KILL QUERY WHERE query LIKE '/* {mark} */%' ASYNC", "Null")
        finally:
            connection.close()

    async def only_reads(self, statement: Statement) -> bool:
        """Whether chDB's parser finds exactly one statement, and one that leaves no trace."""
        if statement.data is not None:
            return False
        found = self._keep.classify_query(statement.sql)
        return bool(found["statement_count"] == 1 and found["query_class"].value == 0)

    def _run_write(self, statement: Statement) -> Answer:
        if statement.data is None:
            return self._run(statement, statement.sql, self._writer_settings())
        # A file in memory, not text behind the INSERT: chDB takes an empty line in such text for the end of the rows
        # and what follows for SQL, and its own streaming insert hides the errors of materialized views.
        descriptor = os.memfd_create("insert", os.MFD_CLOEXEC)
        try:
            _write_all(descriptor, statement.data)
            sql = insert_from(statement, f"/proc/self/fd/{descriptor}")
            return self._run(statement, sql, self._writer_settings())
        finally:
            os.close(descriptor)

    def _run_read(self, statement: Statement, guarded: bool, mark: str) -> Answer:
        settings = self._reader_settings() | (GUEST if guarded else {"readonly": "2"})
        return self._run(statement, statement.sql, settings, mark=mark, guarded=guarded)

    def _writer_settings(self) -> dict[str, str]:
        return {
            "max_execution_time": str(self._limits.writer_seconds),
            "max_insert_threads": "1",
            "input_format_json_throw_on_bad_escape_sequence": "0",
        }

    def _reader_settings(self) -> dict[str, str]:
        share = self._limits.reader_memory
        return {
            "max_memory_usage": str(share),
            "max_bytes_before_external_group_by": str(share // 2),
            "max_bytes_before_external_sort": str(share // 2),
            "max_execution_time": str(self._limits.reader_seconds),
            "max_result_bytes": str(self._limits.result_bytes),
            "result_overflow_mode": "throw",
            # Unless the reader asks for more: a query on every core makes the chargers of the same machine wait.
            "max_threads": str(max(1, (os.cpu_count() or 1) // 2)),
        }

    def _run(
        self, statement: Statement, sql: str, base: Mapping[str, str], *, mark: str = "", guarded: bool = False
    ) -> Answer:
        if self._closing.is_set():
            raise refusal(QUERY_WAS_CANCELLED, "The gateway is stopping.")
        begun = time.perf_counter()
        connection = self._connect()
        try:
            if guarded:
                self._guard.check(connection, sql, statement.params)
            self._prepare(connection, statement, base)
            text = f"/* {mark} */ {sql}" if mark else sql
            result = connection.query(text, statement.output_format, params=dict(statement.params))
            if "readonly" in base and result.size() > self._limits.result_bytes:
                raise refusal(
                    TOO_MANY_ROWS_OR_BYTES, f"Limit for result exceeded, max bytes: {self._limits.result_bytes}."
                )
            return _answer(result, time.perf_counter() - begun)
        except RuntimeError as error:
            raise from_chdb(error) from None
        finally:
            connection.close()

    def _prepare(self, connection: Any, statement: Statement, base: Mapping[str, str]) -> None:
        if statement.database:
            connection.query(f"USE {_identifier(statement.database)}", "Null")
        wanted = {**base, **statement.settings}
        if "readonly" in base:
            wanted |= {name: _tighter(wanted[name], limit) for name, limit in base.items()}
        connection.query("SET " + ", ".join(f"{name} = {literal(value)}" for name, value in wanted.items()), "Null")


def _tighter(asked: str, limit: str) -> str:
    """The smaller of the two; the limit itself where the client asks for none (0) or for no number."""
    try:
        number = float(asked)
    except ValueError:
        return limit
    return asked if 0 < number < float(limit) else limit


def _identifier(name: str) -> str:
    if not _NAME.match(name):
        raise refusal(READONLY, f"The database name {name[:80]!r} is not a plain name.")
    return f"`{name}`"


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _answer(result: Any, seconds: float) -> Answer:
    body = bytes(result.bytes() or b"")
    return Answer(
        body,
        result.storage_rows_read(),
        result.storage_bytes_read(),
        result.rows_written(),
        result.bytes_written(),
        seconds,
    )
