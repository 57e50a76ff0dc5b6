"""Channels to other systems and people, who subscribes to what by them, and every message's way to each."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

from engine.stores.sql.columns import instant, metadata, words

channels = Table(
    "delivery_channels",
    metadata,
    Column("id", Text, primary_key=True),
    # Whose it is; null is the whole installation's.
    Column("network", Text, index=True),
    # email, apprise, webhook
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Encrypted with the installation's key, and what of it may be shown.
    Column("address", LargeBinary, nullable=False),
    Column("shown", Text, nullable=False),
    # What webhooks are signed with, encrypted; for a while after a change with the one before it, too.
    Column("secret", LargeBinary),
    Column("former_secret", LargeBinary),
    instant("former_until"),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    words("disabled_because"),
    # Tries that have failed since the last success, and when the first of them was.
    Column("failures", Integer, nullable=False, server_default="0"),
    instant("failing_since"),
    words("error"),
    # Nothing is tried before it.
    instant("paused_until"),
    instant("last_success"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
)

subscriptions = Table(
    "delivery_subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel", Text, ForeignKey("delivery_channels.id", ondelete="CASCADE"), nullable=False, index=True),
    # Its channel's network, or the one network that somebody wants of an installation's channel; null is all.
    Column("network", Text),
    # ["alert.*", "session.ended"]
    Column("kinds", JSON, nullable=False),
    # The least severity of what has one; "" is any.
    words("severity"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
)

deliveries = Table(
    "deliveries",
    metadata,
    # What the receiver knows it by, the same at every try; ids grow with time.
    Column("id", Text, primary_key=True),
    Column("channel", Text, ForeignKey("delivery_channels.id", ondelete="CASCADE"), nullable=False),
    # What is put twice with the same key is there once.
    Column("key", Text, nullable=False),
    # Whose event it is.
    Column("network", Text),
    Column("kind", Text, nullable=False),
    words("severity"),
    Column("subject", Text, nullable=False),
    words("body"),
    Column("payload", JSON, nullable=False),
    # Messages of one stream (a session, an alert) go out one after the other.
    words("stream"),
    # waiting, delivered, dead
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    # Of the last try: the receiver's status, and what went wrong.
    Column("status", Integer),
    words("error"),
    # When it happened, when it may be tried (again), and when it was delivered or given up. While a worker has it in
    # hand, `lease` names the hold and `due` is its end.
    instant("created", nullable=False),
    instant("due", nullable=False),
    words("lease"),
    instant("ended"),
    Column("version", Integer, nullable=False, server_default="1"),
    UniqueConstraint("channel", "key", name="uq_deliveries_channel_key"),
    Index(
        "ix_deliveries_waiting",
        "channel",
        "due",
        postgresql_where=text("state = 'waiting'"),
        sqlite_where=text("state = 'waiting'"),
    ),
    Index(
        "ix_deliveries_stream",
        "channel",
        "stream",
        "id",
        postgresql_where=text("state = 'waiting'"),
        sqlite_where=text("state = 'waiting'"),
    ),
    Index("ix_deliveries_channel_created", "channel", "created"),
    Index("ix_deliveries_created", "created"),
    Index("ix_deliveries_state_ended", "state", "ended"),
)

attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("delivery", Text, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
    instant("at", nullable=False),
    # Milliseconds until the answer, or until it was given up.
    Column("duration_ms", Integer, nullable=False),
    Column("delivered", Boolean, nullable=False),
    Column("status", Integer),
    words("error"),
    Index("ix_delivery_attempts_delivery_at", "delivery", "at"),
)
