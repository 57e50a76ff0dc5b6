"""Maintenance jobs on connectors, and what they kept unavailable; see engine/maintenance."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.stores.sql.columns import Exact

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _jobs()
    _notes_and_parts()
    _orders()


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), server_default="", nullable=False) for name in names]


def _jobs() -> None:
    op.create_table(
        "maintenance_jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        *_words("station", "description", "assignee", "opened_by", "resolution"),
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), server_default="0", nullable=False),
        sa.Column("connector", sa.Integer(), server_default="0", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), server_default="normal", nullable=False),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("blocking", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("out_of_operation", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("alert", sa.Text(), nullable=True),
        sa.Column("touched", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_jobs")),
        sa.UniqueConstraint("alert", name=op.f("uq_maintenance_jobs_alert")),
    )
    op.create_index("ix_maintenance_jobs_network_created", "maintenance_jobs", ["network", "created"], unique=False)
    op.create_index("ix_maintenance_jobs_folded_created", "maintenance_jobs", ["folded", "created"], unique=False)
    op.create_index("ix_maintenance_jobs_state_due", "maintenance_jobs", ["state", "due"], unique=False)


def _notes_and_parts() -> None:
    op.create_table(
        "maintenance_notes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *_words("author", "author_label"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_notes")),
    )
    op.create_index("ix_maintenance_notes_job_at", "maintenance_notes", ["job", "at"], unique=False)
    op.create_table(
        "maintenance_parts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        *_words("number", "currency"),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("cost", Exact(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_parts")),
    )
    op.create_index("ix_maintenance_parts_job_at", "maintenance_parts", ["job", "at"], unique=False)


def _orders() -> None:
    op.create_table(
        "maintenance_orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("connector", sa.Integer(), nullable=False),
        sa.Column("operative", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        *_words("outcome", "detail", "requested_by"),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_orders")),
    )
    op.create_index("ix_maintenance_orders_job", "maintenance_orders", ["job"], unique=False)
    op.create_index("ix_maintenance_orders_state_due", "maintenance_orders", ["state", "due"], unique=False)
