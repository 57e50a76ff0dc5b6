"""Maintenance jobs on charge points and connectors, what happened to them, and the parts that went in."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, false, true

from engine.stores.sql.columns import Exact, instant, metadata, words

maintenance_jobs = Table(
    "maintenance_jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network", Text, nullable=False),
    words("station"),
    # As registered, and in lower case: stations spell themselves as they like.
    Column("charge_point", Text, nullable=False),
    Column("folded", Text, nullable=False),
    # 0: the whole charge point, or all connectors of the EVSE.
    Column("evse", Integer, nullable=False, server_default="0"),
    Column("connector", Integer, nullable=False, server_default="0"),
    Column("title", Text, nullable=False),
    words("description"),
    Column("priority", Text, nullable=False, server_default="normal"),
    Column("state", Text, nullable=False, server_default="new"),
    # A user's id.
    words("assignee"),
    # Far in the future where there is none, so that a list can be ordered by it.
    Column("due", BigInteger, nullable=False),
    # Whether drivers are kept away while it is open.
    Column("blocking", Boolean, nullable=False, server_default=true()),
    # Whether the station was told to take it out of operation.
    Column("out_of_operation", Boolean, nullable=False, server_default=false()),
    # The alert that it came from; of each at most one job.
    Column("alert", Text, unique=True),
    # Whether a person has done anything about it.
    Column("touched", Boolean, nullable=False, server_default=false()),
    words("opened_by"),
    words("resolution"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    instant("ended"),
    Index("ix_maintenance_jobs_network_created", "network", "created"),
    Index("ix_maintenance_jobs_folded_created", "folded", "created"),
    Index("ix_maintenance_jobs_state_due", "state", "due"),
)

maintenance_notes = Table(
    "maintenance_notes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job", Text, nullable=False),
    instant("at", nullable=False),
    # note (a person's words), or what was done: opened, state, assigned, part, closed_by_itself, …
    Column("kind", Text, nullable=False),
    words("author"),
    words("author_label"),
    Column("text", Text, nullable=False),
    Index("ix_maintenance_notes_job_at", "job", "at"),
)

maintenance_parts = Table(
    "maintenance_parts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job", Text, nullable=False),
    Column("name", Text, nullable=False),
    words("number"),
    Column("quantity", Integer, nullable=False),
    # Of one of them.
    Column("cost", Exact(), nullable=True),
    words("currency"),
    instant("at", nullable=False),
    Index("ix_maintenance_parts_job_at", "job", "at"),
)

maintenance_orders = Table(
    "maintenance_orders",
    metadata,
    # The command's own id, made before it is sent: whoever goes on after a kill asks by the same one.
    Column("id", Text, primary_key=True),
    Column("job", Text, nullable=False),
    Column("charge_point", Text, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("connector", Integer, nullable=False),
    Column("operative", Boolean, nullable=False),
    # waiting, or ended with its outcome.
    Column("state", Text, nullable=False, server_default="waiting"),
    words("outcome"),
    words("detail"),
    words("requested_by"),
    instant("created", nullable=False),
    # When it may be tried (again).
    instant("due", nullable=False),
    instant("ended"),
    Index("ix_maintenance_orders_job", "job"),
    Index("ix_maintenance_orders_state_due", "state", "due"),
)
