"""The one statement that SQLAlchemy spells differently for SQLite and PostgreSQL: an INSERT that may meet a row."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert


def upsert(dialect: str, table: Table) -> PostgresqlInsert | SqliteInsert:
    """An INSERT into `table` that knows `on_conflict_do_update` and `on_conflict_do_nothing`, alike in both."""
    return postgresql_insert(table) if dialect == "postgresql" else sqlite_insert(table)
