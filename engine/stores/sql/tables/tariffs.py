"""Tariffs, their versions and what they are assigned to."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, Table, Text

from engine.stores.sql.columns import instant, metadata, words

tariffs = Table(
    "tariffs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network_id", Text, ForeignKey("networks.id"), nullable=False),
    Column("name", Text, nullable=False),
    # ISO 4217; the same for all versions, so that a running session's and a new one's amounts compare.
    Column("currency", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Index("ix_tariffs_network_id_created", "network_id", "created"),
)

tariff_versions = Table(
    "tariff_versions",
    metadata,
    Column("tariff", Text, ForeignKey("tariffs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # draft, published or withdrawn
    Column("state", Text, nullable=False),
    # None while it is a draft that does not say when.
    instant("valid_from"),
    instant("valid_until"),
    # As engine/tariffs/stored.py writes it.
    Column("content", JSON, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("published"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
)

tariff_assignments = Table(
    "tariff_assignments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tariff", Text, ForeignKey("tariffs.id"), nullable=False, index=True),
    Column("network_id", Text, ForeignKey("networks.id"), nullable=False, index=True),
    # The innermost place that is named is the target; the others are empty, or 0.
    words("station"),
    words("charge_point"),
    Column("evse", Integer, nullable=False, server_default="0"),
    Column("connector", Integer, nullable=False, server_default="0"),
    # Empty for everybody.
    words("token_group"),
    instant("valid_from", nullable=False),
    instant("valid_until"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
)
