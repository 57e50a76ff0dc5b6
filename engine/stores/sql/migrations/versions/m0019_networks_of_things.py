"""Campaigns and firmware images belong to a network, or (null) to the whole installation; audit by actor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN in both databases: a table that is made anew would take its targets with it in SQLite.
    op.add_column("campaigns", sa.Column("network", sa.Text(), nullable=True))
    op.add_column("firmware_images", sa.Column("network", sa.Text(), nullable=True))
    op.create_index("ix_audit_log_actor_at", "audit_log", ["actor", "at"], unique=False)
