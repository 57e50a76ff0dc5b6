"""Issuers, receipts, credit notes and the review queue; the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.stores.sql.columns import Exact

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


APPEND_ONLY = ("receipts", "receipt_taxes")


def upgrade() -> None:
    _outbox()
    _issuers()
    _number_series()
    _settlements()
    _receipts()
    _receipt_taxes()
    _review_items()
    _refuse_changes()
    # What was written before this release holds no settled session, and may have left the archive already.
    op.execute(
        "INSERT INTO positions (projection, partition, position) "
        "SELECT 'billing', partition, position FROM positions WHERE projection = 'ledger'"
    )


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'receipts are append-only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION receipts_are_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'receipts are append-only'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION receipts_are_append_only()"
        )


def _issuers() -> None:
    op.create_table(
        "issuers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), server_default="", nullable=False),
        sa.Column("tax_ids", sa.JSON(), nullable=False),
        sa.Column("tax_regime", sa.Text(), nullable=False),
        sa.Column("service_code", sa.Text(), server_default="", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("year_begins", sa.Integer(), server_default="1", nullable=False),
        sa.Column("number_format", sa.Text(), nullable=False),
        sa.Column("credit_format", sa.Text(), nullable=False),
        sa.Column("footer", sa.Text(), server_default="", nullable=False),
        sa.Column("logo_url", sa.Text(), server_default="", nullable=False),
        sa.Column("zero_receipts", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tariff_wanted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("longest_h", sa.Integer(), server_default="72", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("retired", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["network"], ["networks.id"], name=op.f("fk_issuers_network_networks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuers")),
    )
    op.create_index(op.f("ix_issuers_network"), "issuers", ["network"])
    op.create_index(
        "uq_issuers_network_current",
        "issuers",
        ["network"],
        unique=True,
        postgresql_where=sa.text("retired IS NULL"),
        sqlite_where=sa.text("retired IS NULL"),
    )


def _number_series() -> None:
    op.create_table(
        "number_series",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"], name=op.f("fk_number_series_issuer_issuers")),
        sa.PrimaryKeyConstraint("issuer", "kind", "period", name=op.f("pk_number_series")),
    )


def _settlements() -> None:
    op.create_table(
        "settlements",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_settlements")),
    )
    op.create_index("ix_settlements_network_ended", "settlements", ["network", "ended"])


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), server_default="", nullable=False),
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("driver", sa.Text(), server_default="", nullable=False),
        sa.Column("tariff", sa.Text(), server_default="", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("issued_by", sa.Text(), server_default="", nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["about"], ["receipts.id"], name=op.f("fk_receipts_about_receipts")),
        sa.ForeignKeyConstraint(["after"], ["receipts.id"], name=op.f("fk_receipts_after_receipts")),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.id"], name=op.f("fk_receipts_issuer_issuers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("issuer", "kind", "period", "sequence", name="uq_receipts_issuer_kind_period_sequence"),
        sa.UniqueConstraint("issuer", "number", name="uq_receipts_issuer_number"),
        sa.UniqueConstraint("session", "kind", "revision", name="uq_receipts_session_kind_revision"),
    )
    op.create_index("ix_receipts_about", "receipts", ["about"])
    op.create_index("ix_receipts_driver_issued", "receipts", ["driver", "issued"])
    op.create_index("ix_receipts_network_issued", "receipts", ["network", "issued"])


def _receipt_taxes() -> None:
    op.create_table(
        "receipt_taxes",
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("percent", Exact(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["receipt"], ["receipts.id"], name=op.f("fk_receipt_taxes_receipt_receipts")),
        sa.PrimaryKeyConstraint("receipt", "position", name=op.f("pk_receipt_taxes")),
    )


def _review_items() -> None:
    op.create_table(
        "review_items",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("proposed", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("gross", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("resolved", sa.BigInteger(), nullable=True),
        sa.Column("resolved_by", sa.Text(), server_default="", nullable=False),
        sa.Column("resolution", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("correction", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["receipt"], ["receipts.id"], name=op.f("fk_review_items_receipt_receipts")),
        sa.ForeignKeyConstraint(["session"], ["settlements.session"], name=op.f("fk_review_items_session_settlements")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_items")),
        sa.UniqueConstraint("key", name=op.f("uq_review_items_key")),
    )
    op.create_index("ix_review_items_network_state_opened", "review_items", ["network", "state", "opened"])
    op.create_index(op.f("ix_review_items_session"), "review_items", ["session"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.Column("secret", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_outbox_due", "outbox", ["due"], postgresql_where=waiting, sqlite_where=waiting)
    op.create_index("ix_outbox_created", "outbox", ["created"])
    op.create_index("ix_outbox_recipient", "outbox", ["recipient"])
