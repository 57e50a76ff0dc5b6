"""Tokens of networks, their groups and limits; drivers.

A token's name was unique in the installation; now it is in its network, or in the installation for those of network "".
Those that there are belong to the network `default`, may have any number of sessions at once and owe without limit.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_EXACT = sa.Numeric().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    # Neither database can swap a primary key under a table; names of constraints would collide while both are there.
    op.execute("CREATE TABLE tokens_before AS SELECT * FROM tokens")
    op.drop_table("tokens")
    _tokens()
    op.execute(
        "INSERT INTO tokens (network, folded, id_token, kind, status, expires, group_id, group_folded, label, created, "
        "updated) SELECT 'default', folded, id_token, kind, status, expires, group_id, lower(group_id), note, created, "
        "updated FROM tokens_before"
    )
    op.drop_table("tokens_before")
    _groups()
    _drivers()
    _vehicles()
    _holders()
    _debtors()
    # Sessions are looked up by a driver's tokens, which stations write in any case.
    op.create_index("ix_sessions_id_token_folded", "sessions", [sa.text("lower(id_token)")])
    still = sa.text("stopped IS NULL")
    op.create_index("ix_sessions_open", "sessions", ["updated"], sqlite_where=still, postgresql_where=still)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _instant(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _limits() -> tuple[sa.Column[int], sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("max_sessions", sa.Integer(), nullable=True),
        sa.Column("credit_limit", _EXACT, nullable=True),
        sa.Column("credit_used", _EXACT, server_default="0", nullable=False),
    )


def _versioned() -> tuple[sa.Column[int], ...]:
    return (
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        _instant("created", nullable=False),
        _instant("updated", nullable=False),
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        _words("network"),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("id_token", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="RFID", nullable=False),
        sa.Column("status", sa.Text(), server_default="Accepted", nullable=False),
        _words("block_reason"),
        _instant("valid_from"),
        _instant("expires"),
        _words("group_id"),
        _words("group_folded"),
        *_limits(),
        sa.Column("driver", sa.Text(), nullable=True),
        _words("label"),
        _words("visual_number"),
        _words("language"),
        _words("issuer"),
        _words("contract_id"),
        _words("claim_digest"),
        sa.Column("claim_tries", sa.Integer(), server_default="0", nullable=False),
        *_versioned(),
        sa.PrimaryKeyConstraint("network", "folded", name=op.f("pk_tokens")),
    )
    op.create_index("ix_tokens_driver", "tokens", ["driver"])
    op.create_index("ix_tokens_group", "tokens", ["network", "group_folded"])
    op.create_index("ix_tokens_updated", "tokens", ["updated"])


def _groups() -> None:
    op.create_table(
        "token_groups",
        _words("network"),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        _words("name"),
        _words("parent"),
        sa.Column("status", sa.Text(), server_default="Accepted", nullable=False),
        _words("block_reason"),
        *_limits(),
        *_versioned(),
        sa.PrimaryKeyConstraint("network", "folded", name=op.f("pk_token_groups")),
    )


def _drivers() -> None:
    op.create_table(
        "drivers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        *(_words(name) for name in ("name", "email", "phone", "phone_digits", "language")),
        sa.Column("address", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("notify", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("credit_limit", _EXACT, nullable=True),
        sa.Column("credit_used", _EXACT, server_default="0", nullable=False),
        _instant("erased"),
        *_versioned(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drivers")),
        sa.UniqueConstraint("account", name=op.f("uq_drivers_account")),
    )
    op.create_index("ix_drivers_network_created", "drivers", ["network", "created"])
    op.create_index("ix_drivers_email", "drivers", ["email"])
    op.create_index("ix_drivers_phone_digits", "drivers", ["phone_digits"])


def _vehicles() -> None:
    op.create_table(
        "vehicles",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        *(_words(name) for name in ("plate", "plate_folded", "make", "model")),
        sa.Column("connector_types", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("battery_kwh", _EXACT, nullable=True),
        *(_words(name) for name in ("ev_mac", "contract_id")),
        *_versioned(),
        sa.ForeignKeyConstraint(
            ["driver"], ["drivers.id"], name=op.f("fk_vehicles_driver_drivers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicles")),
    )
    op.create_index("ix_vehicles_driver", "vehicles", ["driver"])
    op.create_index("ix_vehicles_plate_folded", "vehicles", ["plate_folded"])


def _holders() -> None:
    op.create_table(
        "token_holders",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        _instant("until"),
        sa.PrimaryKeyConstraint("network", "folded", "since", name=op.f("pk_token_holders")),
    )
    op.create_index("ix_token_holders_driver", "token_holders", ["driver"])


def _debtors() -> None:
    op.create_table(
        "session_debtors",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        _instant("began", nullable=False),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_session_debtors")),
    )
    op.create_index("ix_session_debtors_folded", "session_debtors", ["folded"])
