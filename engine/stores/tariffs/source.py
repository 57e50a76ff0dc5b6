"""All tariffs at once, for the book that every host keeps."""

from __future__ import annotations

from sqlalchemy import select

from engine.stores.sql.engine import Database
from engine.stores.sql.tables.tariffs import tariff_assignments, tariff_versions
from engine.stores.tariffs.rows import DRAFT, VERSION_COLUMNS, assignment_of, version_of
from engine.tariffs.held import Assignment, InForce


class HeldSource:
    """Reads what is in force, was or will be."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> tuple[list[Assignment], list[InForce]]:
        """The assignments and the versions that ever hold. Raises StoreUnavailable."""
        async with self._database.read() as connection:
            assigned = await connection.execute(select(tariff_assignments))
            assignments = [assignment_of(row) for row in assigned]
            found = await connection.execute(
                select(*VERSION_COLUMNS).where(
                    tariff_versions.c.state != DRAFT, tariff_versions.c.valid_from.is_not(None)
                )
            )
            versions = [version_of(row).in_force for row in found]
        return assignments, [version for version in versions if version is not None]
