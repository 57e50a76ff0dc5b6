"""The analytics schema as numbered SQL files, and the one function that brings a store up to date.

Each file runs once, in the order of its number; `schema_migrations` holds what ran. Every statement can be run again
(IF NOT EXISTS), because ClickHouse has no transaction around a file and its record.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import NamedTuple

from engine.errors import ConfigurationError
from engine.stores.analytics.client import ClickHouse

_DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1"
"""An insert is on disk when it is answered, and a merged part before those that it replaces go: chDB removes these at
once (its `old_parts_lifetime` is 0), so that without the last of the three a power cut could take old rows along."""

_CALM = (
    "merge_selector_base = 16, min_parts_to_merge_at_once = 10, "
    "min_age_to_force_merge_seconds = 259200, min_age_to_force_merge_on_partition_only = 1"
)
"""Merge many small parts at a time and less often: a row is rewritten once or twice instead of three times, which saves
a fifth of the CPU of all. A month that has rested for three days becomes one part."""

_VERSIONS = f"""CREATE TABLE IF NOT EXISTS schema_migrations
(version UInt32, name String, applied DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY version SETTINGS {_DURABLE}"""


class Migration(NamedTuple):
    """One file: its number, its name, its statements."""

    version: int
    name: str
    statements: tuple[str, ...]


def migrations() -> list[Migration]:
    """All that this release knows, in order."""
    found: list[Migration] = []
    for path in files(__package__).iterdir():
        if path.name.endswith(".sql"):
            text = re.sub(r"^--.*\n", "", path.read_text("utf-8"), flags=re.MULTILINE)
            statements = tuple(part.strip() for part in text.split(";\n") if part.strip())
            found.append(Migration(int(path.name[:4]), path.name[5:-4], statements))
    return sorted(found)


async def migrate(store: ClickHouse, *, message_log_days: int) -> list[int]:
    """Bring the schema up to date and return the versions that were applied now.

    Raises ConfigurationError for a store that a newer release has written, StoreUnavailable when it does not answer.
    """
    await store.execute(_VERSIONS)
    done = {int(row[0]) for row in await store.rows("SELECT DISTINCT version FROM schema_migrations")}
    known = migrations()
    if unknown := done - {migration.version for migration in known}:
        raise ConfigurationError(
            f"The ClickHouse database {store.database} has the schema versions {sorted(unknown)}, which this release "
            "does not know: start the newer release, or give this one another database."
        )
    applied: list[int] = []
    for migration in known:
        if migration.version not in done:
            for statement in migration.statements:
                await store.execute(_filled(statement, message_log_days))
            await store.execute(
                f"INSERT INTO schema_migrations (version, name) SELECT {migration.version}, '{migration.name}'"
            )
            applied.append(migration.version)
    await _keep_messages(store, message_log_days)
    return applied


def _filled(statement: str, message_log_days: int) -> str:
    values = {"message_log_days": str(message_log_days), "durable": _DURABLE, "calm": _CALM}
    for name, value in values.items():
        statement = statement.replace(f"{{{name}}}", value)
    return statement


async def _keep_messages(store: ClickHouse, days: int) -> None:
    """Follow a changed setting: the message log's TTL."""
    found = await store.rows(
        "SELECT extract(create_table_query, 'toIntervalDay\\\\((\\\\d+)\\\\)') FROM system.tables "
        f"WHERE database = '{store.database}' AND name = 'ocpp_messages'"
    )
    if found and found[0][0] != str(days):
        await store.execute(
            f"ALTER TABLE ocpp_messages MODIFY TTL toDateTime(received) + INTERVAL {days} DAY DELETE",
            {"materialize_ttl_after_modify": "0"},
        )
