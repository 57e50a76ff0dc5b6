"""Accounts, roles, logins and API keys. Who had a role has it from now on as a grant in the whole installation."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# As they were when this was written; `upgrade` makes the rows of those that came later.
_BUILTIN = ("admin", "operations", "support", "finance", "analyst", "partner", "driver")


def upgrade() -> None:
    held = op.get_bind().execute(sa.text("SELECT id, role, created FROM users")).all()
    _users()
    _roles()
    _grants_and_policies()
    _logins()
    _codes_of_letters()
    _second_factors()
    _keys_and_identities()
    now = time.time_ns() // 1000
    roles = sa.table("roles", *map(sa.column, ("id", "name", "created", "updated")), sa.column("builtin", sa.Boolean))
    rows = [{"id": name, "name": name, "builtin": True, "created": now, "updated": now} for name in _BUILTIN]
    op.bulk_insert(roles, rows)
    grants = sa.table("grants", *map(sa.column, ("id", "account", "role", "created_by", "created")))
    op.bulk_insert(
        grants,
        [
            {"id": user.id, "account": user.id, "role": user.role, "created_by": "system", "created": user.created}
            for user in held
            if user.role in _BUILTIN
        ],
    )


def _users() -> None:
    # Before anything refers to it: SQLite drops the old table to make the new one.
    with op.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("kind", sa.Text(), server_default="staff", nullable=False))
        batch.add_column(sa.Column("network", sa.Text(), nullable=True))
        batch.add_column(sa.Column("email_verified", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("name", sa.Text(), server_default="", nullable=False))
        batch.add_column(sa.Column("deleted", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch.drop_constraint("uq_users_email", type_="unique")
        batch.drop_column("role")
    op.create_index("ix_users_created", "users", ["created"], unique=False)
    staff = sa.text("network IS NULL")
    op.create_index("uq_users_email_staff", "users", ["email"], unique=True, sqlite_where=staff, postgresql_where=staff)
    op.create_index("uq_users_network_email", "users", ["network", "email"], unique=True)


def _roles() -> None:
    op.create_table(
        "roles",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("permissions", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("builtin", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("totp_required", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
    )


def _grants_and_policies() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["users.id"], name=op.f("fk_grants_account_users"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role"], ["roles.id"], name=op.f("fk_grants_role_roles")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index("ix_grants_role", "grants", ["role"], unique=False)
    op.create_index(
        "uq_grants_account_role",
        "grants",
        ["account", "role"],
        unique=True,
        sqlite_where=sa.text("network IS NULL"),
        postgresql_where=sa.text("network IS NULL"),
    )
    op.create_index("uq_grants_account_role_network", "grants", ["account", "role", "network"], unique=True)
    op.create_table(
        "login_policies",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("totp_required", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network", name=op.f("pk_login_policies")),
    )


def _logins() -> None:
    op.create_table(
        "logins",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), server_default="password", nullable=False),
        sa.Column("second_factor", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("client", sa.Text(), server_default="", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["users.id"], name=op.f("fk_logins_account_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logins")),
    )
    op.create_index("ix_logins_account_created", "logins", ["account", "created"], unique=False)
    op.create_index("ix_logins_expires", "logins", ["expires"], unique=False)


def _codes_of_letters() -> None:
    op.create_table(
        "account_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"], ["users.id"], name=op.f("fk_account_tokens_account_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_account_tokens")),
    )
    op.create_index("ix_account_tokens_account", "account_tokens", ["account"], unique=False)
    op.create_index("ix_account_tokens_expires", "account_tokens", ["expires"], unique=False)
    op.create_table(
        "sign_ups",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("usable", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_ups")),
    )
    op.create_index("ix_sign_ups_expires", "sign_ups", ["expires"], unique=False)


def _second_factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed", sa.BigInteger(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["users.id"], name=op.f("fk_second_factors_account_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"], ["users.id"], name=op.f("fk_recovery_codes_account_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", "code_hash", name=op.f("pk_recovery_codes")),
    )


def _keys_and_identities() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("networks", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("last_used", sa.BigInteger(), nullable=True),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["account"], ["users.id"], name=op.f("fk_api_keys_account_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index("ix_api_keys_account", "api_keys", ["account"], unique=False)
    op.create_index("ix_api_keys_created", "api_keys", ["created"], unique=False)
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["users.id"], name=op.f("fk_identities_account_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
    )
    op.create_index("ix_identities_account", "identities", ["account"], unique=False)
    op.create_table(
        "oidc_flows",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_oidc_flows")),
    )
    op.create_index("ix_oidc_flows_expires", "oidc_flows", ["expires"], unique=False)
