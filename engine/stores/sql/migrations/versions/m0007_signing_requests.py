"""Stations' requests for certificates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = ("serial_number", "command", "detail")
    op.create_table(
        "signing_requests",
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("csr", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("request", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in words),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("charge_point", "received", name=op.f("pk_signing_requests")),
    )
    op.create_index("ix_signing_requests_state_received", "signing_requests", ["state", "received"])
