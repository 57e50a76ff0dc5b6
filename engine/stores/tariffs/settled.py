"""What settled sessions were billed by, as the ledger has written it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from engine.stores.sql.engine import Database
from engine.stores.sql.models import session_prices
from engine.tariffs.course import Course
from engine.tariffs.model import Tariff
from engine.tariffs.stored import course_of, tariff_of


@dataclass(frozen=True, slots=True)
class Settled:
    """A session's tariff and its whole course. `sure` is False where its data are doubtful and it has no total."""

    tariff: Tariff
    course: Course
    sure: bool


class SettledPrices:
    """Raises StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, session: str) -> Settled | None:
        """None for a session that is not settled, or had no tariff."""
        query = select(session_prices).where(session_prices.c.session == session)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Settled(tariff_of(row.tariff), course_of(row.course), row.total is not None)
