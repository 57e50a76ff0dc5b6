"""Networks, stations, charge points and connectors as an operator describes them, and the inbox.

Charge points that are there already have been serving drivers: they are live, or retired.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _networks()
    _stations()
    _charge_points()
    _tags()
    _connectors()
    _inbox()


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _version() -> sa.Column[int]:
    return sa.Column("version", sa.Integer(), server_default="1", nullable=False)


def _networks() -> None:
    for column in (
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        _words("country"),
        _words("region"),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("contact", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("accepts_automatically", sa.Boolean(), server_default=sa.false(), nullable=False),
        _words("arrival_station"),
        sa.Column("updated", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("retired", sa.BigInteger(), nullable=True),
        _version(),
    ):
        op.add_column("networks", column)


def _stations() -> None:
    for name in ("street", "postal_code", "city", "region", "country", "time_zone", "parking", "access", "notes"):
        op.add_column("stations", _words(name))
    for column in (
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("hours", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("photos", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("public", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("updated", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("retired", sa.BigInteger(), nullable=True),
        _version(),
    ):
        op.add_column("stations", column)
    op.create_index("ix_stations_latitude_longitude", "stations", ["latitude", "longitude"], unique=False)


def _charge_points() -> None:
    op.add_column("charge_points", _words("notes"))
    op.add_column("charge_points", sa.Column("commissioning", sa.Text(), server_default="live", nullable=False))
    op.add_column("charge_points", _version())
    op.execute("UPDATE charge_points SET commissioning = 'retired' WHERE retired IS NOT NULL")


def _tags() -> None:
    for table, column, whose in (
        ("station_tags", "station", "stations"),
        ("charge_point_tags", "charge_point", "charge_points"),
    ):
        op.create_table(
            table,
            sa.Column(column, sa.Text(), nullable=False),
            sa.Column("tag", sa.Text(), nullable=False),
            sa.ForeignKeyConstraint(
                [column], [f"{whose}.id"], name=op.f(f"fk_{table}_{column}_{whose}"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint(column, "tag", name=op.f(f"pk_{table}")),
        )
        op.create_index(f"ix_{table}_tag", table, ["tag"], unique=False)


def _connectors() -> None:
    op.create_table(
        "connector_descriptions",
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("evse", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("connector", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("power_type", sa.Text(), nullable=False),
        sa.Column("max_voltage_v", sa.Integer(), nullable=True),
        sa.Column("max_amperage_a", sa.Integer(), nullable=True),
        sa.Column("max_power_w", sa.Integer(), nullable=True),
        _words("label"),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        _version(),
        sa.ForeignKeyConstraint(
            ["charge_point"],
            ["charge_points.id"],
            name=op.f("fk_connector_descriptions_charge_point_charge_points"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("charge_point", "evse", "connector", name=op.f("pk_connector_descriptions")),
        sa.UniqueConstraint("code", name=op.f("uq_connector_descriptions_code")),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        _words("address"),
        _words("subprotocols"),
        sa.Column("credentials", sa.Text(), server_default="none", nullable=False),
        sa.Column("knocks", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("dismissed", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("folded", name=op.f("uq_inbox_folded")),
    )
    op.create_index("ix_inbox_last_seen", "inbox", ["last_seen"], unique=False)
    op.create_index("ix_inbox_address", "inbox", ["address"], unique=False)
