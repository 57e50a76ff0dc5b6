"""Campaigns and their targets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _campaigns()
    _targets()


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("operation", sa.JSON(), nullable=False),
        sa.Column("description", sa.JSON(), nullable=False),
        sa.Column("image", sa.Text(), server_default="", nullable=False),
        sa.Column("per_minute", sa.Float(), nullable=False),
        sa.Column("at_once", sa.Integer(), nullable=False),
        sa.Column("stop_failures", sa.Integer(), nullable=True),
        sa.Column("stop_share", sa.Float(), nullable=True),
        sa.Column("deadline", sa.BigInteger(), nullable=True),
        sa.Column("timeout_s", sa.Float(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("forgiven", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
    )
    op.create_index("ix_campaigns_state", "campaigns", ["state"], unique=False)
    op.create_index("ix_campaigns_created", "campaigns", ["created"], unique=False)


def _targets() -> None:
    op.create_table(
        "campaign_targets",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaigns.id"], name=op.f("fk_campaign_targets_campaign_campaigns"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign", "charge_point", name=op.f("pk_campaign_targets")),
    )
    place = ["campaign", "state", "not_before"]
    op.create_index("ix_campaign_targets_campaign_state_not_before", "campaign_targets", place, unique=False)
