"""A day's figures for the overview: sessions and energy by the hour in which they began. To look at, not to bill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Float, cast, func, select

from engine.access.scope import Scope
from engine.clock import SECOND
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions

HOUR = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Hour:
    """`number` counts from the beginning of the day. Energy in Wh, so far."""

    number: int
    sessions: int
    energy_wh: float


class Today:
    """Raises StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hours(self, scope: Scope, since: int, until: int, network: str = "") -> Sequence[Hour]:
        """The hours of `since` ≤ start < `until` (µs) in which a session began."""
        number = (sessions.c.started - since) // HOUR
        energy = func.coalesce(func.sum(cast(sessions.c.energy_wh, Float)), 0.0)
        query = select(number.label("number"), func.count(), energy)
        query = query.where(sessions.c.started >= since, sessions.c.started < until, scope.where(sessions.c.network))
        if network:
            query = query.where(sessions.c.network == network)
        async with self._database.read() as connection:
            rows = await connection.execute(query.group_by("number").order_by("number"))
            return [Hour(int(row[0]), int(row[1]), float(row[2])) for row in rows]
