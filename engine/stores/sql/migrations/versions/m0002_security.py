"""Security profiles, secrets that wait for their station, and the certificates that our authority has signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _profiles()
    _pending_secrets()
    _certificates()


def _profiles() -> None:
    # Column by column: a rebuilt table would take the proofs that refer to it along.
    op.add_column("charge_points", sa.Column("security_profile", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE charge_points SET security_profile = 1 WHERE auth = 'basic'")
    op.drop_column("charge_points", "auth")
    op.add_column("charge_points", sa.Column("certificate_name", sa.Text()))
    op.create_index(op.f("uq_charge_points_certificate_name"), "charge_points", ["certificate_name"], unique=True)


def _pending_secrets() -> None:
    op.create_table(
        "pending_secrets",
        sa.Column("charge_point", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("charge_point", "command", name=op.f("pk_pending_secrets")),
        sa.ForeignKeyConstraint(
            ["charge_point"],
            ["charge_points.id"],
            name=op.f("fk_pending_secrets_charge_point_charge_points"),
            ondelete="CASCADE",
        ),
    )


def _certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("serial_number", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("charge_point", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger()),
        sa.Column("revocation_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("serial_number", name=op.f("pk_certificates")),
    )
    op.create_index("ix_certificates_charge_point", "certificates", ["charge_point"])
    op.create_index("ix_certificates_revoked", "certificates", ["revoked"])
