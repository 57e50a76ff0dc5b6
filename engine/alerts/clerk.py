"""The clerk: what becomes of alerts because time passes. A worker of the back office; all its state is in SQL.

Deadlines of conditions (hold times, hysteresis, the ends of counts and of maintenance windows), escalations, reminders,
and letters that waited for the end of quiet hours are rows with a time. Each is taken in a transaction of its own that
looks once more whether it is due, so two clerks do nothing twice, and one that is killed leaves nothing half done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.alerts import tracking
from engine.alerts.alert import COLUMNS, OPEN, alert_of
from engine.alerts.opening import go_on
from engine.alerts.rule_book import rule_in
from engine.alerts.telling import tell_what_waited, waiting_accounts
from engine.clock import Clock
from engine.faults import reach
from engine.stores.sql.engine import Database, refuses_content
from engine.stores.sql.tables.alerts import alerts

log = structlog.get_logger("alerts")
LOOK_EVERY_S = 0.25
AT_ONCE = 50
AGAIN_AFTER_S = 60.0
"""How long what cannot be dealt with is left alone."""

Due = Callable[[AsyncConnection, int, int], Awaitable[Sequence[str]]]
Deal = Callable[[AsyncConnection, int, str], Awaitable[Any]]


class Clerk:
    """`run` works until it is told to stop; `work` does what is due now and says how much that was."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._left_alone: dict[tuple[str, str], int] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Raises StoreUnavailable: whoever runs it starts it again."""
        while not stopping.is_set():
            if await self.work() == 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), timeout=LOOK_EVERY_S)

    async def work(self) -> int:
        """Deal with what is due. Raises StoreUnavailable."""
        now = self._clock.now()
        self._left_alone = {each: until for each, until in self._left_alone.items() if until > now}
        done = 0
        for what, due, deal in _WORK:
            async with self._database.read() as connection:
                names = await due(connection, now, AT_ONCE + len(self._left_alone))
            for name in names:
                if (what, name) not in self._left_alone:
                    done += 1
                    await self._deal(what, name, deal)
        return done

    async def _deal(self, what: str, name: str, deal: Deal) -> None:
        try:
            async with self._database.write() as connection:
                await deal(connection, self._clock.now(), name)
                reach(f"clerk:{what}-before-commit")
        except Exception as error:
            if not isinstance(error, KeyError | TypeError | ValueError) and not refuses_content(error):
                raise
            # One that cannot be dealt with must not keep the others waiting.
            log.error("not_dealt_with", what=what, name=name, error=repr(error), exc_info=error)
            self._left_alone[what, name] = self._clock.now() + round(AGAIN_AFTER_S * 1_000_000)
        reach(f"clerk:{what}-after-commit")


async def _due_alerts(connection: AsyncConnection, now: int, limit: int) -> Sequence[str]:
    query = select(alerts.c.id).where(alerts.c.due <= now).order_by(alerts.c.due).limit(limit)
    return list((await connection.execute(query)).scalars())


async def _escalate(connection: AsyncConnection, now: int, id: str) -> None:
    query = select(*COLUMNS).where(alerts.c.id == id, alerts.c.due <= now, alerts.c.state == OPEN)
    row = (await connection.execute(query.with_for_update(skip_locked=True))).one_or_none()
    if row is not None:
        alert = alert_of(row)
        await go_on(connection, alert, await rule_in(connection, alert.network, alert.rule), now)


_WORK: tuple[tuple[str, Due, Deal], ...] = (
    ("conditions", tracking.due_keys, tracking.look),
    ("alerts", _due_alerts, _escalate),
    ("waiting", waiting_accounts, tell_what_waited),
)
