"""What the ledger keeps of a session's price."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _exact() -> sa.types.TypeEngine[Any]:
    return sa.Text() if op.get_bind().dialect.name == "sqlite" else sa.Numeric()


def upgrade() -> None:
    for name in ("network", "tariff", "currency"):
        op.add_column("sessions", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("sessions", sa.Column("tariff_version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("sessions", sa.Column("cost", _exact(), nullable=True))
    op.add_column("sessions", sa.Column("ended", sa.BigInteger(), nullable=True))
    op.add_column("sessions", sa.Column("settled", sa.BigInteger(), nullable=True))
    op.create_table(
        "session_prices",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("tariff", sa.JSON(), nullable=False),
        sa.Column("course", sa.JSON(), nullable=False),
        sa.Column("total", _exact(), nullable=True),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_session_prices")),
    )
