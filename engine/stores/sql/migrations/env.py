"""Alembic's entry: runs the migrations on the connection and in the transaction that `upgrade` holds."""

from __future__ import annotations

from alembic import context

from engine.stores.sql.models import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # Without this Alembic would take SQLite's DDL for something that cannot be rolled back, and commit in between.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
