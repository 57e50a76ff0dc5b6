"""Accounts, roles, logins and API keys.

Secrets are here as hashes only, but for the TOTP secret, which has to be computed with: it is encrypted with the
installation's key.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
    text,
)

from engine.stores.sql.columns import instant, metadata, words


def _account(primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(
        "account", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=primary_key, nullable=nullable
    )


users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    # "staff" or "driver".
    Column("kind", Text, nullable=False, server_default="staff"),
    # A driver's: the operator whose customer they are. Staff belong to none, they have grants.
    Column("network", Text),
    # In lower case. Somebody may be a driver with two operators, and neither learns of the other.
    Column("email", Text, nullable=False),
    instant("email_verified"),
    words("name"),
    # "": none, so that no password fits (invited, or comes by OpenID Connect).
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False, server_default=false()),
    # Anonymised: the row stays for the books, without anything that tells who it was.
    instant("deleted"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Index(
        "uq_users_email_staff",
        "email",
        unique=True,
        sqlite_where=text("network IS NULL"),
        postgresql_where=text("network IS NULL"),
    ),
    Index("uq_users_network_email", "network", "email", unique=True),
    Index("ix_users_created", "created"),
)

roles = Table(
    "roles",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    words("description"),
    # Of a role that the operator has made; those of built-in ones come from engine/access/roles.py.
    Column("permissions", JSON, nullable=False, server_default=text("'[]'")),
    Column("builtin", Boolean, nullable=False, server_default=false()),
    # Whose role it is; null: it may be granted anywhere.
    Column("network", Text),
    # Who has this role must show a second factor.
    Column("totp_required", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    _account(),
    Column("role", Text, ForeignKey("roles.id"), nullable=False),
    # Null: in the whole installation.
    Column("network", Text),
    words("created_by"),
    instant("created", nullable=False),
    Index("ix_grants_role", "role"),
    Index(
        "uq_grants_account_role",
        "account",
        "role",
        unique=True,
        sqlite_where=text("network IS NULL"),
        postgresql_where=text("network IS NULL"),
    ),
    Index("uq_grants_account_role_network", "account", "role", "network", unique=True),
)

login_policies = Table(
    "login_policies",
    metadata,
    # Whoever has a role in this network; "*": everybody of the installation who is not a driver.
    Column("network", Text, primary_key=True),
    Column("totp_required", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("updated", nullable=False),
)

logins = Table(
    "logins",
    metadata,
    Column("id", Text, primary_key=True),
    _account(),
    # "password" or "oidc".
    Column("method", Text, nullable=False, server_default="password"),
    # Whether a second factor was shown.
    Column("second_factor", Boolean, nullable=False, server_default=false()),
    words("address"),
    words("client"),
    instant("created", nullable=False),
    instant("expires", nullable=False),
    instant("revoked"),
    Index("ix_logins_account_created", "account", "created"),
    Index("ix_logins_expires", "expires"),
)

account_tokens = Table(
    "account_tokens",
    metadata,
    # What is sent by e-mail, as a keyed hash.
    Column("token_hash", LargeBinary, primary_key=True),
    # "invitation" or "password".
    Column("purpose", Text, nullable=False),
    # Null: nobody has that address, and the answer was the same.
    _account(nullable=True),
    instant("created", nullable=False),
    instant("expires", nullable=False),
    instant("used"),
    Index("ix_account_tokens_account", "account"),
    Index("ix_account_tokens_expires", "expires"),
)

sign_ups = Table(
    "sign_ups",
    metadata,
    # Drivers who have not confirmed their address yet. No account is made before: an address cannot be squatted.
    Column("token_hash", LargeBinary, primary_key=True),
    Column("network", Text, nullable=False),
    Column("email", Text, nullable=False),
    words("name"),
    Column("password_hash", Text, nullable=False),
    # False: the address has an account already, and its owner was told so instead of being given the token.
    Column("usable", Boolean, nullable=False),
    instant("created", nullable=False),
    instant("expires", nullable=False),
    Index("ix_sign_ups_expires", "expires"),
)

second_factors = Table(
    "second_factors",
    metadata,
    _account(primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    # Null while it was not confirmed with a code.
    instant("confirmed"),
    # The time step of the last code that was taken: none counts twice (RFC 6238, section 5.2).
    Column("last_step", BigInteger, nullable=False, server_default="0"),
    instant("created", nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    _account(primary_key=True),
    Column("code_hash", LargeBinary, primary_key=True),
    instant("used"),
)

api_keys = Table(
    "api_keys",
    metadata,
    # Also the public part of the key, by which it is found.
    Column("id", Text, primary_key=True),
    _account(),
    Column("name", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("permissions", JSON, nullable=False),
    # Null: wherever its owner may.
    Column("networks", JSON(none_as_null=True)),
    instant("created", nullable=False),
    instant("expires", nullable=False),
    instant("last_used"),
    instant("revoked"),
    Column("version", Integer, nullable=False, server_default="1"),
    Index("ix_api_keys_account", "account"),
    Index("ix_api_keys_created", "created"),
)

identities = Table(
    "identities",
    metadata,
    # Who an OpenID provider says somebody is: its `iss` and `sub`.
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _account(),
    instant("created", nullable=False),
    Index("ix_identities_account", "account"),
)

oidc_flows = Table(
    "oidc_flows",
    metadata,
    # A login at the provider that is under way, found by the hash of its `state`; it is taken out when it returns.
    Column("state_hash", LargeBinary, primary_key=True),
    # The browser that began it, by the hash of its cookie.
    Column("browser_hash", LargeBinary, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    instant("expires", nullable=False),
    Index("ix_oidc_flows_expires", "expires"),
)
