"""Notices to drivers: which they want, the browsers that take them, and the messages on their way there."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, Table, Text, text

from engine.stores.sql.columns import instant, metadata, words

notice_preferences = Table(
    "notice_preferences",
    metadata,
    Column("driver", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    # email or push
    Column("channel", Text, primary_key=True),
    Column("wanted", Boolean, nullable=False),
)

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("driver", Text, nullable=False),
    # The browser's push service, and the browser's own keys (RFC 8291), base64url.
    Column("endpoint", Text, nullable=False, unique=True),
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    # How its owner knows it.
    words("label"),
    instant("created", nullable=False),
    # When it took a message last.
    instant("reached"),
    Index("ix_push_subscriptions_driver", "driver"),
)

push_messages = Table(
    "push_messages",
    metadata,
    Column("id", Text, primary_key=True),
    # The same key goes to the same browser once only.
    Column("key", Text, nullable=False, unique=True),
    Column("subscription", Text, nullable=False),
    Column("driver", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # JSON for the browser's service worker; wiped once it was sent.
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    words("error"),
    instant("created", nullable=False),
    # When it may be tried (again). While one worker has it, that worker's time runs until then.
    instant("due", nullable=False),
    # After this it is of no use and dies unsent.
    instant("expires", nullable=False),
    instant("ended"),
    Index(
        "ix_push_messages_due",
        "due",
        postgresql_where=text("state = 'waiting'"),
        sqlite_where=text("state = 'waiting'"),
    ),
    Index("ix_push_messages_driver", "driver"),
    Index("ix_push_messages_subscription", "subscription"),
)

told_of = Table(
    "told_of",
    metadata,
    # session or start, what of it, and which one: told once however often it happens.
    Column("key", Text, primary_key=True),
    instant("at", nullable=False),
    # Of a connector that is faulted: by what.
    words("detail"),
    Index("ix_told_of_at", "at"),
)

pending_notices = Table(
    "pending_notices",
    metadata,
    # A session: what it waits for is dropped when the car charges again, or is gone.
    Column("session", Text, primary_key=True),
    Column("driver", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    words("path"),
    # When the driver is to be told.
    instant("due", nullable=False),
    Index("ix_pending_notices_due", "due"),
)
