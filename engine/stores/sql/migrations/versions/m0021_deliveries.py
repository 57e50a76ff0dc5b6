"""Webhooks, channels and what was delivered by them; see engine/deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    _channels()
    _subscriptions()
    _deliveries()
    _attempts()


def _channels() -> None:
    op.create_table(
        "delivery_channels",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("network", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary()),
        sa.Column("former_secret", sa.LargeBinary()),
        sa.Column("former_until", sa.BigInteger()),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("disabled_because", sa.Text(), server_default="", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.BigInteger()),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("paused_until", sa.BigInteger()),
        sa.Column("last_success", sa.BigInteger()),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    )
    op.create_index("ix_delivery_channels_network", "delivery_channels", ["network"])


def _subscriptions() -> None:
    op.create_table(
        "delivery_subscriptions",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("channel", sa.Text(), sa.ForeignKey("delivery_channels.id", ondelete="CASCADE"), nullable=False),
        sa.Column("network", sa.Text()),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("severity", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    )
    op.create_index("ix_delivery_subscriptions_channel", "delivery_subscriptions", ["channel"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("channel", sa.Text(), sa.ForeignKey("delivery_channels.id", ondelete="CASCADE"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("network", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("stream", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.Text(), server_default="", nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.UniqueConstraint("channel", "key", name="uq_deliveries_channel_key"),
    )
    for name, columns in (("waiting", ["channel", "due"]), ("stream", ["channel", "stream", "id"])):
        op.create_index(
            f"ix_deliveries_{name}", "deliveries", columns, postgresql_where=_WAITING, sqlite_where=_WAITING
        )
    op.create_index("ix_deliveries_channel_created", "deliveries", ["channel", "created"])
    op.create_index("ix_deliveries_created", "deliveries", ["created"])
    op.create_index("ix_deliveries_state_ended", "deliveries", ["state", "ended"])


def _attempts() -> None:
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("delivery", sa.Text(), sa.ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
    )
    op.create_index("ix_delivery_attempts_delivery_at", "delivery_attempts", ["delivery", "at"])
