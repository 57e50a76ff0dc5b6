"""Letters to people on their way out, put there in the transaction of what they tell about."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, Table, Text, false, text

from engine.stores.sql.columns import instant, metadata, words

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    # The same key is put once only: what may be said twice by a caller who was killed.
    Column("key", Text, nullable=False, unique=True),
    Column("network", Text),
    Column("kind", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    words("language"),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("html", Text),
    # [{"kind": …, "id": …, "name": …}]: made when the letter leaves.
    Column("attachments", JSON, nullable=False),
    # Whether the text opens something (a link to reset a password): wiped as soon as it is of no more use.
    Column("secret", Boolean, nullable=False, server_default=false()),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    words("error"),
    instant("created", nullable=False),
    # When it may be tried (again). While one worker has it, that worker's time runs until then.
    instant("due", nullable=False),
    # After this it is of no use and dies unsent.
    instant("expires"),
    instant("ended"),
    Column("version", Integer, nullable=False, server_default="1"),
    Index("ix_outbox_due", "due", postgresql_where=text("state = 'waiting'"), sqlite_where=text("state = 'waiting'")),
    Index("ix_outbox_created", "created"),
    Index("ix_outbox_recipient", "recipient"),
)
