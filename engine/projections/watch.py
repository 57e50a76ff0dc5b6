"""Watching: what follows from events for people and for other systems, each event once.

One consumer for all who watch, so that the journal is read once for them: alerts, webhooks, notices to drivers. Each
is an `Observer`. As the ledger: rows and positions are one transaction, and a position moves only from where this
projection left it. An event that cannot be used takes nothing else with it: the batch is watched once more, with a
savepoint for each event and observer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock, SystemClock
from engine.faults import reach
from engine.journal.port import Entry
from engine.journal.records import EVENTS, STATUS
from engine.journal.upcast import PRESENT
from engine.projections.dead_letters import DeadLetter, bury
from engine.projections.event_reading import CONTENT_ERRORS, EventReader, Origin
from engine.projections.positions import Standing
from engine.stores.sql.engine import Database, refuses_content

NAME = "watch"
MOST_ROOM_S = 2.0
"""The longest pause for other writers of SQLite after a batch."""


class Observer(Protocol):
    """Somebody to whom events matter. Its state is in SQL, read and written through the connection that it is given."""

    name: str

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of events that it is told of (engine/charging/events.py); asked for with each batch."""

    async def observe(self, connection: AsyncConnection, at: int, event: Mapping[str, Any], place: str) -> None:
        """Write what follows from one event, in the transaction of `connection`.

        `at` is now, µs; `place` is the event's own in the journal, the same for ever: what is made of it can be known
        by it. Raises one of CONTENT_ERRORS for an event that cannot be used.
        """

    def forget(self) -> None:
        """Drop what was remembered of rows that this process wrote: they were not committed."""


class Watch:
    """The projection. `dead` counts what went to the dead letters since this process started."""

    name = NAME
    channels = frozenset({EVENTS, STATUS})

    def __init__(self, database: Database, observers: Sequence[Observer], clock: Clock | None = None) -> None:
        self._database, self._observers, self._clock = database, tuple(observers), clock or SystemClock()
        self._reader = EventReader(NAME, self._clock)
        self._standing = Standing(NAME, database, self._clock)
        self.dead = 0

    async def open(self, partitions: int) -> dict[int, int]:
        """Return where SQL stands."""
        return await self._standing.open(partitions)

    async def apply(self, entries: Sequence[Entry]) -> None:
        """Watch one batch. Raises StaleEpoch if another one has moved on, StoreUnavailable if SQL is away."""
        kinds = frozenset[str]().union(*(each.kinds for each in self._observers))
        origins = [origin for entry in entries for origin in self._told(entry, kinds)]
        if not origins and self._standing.passes_over(entries):
            return
        began = time.monotonic()
        try:
            letters = await self._watch(entries, origins, careful=False)
        except Exception as error:
            if not _is_content(error):
                raise
            # Some event cannot be used. Which one is found by a savepoint for each, which only then is worth its time.
            letters = await self._watch(entries, origins, careful=True)
        reach("watch:after-commit")
        self._standing.moved()
        self.dead += len(letters)
        if self._database.dialect == "sqlite":
            # It has one writer at a time, and those who wait look only now and then: leave them as long as was taken.
            await asyncio.sleep(min(time.monotonic() - began, MOST_ROOM_S))

    async def _watch(self, entries: Sequence[Entry], origins: Sequence[Origin], *, careful: bool) -> list[DeadLetter]:
        """One transaction. Returns what could not be used, which is found out only if `careful`."""
        letters: list[DeadLetter] = []
        try:
            async with self._database.write() as connection:
                # First, so that a second one finds out (and in PostgreSQL waits) before it has written anything.
                await self._standing.move(connection, entries)
                for origin in origins:
                    await self._show(connection, origin, letters, careful)
                await bury(connection, letters)
                reach("watch:after-rows-before-commit")
        except BaseException:
            for each in self._observers:
                each.forget()
            raise
        return letters

    async def aclose(self) -> None:
        """Close the connections to SQL."""
        await self._database.aclose()

    def _told(self, entry: Entry, kinds: frozenset[str]) -> list[Origin]:
        """The records of interest. What is no event at all is the ledger's to bury."""
        # Within one commit, statuses follow all other events: which of them came first is in their times.
        records = [each for channel in (EVENTS, STATUS) for each in self._reader.records(entry, channel, [])]
        return [each for each in records if isinstance(each.record, dict) and each.record.get("kind") in kinds]

    async def _show(
        self, connection: AsyncConnection, origin: Origin, letters: list[DeadLetter], careful: bool
    ) -> None:
        at = self._clock.now()
        try:
            event = PRESENT.lift_event(origin.record)
        except CONTENT_ERRORS as error:
            letters.append(self._reader.letter(origin, error))
            return
        for each in self._observers:
            if event["kind"] not in each.kinds:
                continue
            if not careful:
                await each.observe(connection, at, event, origin.place)
                continue
            try:
                async with connection.begin_nested():
                    await each.observe(connection, at, event, origin.place)
            except Exception as error:
                if not _is_content(error):
                    raise
                letters.append(self._reader.letter(origin, error))
                each.forget()


def _is_content(error: Exception) -> bool:
    """Whether what was said is to blame, not a store."""
    return isinstance(error, CONTENT_ERRORS) or refuses_content(error)
