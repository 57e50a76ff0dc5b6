"""Starts of charging, from the request to their one end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


_WORDS = (
    "driver",
    "token_kind",
    "payment",
    "ended_as",
    "detail",
    "command",
    "outcome",
    "session",
    "late_session",
    "stop_because",
    "stop_command",
)


def upgrade() -> None:
    op.create_table(
        "starts",
        sa.Column("id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in _WORDS),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id_token", sa.Text(), nullable=False),
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("connector", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("late_settled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("stop_not_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holds", sa.Text(), nullable=True),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("request_key", sa.Text(), nullable=True),
        sa.Column("pay_by", sa.BigInteger(), nullable=True),
        sa.Column("plug_in_by", sa.BigInteger(), nullable=True),
        sa.Column("plug_in_within_s", sa.Integer(), nullable=False),
        sa.Column("look_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_starts")),
        sa.UniqueConstraint("holds", name=op.f("uq_starts_holds")),
        sa.UniqueConstraint("request_key", name=op.f("uq_starts_request_key")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_starts_secret_hash")),
    )
    _indexes()


def _indexes() -> None:
    op.create_index("ix_starts_command", "starts", ["command"], unique=False)
    op.create_index("ix_starts_driver_created", "starts", ["driver", "created"], unique=False)
    op.create_index("ix_starts_look_at", "starts", ["look_at"], unique=False)
    op.create_index("ix_starts_network_created", "starts", ["network", "created"], unique=False)
    op.create_index("ix_starts_session", "starts", ["session"], unique=False)
