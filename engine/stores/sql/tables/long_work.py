"""Work that takes longer than a request, with its progress; see engine/long_work."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, Table, Text

from engine.stores.sql.columns import instant, metadata, words

long_work = Table(
    "long_work",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    # Whose it is: nobody else sees it, whatever they may do.
    Column("account", Text, nullable=False),
    # Where it works: names of networks, null for the whole installation.
    Column("networks", JSON),
    # What was asked for, in the words of its kind.
    Column("wish", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger),
    Column("result", JSON),
    words("error"),
    # The file that it made, by its id in the folder of files.
    words("file"),
    words("file_name"),
    Column("size", BigInteger, nullable=False, server_default="0"),
    words("sha256"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    # While somebody works at it: until when they have it without a further sign of life.
    instant("held_until", nullable=False),
    instant("ended"),
    # When it is forgotten, file and all.
    instant("expires"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Index("ix_long_work_account_created", "account", "created"),
    Index("ix_long_work_state_held_until", "state", "held_until"),
)
