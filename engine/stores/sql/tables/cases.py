"""Support cases: what drivers ask, what is answered, what belongs to it, and answers that are ready."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, false

from engine.stores.sql.columns import instant, metadata, words

support_cases = Table(
    "support_cases",
    metadata,
    Column("id", Text, primary_key=True),
    # How people call it on the telephone.
    Column("number", Text, nullable=False, unique=True),
    Column("network", Text, nullable=False),
    words("station"),
    words("charge_point"),
    Column("evse", Integer, nullable=False, server_default="0"),
    Column("connector", Integer, nullable=False, server_default="0"),
    words("session"),
    # "" for somebody without an account, of whom there is an address only.
    words("driver"),
    words("email"),
    words("language"),
    Column("category", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    words("assignee"),
    words("resolution"),
    # Since when somebody waits for support; since when it is with the driver or closed, else.
    instant("waiting_since", nullable=False),
    instant("first_answer"),
    instant("closed"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Index("ix_support_cases_network_created", "network", "created"),
    Index("ix_support_cases_state_waiting_since", "state", "waiting_since"),
    Index("ix_support_cases_driver_created", "driver", "created"),
    Index("ix_support_cases_session", "session"),
)

case_messages = Table(
    "case_messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case", Text, nullable=False),
    instant("at", nullable=False),
    # driver, support, or system: what was done.
    Column("side", Text, nullable=False),
    words("author"),
    words("author_label"),
    # For support alone; never shown to the driver.
    Column("internal", Boolean, nullable=False, server_default=false()),
    Column("text", Text, nullable=False),
    Index("ix_case_messages_case_at", "case", "at"),
)

case_links = Table(
    "case_links",
    metadata,
    Column("case", Text, primary_key=True),
    # command, payment, receipt, session, alert, maintenance_job
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    words("author"),
    instant("at", nullable=False),
    Index("ix_case_links_kind_subject", "kind", "subject"),
)

canned_answers = Table(
    "canned_answers",
    metadata,
    Column("id", Text, primary_key=True),
    # Null: every network's.
    Column("network", Text),
    Column("language", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Index("ix_canned_answers_network_title", "network", "title"),
)
