"""Tariffs, their versions and what they are assigned to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _tariffs()
    _versions()
    _assignments()


def _tariffs() -> None:
    op.create_table(
        "tariffs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("network_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name=op.f("fk_tariffs_network_id_networks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariffs")),
    )
    op.create_index("ix_tariffs_network_id_created", "tariffs", ["network_id", "created"], unique=False)


def _versions() -> None:
    op.create_table(
        "tariff_versions",
        sa.Column("tariff", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tariff"], ["tariffs.id"], name=op.f("fk_tariff_versions_tariff_tariffs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tariff", "number", name=op.f("pk_tariff_versions")),
    )


def _assignments() -> None:
    op.create_table(
        "tariff_assignments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tariff", sa.Text(), nullable=False),
        sa.Column("network_id", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), server_default="", nullable=False),
        sa.Column("charge_point", sa.Text(), server_default="", nullable=False),
        sa.Column("evse", sa.Integer(), server_default="0", nullable=False),
        sa.Column("connector", sa.Integer(), server_default="0", nullable=False),
        sa.Column("token_group", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tariff"], ["tariffs.id"], name=op.f("fk_tariff_assignments_tariff_tariffs")),
        sa.ForeignKeyConstraint(
            ["network_id"], ["networks.id"], name=op.f("fk_tariff_assignments_network_id_networks")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_assignments")),
    )
    op.create_index("ix_tariff_assignments_tariff", "tariff_assignments", ["tariff"], unique=False)
    op.create_index("ix_tariff_assignments_network_id", "tariff_assignments", ["network_id"], unique=False)
