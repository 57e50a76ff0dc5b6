"""The foundation: registry, sessions, commands, positions and dead letters."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_EXACT = sa.Numeric().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    _places()
    _charge_points()
    _credential_proofs()
    _people()
    _reported()
    _sessions()
    _bookkeeping()
    _defaults()


def _places() -> None:
    op.create_table(
        "networks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_networks")),
    )
    op.create_table(
        "stations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("network_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name=op.f("fk_stations_network_id_networks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stations")),
    )
    op.create_index(op.f("ix_stations_network_id"), "stations", ["network_id"], unique=False)


def _charge_points() -> None:
    op.create_table(
        "charge_points",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("isolation", sa.Text(), server_default="shared", nullable=False),
        sa.Column("auth", sa.Text(), server_default="none", nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("secret_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("retired", sa.BigInteger(), nullable=True),
        sa.Column("vendor", sa.Text(), server_default="", nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("serial", sa.Text(), server_default="", nullable=False),
        sa.Column("firmware", sa.Text(), server_default="", nullable=False),
        sa.Column("iccid", sa.Text(), server_default="", nullable=False),
        sa.Column("imsi", sa.Text(), server_default="", nullable=False),
        sa.Column("meter_type", sa.Text(), server_default="", nullable=False),
        sa.Column("meter_serial", sa.Text(), server_default="", nullable=False),
        sa.Column("boot_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("boot_status", sa.Text(), server_default="", nullable=False),
        sa.Column("booted", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_charge_points_station_id_stations")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge_points")),
        sa.UniqueConstraint("folded", name=op.f("uq_charge_points_folded")),
    )
    op.create_index(op.f("ix_charge_points_station_id"), "charge_points", ["station_id"], unique=False)


def _credential_proofs() -> None:
    op.create_table(
        "credential_proofs",
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("secret_version", sa.Integer(), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["charge_point"],
            ["charge_points.id"],
            name=op.f("fk_credential_proofs_charge_point_charge_points"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("charge_point", "key_id", name=op.f("pk_credential_proofs")),
    )


def _people() -> None:
    op.create_table(
        "tokens",
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("id_token", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="RFID", nullable=False),
        sa.Column("status", sa.Text(), server_default="Accepted", nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("folded", name=op.f("pk_tokens")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )


def _reported() -> None:
    op.create_table(
        "connectors",
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("connector", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("info", sa.Text(), server_default="", nullable=False),
        sa.Column("vendor", sa.Text(), server_default="", nullable=False),
        sa.Column("vendor_error", sa.Text(), server_default="", nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("believed", sa.BigInteger(), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("charge_point", "evse", "connector", name=op.f("pk_connectors")),
    )
    op.create_table(
        "commands",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_by", sa.Text(), server_default="", nullable=False),
        sa.Column("requested", sa.BigInteger(), nullable=True),
        sa.Column("sent", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("deadline", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error_code", sa.Text(), server_default="", nullable=False),
        sa.Column("error_description", sa.Text(), server_default="", nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
    )
    op.create_index("ix_commands_charge_point_requested", "commands", ["charge_point", "requested"], unique=False)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), server_default="0", nullable=False),
        sa.Column("connector", sa.Integer(), server_default="0", nullable=False),
        sa.Column("transaction_id", sa.Text(), server_default="", nullable=False),
        sa.Column("id_token", sa.Text(), server_default="", nullable=False),
        sa.Column("stop_id_token", sa.Text(), server_default="", nullable=False),
        sa.Column("authorisation", sa.Text(), server_default="", nullable=False),
        sa.Column("command", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=True),
        sa.Column("stopped", sa.BigInteger(), nullable=True),
        sa.Column("started_said", sa.Text(), nullable=True),
        sa.Column("stopped_said", sa.Text(), nullable=True),
        sa.Column("meter_start_wh", _EXACT, nullable=True),
        sa.Column("meter_stop_wh", _EXACT, nullable=True),
        sa.Column("energy_wh", _EXACT, nullable=True),
        sa.Column("duration_s", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("doubts", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_charge_point_started", "sessions", ["charge_point", "started"], unique=False)
    op.create_index("ix_sessions_id_token", "sessions", ["id_token"], unique=False)
    op.create_index("ix_sessions_started", "sessions", ["started"], unique=False)


def _bookkeeping() -> None:
    op.create_table(
        "positions",
        sa.Column("projection", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("projection", "partition", name=op.f("pk_positions")),
    )
    op.create_table(
        "dead_letters",
        sa.Column("projection", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("projection", "partition", "entry", "channel", "index", name=op.f("pk_dead_letters")),
    )


def _defaults() -> None:
    """One network and one station, so that a charge point always stands somewhere."""
    now = time.time_ns() // 1000
    op.execute(
        sa.text("INSERT INTO networks (id, name, created) VALUES ('default', 'Default network', :now)").bindparams(
            now=now
        )
    )
    op.execute(
        sa.text(
            "INSERT INTO stations (id, network_id, name, created) "
            "VALUES ('default', 'default', 'Default station', :now)"
        ).bindparams(now=now)
    )
