"""Idempotency keys and answers to them."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from engine.stores.sql.columns import instant, metadata

keyed_requests = Table(
    "keyed_requests",
    metadata,
    # Also the id of the command that the request gives, so that asking again gives no second one.
    Column("id", Text, primary_key=True),
    Column("principal", Text, nullable=False),
    # Method and address with its query.
    Column("operation", Text, nullable=False),
    Column("key", Text, nullable=False),
    # SHA-256 of the body, hexadecimal.
    Column("digest", Text, nullable=False),
    # running, open (may be tried again), answered, unknown
    Column("state", Text, nullable=False),
    # Which try has it; every try has an id of its own.
    Column("attempt", Text, nullable=False),
    instant("held_until", nullable=False),
    Column("status", Integer),
    # Headers and body of the answer, encrypted: it may hold a secret that is shown once.
    Column("answer", LargeBinary),
    instant("created", nullable=False),
    instant("expires", nullable=False),
    UniqueConstraint("principal", "operation", "key", name="uq_keyed_requests_key"),
    Index("ix_keyed_requests_expires", "expires"),
)
