"""One statement as a transaction of its own, in one turn of a thread.

SQLite's asynchronous driver hands each step of a transaction (begin, cursor, execute, close, commit) to its thread and
waits for it. For what somebody waits for, an operator's command for instance, that is most of the time it takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Engine, Executable


class StatementThread:
    """A thread with one connection to an SQLite file, made when it is first used."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        """`make` gives an engine whose transactions take the write lock at once."""
        self._make = make
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(1, "sqlite-statement")

    async def execute(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Perform it for all rows; on disk when this returns. Raises what SQLAlchemy raises."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._execute, statement, rows)

    def _execute(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        if self._engine is None:
            self._engine = self._make()
        with self._engine.begin() as connection:
            connection.execute(statement, rows)

    async def aclose(self) -> None:
        """Close the connection and end the thread, after what was begun."""
        if self._engine is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown(wait=False)
