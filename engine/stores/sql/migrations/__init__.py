"""Brings a database to this release's schema: `await upgrade(url)` at every start.

The migrations are Alembic's, in `versions`; all that are missing run in one transaction under one lock, so two
processes may start at once and a kill leaves either the old schema or the new one. A database that a newer release has
already changed is refused: this release would write rows that the newer one no longer expects.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from engine.errors import ConfigurationError
from engine.stores.sql.engine import Database, connect
from engine.stores.sql.migrations.builtin_roles import ensure_builtin_roles

_ADVISORY_LOCK = 0x5259_4348  # "RYCH": PostgreSQL knows such locks by number only.


async def upgrade(url: str) -> str:
    """Migrate to the newest schema and return its revision.

    Raises ConfigurationError if the database is newer than this release, StoreUnavailable if it does not answer.
    """
    database = connect(url, pool_size=1)
    try:
        return await upgrade_database(database)
    finally:
        await database.aclose()


async def upgrade_database(database: Database) -> str:
    """The same on connections that are there already."""
    async with database.write() as connection:
        if database.dialect == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        return await connection.run_sync(_run)


def configuration() -> Config:
    """Alembic's configuration, made here so that no file names a path or a URL."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _run(connection: Connection) -> str:
    config = configuration()
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    present = set(MigrationContext.configure(connection).get_current_heads())
    if unknown := present - known:
        raise ConfigurationError(
            f"The database's schema ({', '.join(sorted(unknown))}) was made by a newer Raycharge than this one. "
            "Start that release or a later one, or restore a backup from before the upgrade."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    ensure_builtin_roles(connection)
    head = scripts.get_current_head()
    if head is None:
        raise ConfigurationError("This installation of Raycharge has no migrations; install it again.")
    return head
