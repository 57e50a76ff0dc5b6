"""Issuers, receipts, credit notes and the review queue.

Amounts are whole numbers of the currency's minor unit (paise, cents), so that both databases add and compare them
exactly. `receipts` and `receipt_taxes` are written and never touched again: a trigger refuses it in both databases.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from engine.stores.sql.columns import Exact, instant, metadata, words

issuers = Table(
    "issuers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network", Text, ForeignKey("networks.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    # Lines of the postal address.
    Column("address", JSON, nullable=False),
    Column("country", Text, nullable=False),
    words("region"),
    # [{"kind": "GSTIN", "number": …}]
    Column("tax_ids", JSON, nullable=False),
    # IN_GST, VAT or NONE.
    Column("tax_regime", Text, nullable=False),
    # India's HSN/SAC of what is sold; printed where it is given.
    words("service_code"),
    Column("currency", Text, nullable=False),
    # IANA: in which day and financial year a receipt is issued.
    Column("time_zone", Text, nullable=False),
    Column("year_begins", Integer, nullable=False, server_default="1"),
    Column("number_format", Text, nullable=False),
    Column("credit_format", Text, nullable=False),
    words("footer"),
    words("logo_url"),
    # How its sessions are judged.
    Column("zero_receipts", Boolean, nullable=False, server_default=false()),
    Column("tariff_wanted", Boolean, nullable=False, server_default=false()),
    Column("longest_h", Integer, nullable=False, server_default="72"),
    instant("created", nullable=False),
    instant("retired"),
    Column("version", Integer, nullable=False, server_default="1"),
    # One at a time for each network.
    Index(
        "uq_issuers_network_current",
        "network",
        unique=True,
        postgresql_where=text("retired IS NULL"),
        sqlite_where=text("retired IS NULL"),
    ),
)

number_series = Table(
    "number_series",
    metadata,
    Column("issuer", Text, ForeignKey("issuers.id"), primary_key=True),
    # receipt or credit_note
    Column("kind", Text, primary_key=True),
    # The financial year where the format names it, else "".
    Column("period", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

settlements = Table(
    "settlements",
    metadata,
    # Every settled session once, however often the journal is read.
    Column("session", Text, primary_key=True),
    Column("network", Text),
    Column("charge_point", Text, nullable=False),
    # receipt, review, free or waived
    Column("outcome", Text, nullable=False),
    # What the session's price follows from: engine/billing/facts.py.
    Column("facts", JSON, nullable=False),
    instant("ended", nullable=False),
    instant("settled", nullable=False),
    Index("ix_settlements_network_ended", "network", "ended"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("session", Text, nullable=False),
    # 0 for a session's first receipt or credit note, then counted up.
    Column("revision", Integer, nullable=False),
    Column("issuer", Text, ForeignKey("issuers.id"), nullable=False),
    Column("number", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("network", Text, nullable=False),
    words("station"),
    Column("charge_point", Text, nullable=False),
    # The driver's account. No name and no address: an account can be forgotten while the books stay.
    words("driver"),
    words("tariff"),
    Column("currency", Text, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("gross", BigInteger, nullable=False),
    Column("energy_wh", BigInteger, nullable=False),
    instant("started", nullable=False),
    instant("ended", nullable=False),
    instant("issued", nullable=False),
    # The local day of issue, YYYY-MM-DD: what bookkeeping goes by.
    Column("day", Text, nullable=False),
    # The receipt that a credit note is about, or that a corrected receipt takes the place of.
    Column("about", Text, ForeignKey("receipts.id")),
    # The credit note that came before a corrected receipt.
    Column("after", Text, ForeignKey("receipts.id")),
    words("reason"),
    words("issued_by"),
    # All that is printed, as it was said on that day: engine/billing/document.py.
    Column("document", JSON, nullable=False),
    UniqueConstraint("session", "kind", "revision", name="uq_receipts_session_kind_revision"),
    UniqueConstraint("issuer", "number", name="uq_receipts_issuer_number"),
    UniqueConstraint("issuer", "kind", "period", "sequence", name="uq_receipts_issuer_kind_period_sequence"),
    Index("ix_receipts_network_issued", "network", "issued"),
    Index("ix_receipts_driver_issued", "driver", "issued"),
    Index("ix_receipts_about", "about"),
)

receipt_taxes = Table(
    "receipt_taxes",
    metadata,
    Column("receipt", Text, ForeignKey("receipts.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("percent", Exact, nullable=False),
    Column("base", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
)

review_items = Table(
    "review_items",
    metadata,
    Column("id", Text, primary_key=True),
    # What happened, as a place in the journal or a session: a replay makes no second item of it.
    Column("key", Text, nullable=False, unique=True),
    # settled, or amended after it was billed
    Column("kind", Text, nullable=False),
    Column("network", Text),
    Column("session", Text, ForeignKey("settlements.session"), nullable=False, index=True),
    Column("charge_point", Text, nullable=False),
    # [{"doubt": …, "detail": …, "suggestion": …}]
    Column("findings", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    # The bill that follows from the facts as they stand; null where there is none.
    Column("proposed", JSON(none_as_null=True)),
    Column("currency", Text, nullable=False),
    Column("gross", BigInteger, nullable=False, server_default="0"),
    Column("state", Text, nullable=False, server_default="open"),
    instant("opened", nullable=False),
    instant("resolved"),
    words("resolved_by"),
    # billed, corrected or waived
    words("resolution"),
    words("note"),
    # {"before": facts, "after": facts} of a correction.
    Column("correction", JSON(none_as_null=True)),
    Column("receipt", Text, ForeignKey("receipts.id")),
    Column("version", Integer, nullable=False, server_default="1"),
    Index("ix_review_items_network_state_opened", "network", "state", "opened"),
)
