"""How each charge point's boot is to be answered: accepted, unless an operator says pending or rejected.

It is in force at the next BootNotification: hosts keep the exceptions in a book that follows the change feed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock, SystemClock
from engine.errors import InvalidInput
from engine.stores.changes import Change, ChangeFeed
from engine.stores.kept_book import KeptBook
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.models import admissions

ACCEPTED, PENDING, REJECTED = ADMISSIONS = ("accepted", "pending", "rejected")
ADMISSION = "admission"
"""The kind of change on the change feed."""


class Admissions:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock | None = None) -> None:
        self._database, self._feed = database, feed
        self._clock = clock or SystemClock()

    async def set(self, charge_point: str, admission: str) -> None:
        """Answer its next boot so. `charge_point` is the id as registered. Raises InvalidInput."""
        async with self._database.write() as connection:
            await set_admission(connection, charge_point, admission, self._clock.now())
        await self._feed.announce([Change(ADMISSION, charge_point)])

    async def of(self, charge_points: Sequence[str]) -> dict[str, str]:
        """Those of these charge points that are not simply accepted."""
        query = select(admissions.c.charge_point, admissions.c.admission)
        async with self._database.read() as connection:
            rows = await connection.execute(query.where(admissions.c.charge_point.in_(charge_points)))
            return {row.charge_point: row.admission for row in rows}

    async def exceptions(self) -> dict[str, str]:
        """All charge points that are not simply accepted."""
        query = select(admissions.c.charge_point, admissions.c.admission)
        async with self._database.read() as connection:
            return {row.charge_point: row.admission for row in await connection.execute(query)}


async def set_admission(connection: AsyncConnection, charge_point: str, admission: str, now: int) -> None:
    """The same in the caller's transaction, who announces it. Raises InvalidInput."""
    if admission not in ADMISSIONS:
        raise InvalidInput(
            f"A charge point cannot be {admission!r}.",
            field="admission",
            remedy=f"Use one of: {', '.join(ADMISSIONS)}.",
        )
    if admission == ACCEPTED:
        await connection.execute(delete(admissions).where(admissions.c.charge_point == charge_point))
        return
    row = {"charge_point": charge_point, "admission": admission, "updated": now}
    statement = upsert(connection.dialect.name, admissions).values(row)
    changed = {name: row[name] for name in ("admission", "updated")}
    await connection.execute(statement.on_conflict_do_update(index_elements=["charge_point"], set_=changed))


class AdmissionSource(Protocol):
    """Where the exceptions come from."""

    async def exceptions(self) -> dict[str, str]: ...


class MemoryAdmissions(dict[str, str]):
    """The in-memory twin: charge point → pending or rejected."""

    async def exceptions(self) -> dict[str, str]:
        return dict(self)


class AdmissionBook(KeptBook):
    """The exceptions in this process."""

    kind = ADMISSION

    def __init__(self, source: AdmissionSource) -> None:
        super().__init__()
        self._source = source
        none: dict[str, str] = {}
        self.registration: Callable[[str], str | None] = none.get
        """What to answer a charge point's boot with, as OCPP spells it: Pending or Rejected; None where it is accepted.

        It is asked at every message: a dictionary's own `get` saves a call.
        """

    async def read(self) -> None:
        found = await self._source.exceptions()
        exceptions = {name: admission.capitalize() for name, admission in found.items()}
        self.registration = exceptions.get
