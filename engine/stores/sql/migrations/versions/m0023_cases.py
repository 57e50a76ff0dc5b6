"""Support cases and answers that are ready; see engine/cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_WORDS = ("station", "charge_point", "session", "driver", "email", "language", "assignee", "resolution")


def upgrade() -> None:
    _cases()
    op.create_table(
        "case_messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("author_label", sa.Text(), server_default="", nullable=False),
        sa.Column("internal", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_messages")),
    )
    op.create_index("ix_case_messages_case_at", "case_messages", ["case", "at"], unique=False)
    op.create_table(
        "case_links",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case", "kind", "subject", name=op.f("pk_case_links")),
    )
    op.create_index("ix_case_links_kind_subject", "case_links", ["kind", "subject"], unique=False)
    op.create_table(
        "canned_answers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_answers")),
    )
    op.create_index("ix_canned_answers_network_title", "canned_answers", ["network", "title"], unique=False)


def _cases() -> None:
    op.create_table(
        "support_cases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), server_default="", nullable=False) for name in _WORDS),
        sa.Column("evse", sa.Integer(), server_default="0", nullable=False),
        sa.Column("connector", sa.Integer(), server_default="0", nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=False),
        sa.Column("first_answer", sa.BigInteger(), nullable=True),
        sa.Column("closed", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_support_cases_number")),
    )
    op.create_index("ix_support_cases_network_created", "support_cases", ["network", "created"], unique=False)
    op.create_index("ix_support_cases_state_waiting_since", "support_cases", ["state", "waiting_since"], unique=False)
    op.create_index("ix_support_cases_driver_created", "support_cases", ["driver", "created"], unique=False)
    op.create_index("ix_support_cases_session", "support_cases", ["session"], unique=False)
