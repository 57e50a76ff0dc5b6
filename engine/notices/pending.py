"""Notices that wait for their time, such as of an idle fee: dropped when there is no more reason for them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import SECOND, Clock
from engine.notices.telling import Notice, tell
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.notices import pending_notices, told_of

LOOK_EVERY_S = 1.0
SWEEP_EVERY_S = 3600.0
REMEMBERED_US = 180 * 86_400 * SECOND
"""How long it is known what was told: longer than any journal is read again."""

_P = pending_notices.c


async def put_off(connection: AsyncConnection, session: str, notice: Notice, due: int) -> None:
    """Have it told at `due` (microseconds), unless it is dropped before. One for each session: the first one stays."""
    row: dict[str, object] = {
        "session": session,
        "driver": notice.driver,
        "network": notice.network,
        "kind": notice.kind,
    }
    row |= {"facts": dict(notice.facts), "path": notice.path, "due": due}
    statement = upsert(connection.dialect.name, pending_notices).on_conflict_do_nothing(index_elements=["session"])
    await connection.execute(statement, row)


async def drop(connection: AsyncConnection, session: str) -> None:
    """There is no more reason for what waits."""
    await connection.execute(delete(pending_notices).where(_P.session == session))


async def waiting(connection: AsyncConnection) -> set[str]:
    """The sessions for which something waits."""
    return set((await connection.execute(select(_P.session))).scalars())


class PendingNotices:
    """The worker. `tell_due` tells what is due now."""

    def __init__(self, database: Database, clock: Clock, facade_url: str = "") -> None:
        self._database, self._clock, self._facade_url = database, clock, facade_url

    async def run(self, stop: asyncio.Event) -> None:
        """Raises StoreUnavailable: whoever runs it starts it again."""
        swept = 0
        while not stop.is_set():
            if self._clock.now() > swept + SWEEP_EVERY_S * SECOND:
                await self.sweep()
                swept = self._clock.now()
            if not await self.tell_due():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), timeout=LOOK_EVERY_S)

    async def tell_due(self, limit: int = 50) -> int:
        """How many were due. Each is told and taken off in one transaction."""
        now = self._clock.now()
        due = select(pending_notices).where(_P.due <= now).order_by(_P.due).limit(limit)
        async with self._database.read() as connection:
            if (await connection.execute(due)).first() is None:
                return 0
        async with self._database.write() as connection:
            rows = (await connection.execute(due.with_for_update(skip_locked=True))).all()
            for row in rows:
                notice = Notice(row.driver, row.network, row.kind, row.session, row.facts, row.path)
                await tell(connection, now, notice, self._facade_url)
                await drop(connection, row.session)
        return len(rows)

    async def sweep(self) -> None:
        """Forget what was told long ago."""
        async with self._database.write() as connection:
            old = delete(told_of).where(told_of.c.at < self._clock.now() - REMEMBERED_US)
            await connection.execute(old)
