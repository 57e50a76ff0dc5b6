"""Payments and what of them is open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.stores.sql.columns import Exact

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _open_items()
    _payment_webhooks()
    _payments()
    _payment_events()
    _payment_operations()
    _payment_policies()
    _append_only()


def _open_items() -> None:
    op.create_table(
        "open_items",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), server_default="", nullable=False),
        sa.Column("session", sa.Text(), server_default="", nullable=False),
        sa.Column("receipt", sa.Text(), server_default="", nullable=False),
        sa.Column("driver", sa.Text(), server_default="", nullable=False),
        sa.Column("amount", Exact(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("resolved_by", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("resolved", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_items")),
    )
    op.create_index("ix_open_items_network_created", "open_items", ["network", "created"], unique=False)
    op.create_index("ix_open_items_state", "open_items", ["state"], unique=False)
    op.create_index("uq_open_items_kind_subject", "open_items", ["kind", "subject"], unique=True)


def _payment_webhooks() -> None:
    op.create_table(
        "payment_webhooks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_webhooks")),
    )
    op.create_index("ix_payment_webhooks_received", "payment_webhooks", ["received"], unique=False)


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("start", sa.Text(), server_default="", nullable=False),
        sa.Column("session", sa.Text(), server_default="", nullable=False),
        sa.Column("driver", sa.Text(), server_default="", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("wanted", Exact(), nullable=False),
        sa.Column("authorised", Exact(), server_default="0", nullable=False),
        sa.Column("captured", Exact(), server_default="0", nullable=False),
        sa.Column("refunded", Exact(), server_default="0", nullable=False),
        sa.Column("receipt", sa.Text(), server_default="", nullable=False),
        sa.Column("due", Exact(), nullable=True),
        sa.Column("released", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("raise_refused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("action_url", sa.Text(), server_default="", nullable=False),
        sa.Column("return_url", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("look_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index("ix_payments_look_at", "payments", ["look_at"], unique=False)
    op.create_index("ix_payments_network_created", "payments", ["network", "created"], unique=False)
    op.create_index("ix_payments_reference", "payments", ["reference"], unique=False)
    op.create_index("ix_payments_session", "payments", ["session"], unique=False)
    op.create_index("ix_payments_state", "payments", ["state"], unique=False)


def _payment_events() -> None:
    op.create_table(
        "payment_events",
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["payment"], ["payments.id"], name=op.f("fk_payment_events_payment_payments")),
        sa.PrimaryKeyConstraint("payment", "number", name=op.f("pk_payment_events")),
    )


def _payment_operations() -> None:
    op.create_table(
        "payment_operations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", Exact(), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("holds", sa.Text(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["payment"], ["payments.id"], name=op.f("fk_payment_operations_payment_payments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_operations")),
        sa.UniqueConstraint("holds", name=op.f("uq_payment_operations_holds")),
    )
    op.create_index("ix_payment_operations_payment_created", "payment_operations", ["payment", "created"], unique=False)
    op.create_index(
        "ix_payment_operations_state_not_before", "payment_operations", ["state", "not_before"], unique=False
    )


def _payment_policies() -> None:
    op.create_table(
        "payment_policies",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("required", sa.Text(), server_default="ad_hoc", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("hold", Exact(), nullable=False),
        sa.Column("step", Exact(), nullable=False),
        sa.Column("ceiling", Exact(), nullable=False),
        sa.Column("stop_at_limit", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("pay_within_s", sa.Integer(), nullable=False),
        sa.Column("plug_in_within_s", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["network"], ["networks.id"], name=op.f("fk_payment_policies_network_networks")),
        sa.PrimaryKeyConstraint("network", name=op.f("pk_payment_policies")),
    )


def _append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER payment_events_no_{verb.lower()} BEFORE {verb} ON payment_events "
                "BEGIN SELECT RAISE(ABORT, 'payment events are append-only'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION payment_events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'payment events are append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER payment_events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION payment_events_are_append_only()"
        )
