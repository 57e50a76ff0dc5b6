"""Security events that stations told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "security_events",
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("info", sa.Text(), server_default="", nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("believed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("charge_point", "received", "type", name=op.f("pk_security_events")),
    )
    op.create_index("ix_security_events_received", "security_events", ["received"], unique=False)
