"""Which connectors are being repaired, from memory: drivers are offered none of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.maintenance.course import OPEN
from engine.stores.kept_book import KeptBook
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.maintenance import maintenance_jobs

MAINTENANCE_JOB = "maintenance_job"
"""The kind of change on the change feed; its key is the job's id."""

_J = maintenance_jobs.c
Spot = tuple[str, int, int]
"""Charge point in lower case, EVSE, connector; 0 is all of them."""


def _blocking() -> Select[Any]:
    """Open jobs that keep drivers away, the oldest last: of several on one spot that one is named."""
    query = select(_J.id, _J.folded, _J.evse, _J.connector).where(_J.blocking, _J.state.in_(OPEN))
    return query.order_by(_J.created.desc(), _J.id.desc())


def spots_of(charge_point: str, evse: int, connector: int) -> tuple[Spot, ...]:
    """Where a job can be that concerns this connector: on it, on its EVSE, on the whole charge point."""
    folded = charge_point.lower()
    return (folded, evse, connector), (folded, evse, 0), (folded, 0, 0)


class BlockedBook(KeptBook):
    """The connectors with a job in this process. There are few of them: it is read whole."""

    kind = MAINTENANCE_JOB

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._jobs: dict[Spot, str] = {}

    def blocked(self, charge_point: str, evse: int, connector: int) -> str | None:
        """The id of the job for which no driver may charge here; None where there is none."""
        if not self._jobs:
            return None
        return _first(self._jobs, spots_of(charge_point, evse, connector))

    def any(self) -> frozenset[str]:
        """The charge points, in lower case, of which at least one connector is blocked."""
        return frozenset(spot[0] for spot in self._jobs)

    async def read(self) -> None:
        async with self._database.read() as connection:
            rows = await connection.execute(_blocking())
            self._jobs = {(folded, evse, connector): id for id, folded, evse, connector in rows}


async def blocked_now(connection: AsyncConnection, charge_point: str, evse: int, connector: int) -> str | None:
    """As `BlockedBook.blocked`, of SQL: for whoever must not be a moment behind."""
    rows = await connection.execute(_blocking().where(_J.folded == charge_point.lower()))
    jobs = {(folded, of, at): id for id, folded, of, at in rows}
    return _first(jobs, spots_of(charge_point, evse, connector))


def _first(jobs: dict[Spot, str], spots: Iterable[Spot]) -> str | None:
    return next((jobs[spot] for spot in spots if spot in jobs), None)
