"""Billing: what every settled session costs, in receipts or for review, each session once (engine/billing/settling.py).

As the ledger: rows and positions are one transaction, and a position moves only from where this projection left it.
Within it each session has a savepoint, so that one that cannot be used takes neither others nor a number with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.billing.settling import amend, settle
from engine.charging.events import SessionAmended, SessionSettled
from engine.clock import Clock, SystemClock
from engine.faults import reach
from engine.journal.port import Entry
from engine.journal.records import EVENTS
from engine.journal.upcast import PRESENT
from engine.projections.dead_letters import DeadLetter, bury
from engine.projections.event_reading import CONTENT_ERRORS, EventReader, Origin
from engine.projections.positions import Standing
from engine.stores.sql.engine import Database, refuses_content

NAME = "billing"
_KINDS = frozenset({SessionSettled.kind, SessionAmended.kind})


class Billing:
    """The projection. `dead` counts what went to the dead letters since this process started."""

    name = NAME
    channels = frozenset({EVENTS})

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database, self._clock = database, clock or SystemClock()
        self._reader = EventReader(NAME, self._clock)
        self._standing = Standing(NAME, database, self._clock)
        self.dead = 0

    async def open(self, partitions: int) -> dict[int, int]:
        """Return where SQL stands."""
        return await self._standing.open(partitions)

    async def apply(self, entries: Sequence[Entry]) -> None:
        """Bill one batch. Raises StaleEpoch if another one has moved on, StoreUnavailable if SQL is away."""
        letters: list[DeadLetter] = []
        origins = [origin for entry in entries for origin in self._told(entry, letters)]
        if not origins and self._standing.passes_over(entries):
            return
        async with self._database.write() as connection:
            # First, so that a second one finds out (and in PostgreSQL waits) before it has written anything.
            await self._standing.move(connection, entries)
            for origin in origins:
                await self._bill(connection, origin, letters)
            await bury(connection, letters)
            reach("billing:after-rows-before-commit")
        reach("billing:after-commit")
        self._standing.moved()
        self.dead += len(letters)

    async def aclose(self) -> None:
        """Close the connections to SQL."""
        await self._database.aclose()

    def _told(self, entry: Entry, letters: list[DeadLetter]) -> list[Origin]:
        """The records of interest. What is no event at all is the ledger's to bury."""
        records = self._reader.records(entry, EVENTS, [])
        return [each for each in records if isinstance(each.record, dict) and each.record.get("kind") in _KINDS]

    async def _bill(self, connection: AsyncConnection, origin: Origin, letters: list[DeadLetter]) -> None:
        at = self._clock.now()
        try:
            async with connection.begin_nested():
                event = PRESENT.lift_event(origin.record)
                if event["kind"] == SessionSettled.kind:
                    await settle(connection, at, event)
                else:
                    await amend(connection, at, event, origin.place)
        except Exception as error:
            if not isinstance(error, CONTENT_ERRORS) and not refuses_content(error):
                raise
            letters.append(self._reader.letter(origin, error))
