"""The audit log. Rows are written and never touched again: a trigger refuses it in both databases."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Table, Text

from engine.stores.sql.columns import instant, metadata, words

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Text, primary_key=True),
    instant("at", nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    words("actor_label"),
    words("address"),
    words("correlation"),
    Column("action", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("network", Text),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Index("ix_audit_log_at", "at"),
    Index("ix_audit_log_actor_at", "actor", "at"),
    Index("ix_audit_log_kind_subject_at", "kind", "subject", "at"),
    Index("ix_audit_log_network_at", "network", "at"),
)
