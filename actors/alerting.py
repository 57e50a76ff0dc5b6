"""The back office's workers for alerts: one for what becomes of them with time, one that guards the installation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from actors.children import PROJECTIONS
from actors.fleet import children, projection_lag
from engine.alerts.clerk import Clerk
from engine.alerts.guard import Guard, Process
from engine.journal.redis_streams import RedisJournal
from engine.stores.business import Business

Worker = Callable[[asyncio.Event], Awaitable[None]]


class RunningInstallation:
    """The guard's `Installation`: the supervisor's children, the consumers and the journal."""

    def __init__(self, journal: RedisJournal) -> None:
        self._journal = journal

    async def processes(self) -> Sequence[Process]:
        return [Process(each["name"], each["restarts"], each["since"]) for each in await children()]

    async def lags(self) -> Mapping[str, float | None]:
        told = await asyncio.gather(*(projection_lag(name) for name in PROJECTIONS))
        return {each["name"]: float(each["seconds"]) if each["running"] else None for each in told}

    async def fill(self) -> float:
        return (await self._journal.info()).fill


def alert_workers(business: Business, journal: RedisJournal) -> dict[str, Worker]:
    """By name."""
    database, clock = business.database, business.clock
    return {
        "alerts": Clerk(database, clock).run,
        "guard": Guard(database, clock, RunningInstallation(journal)).run,
    }
