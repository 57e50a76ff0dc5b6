"""Starts of charging, from the request to their one end."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, false

from engine.stores.sql.columns import instant, metadata, words

starts = Table(
    "starts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network", Text, nullable=False),
    # app or ad_hoc
    Column("kind", Text, nullable=False),
    words("driver"),
    Column("id_token", Text, nullable=False),
    words("token_kind"),
    Column("charge_point", Text, nullable=False),
    Column("evse", Integer, nullable=False),
    Column("connector", Integer, nullable=False),
    words("payment"),
    Column("state", Text, nullable=False),
    # Its one end, and what is behind it for those who look into it.
    words("ended_as"),
    words("detail"),
    # Made and written before it is sent, so that whoever goes on asks by the same id.
    words("command"),
    Column("number", BigInteger, nullable=False, server_default="0"),
    words("outcome"),
    words("session"),
    # A session that this start's command led to after its end: it is stopped, and what it cost is an open item.
    words("late_session"),
    Column("late_settled", Boolean, nullable=False, server_default=false()),
    Column("cancelled", Boolean, nullable=False, server_default=false()),
    # The session is to be stopped, why, and by which command that was last asked.
    words("stop_because"),
    words("stop_command"),
    Column("stop_not_before", BigInteger, nullable=False, server_default="0"),
    # The connector, as long as this start has it to itself.
    Column("holds", Text, unique=True),
    # Who follows it without an account; what the caller calls the request.
    Column("secret_hash", Text, unique=True),
    Column("request_key", Text, unique=True),
    instant("pay_by"),
    instant("plug_in_by"),
    Column("plug_in_within_s", Integer, nullable=False),
    Column("look_at", BigInteger),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("ended"),
    instant("updated", nullable=False),
    Index("ix_starts_network_created", "network", "created"),
    Index("ix_starts_driver_created", "driver", "created"),
    Index("ix_starts_look_at", "look_at"),
    Index("ix_starts_command", "command"),
    Index("ix_starts_session", "session"),
)
