"""Payments and what of them is open. No card data, ever: only the provider's references, amounts and states."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, false, true

from engine.stores.sql.columns import Exact, instant, metadata, words

payments = Table(
    "payments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    words("start"),
    words("session"),
    words("driver"),
    Column("currency", Text, nullable=False),
    # What is to be held first, and what it is to be raised to.
    Column("wanted", Exact, nullable=False),
    Column("authorised", Exact, nullable=False, server_default="0"),
    Column("captured", Exact, nullable=False, server_default="0"),
    Column("refunded", Exact, nullable=False, server_default="0"),
    # The receipt and its gross amount, from the moment that there is one; captures are made of nothing else.
    words("receipt"),
    Column("due", Exact),
    # Nothing will be charged: what is held goes back.
    Column("released", Boolean, nullable=False, server_default=false()),
    Column("raise_refused", Boolean, nullable=False, server_default=false()),
    Column("state", Text, nullable=False),
    words("reason"),
    words("provider"),
    words("reference"),
    words("action_url"),
    words("return_url"),
    words("description"),
    # The provider's own count of changes, by which an older word of it is known.
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    Column("look_at", BigInteger),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Index("ix_payments_network_created", "network", "created"),
    Index("ix_payments_state", "state"),
    Index("ix_payments_session", "session"),
    Index("ix_payments_reference", "reference"),
    Index("ix_payments_look_at", "look_at"),
)

payment_operations = Table(
    "payment_operations",
    metadata,
    # The key by which the provider is asked, again and again if need be: written before the first call.
    Column("id", Text, primary_key=True),
    Column("payment", Text, ForeignKey("payments.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount", Exact, nullable=False),
    # What it is made of: a receipt, a credit note, a person's request.
    words("cause"),
    # queued, asked, done, refused
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    words("reason"),
    # The payment's id while this one is asked: at most one operation of a payment is.
    Column("holds", Text, unique=True),
    instant("created", nullable=False),
    instant("ended"),
    Index("ix_payment_operations_payment_created", "payment", "created"),
    Index("ix_payment_operations_state_not_before", "state", "not_before"),
)

payment_events = Table(
    "payment_events",
    metadata,
    Column("payment", Text, ForeignKey("payments.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    instant("at", nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", JSON, nullable=False),
)

payment_webhooks = Table(
    "payment_webhooks",
    metadata,
    # Those that were taken, so that none counts twice; kept as long as their signature could be believed.
    Column("id", Text, primary_key=True),
    instant("received", nullable=False),
    Index("ix_payment_webhooks_received", "received"),
)

open_items = Table(
    "open_items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # What it is about; one open item of a kind for each subject.
    Column("subject", Text, nullable=False),
    words("payment"),
    words("session"),
    words("receipt"),
    words("driver"),
    Column("amount", Exact, nullable=False),
    Column("currency", Text, nullable=False),
    words("detail"),
    Column("state", Text, nullable=False),
    words("resolution"),
    words("note"),
    words("resolved_by"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("resolved"),
    Index("ix_open_items_network_created", "network", "created"),
    Index("ix_open_items_state", "state"),
    Index("uq_open_items_kind_subject", "kind", "subject", unique=True),
)

payment_policies = Table(
    "payment_policies",
    metadata,
    Column("network", Text, ForeignKey("networks.id"), primary_key=True),
    # Who pays before a session: nobody, ad_hoc, all.
    Column("required", Text, nullable=False, server_default="ad_hoc"),
    Column("currency", Text, nullable=False),
    # Held at first, raised by, and never above.
    Column("hold", Exact, nullable=False),
    Column("step", Exact, nullable=False),
    Column("ceiling", Exact, nullable=False),
    Column("stop_at_limit", Boolean, nullable=False, server_default=true()),
    Column("pay_within_s", Integer, nullable=False),
    Column("plug_in_within_s", Integer, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("updated", nullable=False),
)
