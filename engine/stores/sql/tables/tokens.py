"""Tokens of networks, their groups and limits; drivers, their vehicles and which token was whose, when.

A `network` of "" is the whole installation: what is there is good in all of its networks. What somebody can be known
by (names, addresses, plates) is only in `drivers` and `vehicles`: engine/stores/drivers/erasure.py.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, Table, Text, text

from engine.stores.sql.columns import Exact, instant, metadata, words

tokens = Table(
    "tokens",
    metadata,
    Column("network", Text, primary_key=True, server_default=""),
    # Case makes no difference (OCPP 1.6, 7.28).
    Column("folded", Text, primary_key=True),
    Column("id_token", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default="RFID"),
    Column("status", Text, nullable=False, server_default="Accepted"),
    words("block_reason"),
    instant("valid_from"),
    instant("expires"),
    # Its parent idTag; of the policy that there may be under this name, see token_groups.
    words("group_id"),
    words("group_folded"),
    # How many sessions at once; NULL any number.
    Column("max_sessions", Integer),
    # What may be owed, in the network's currency; NULL any amount.
    Column("credit_limit", Exact),
    Column("credit_used", Exact, nullable=False, server_default="0"),
    Column("driver", Text),
    words("label"),
    words("visual_number"),
    words("language"),
    # Of roaming tokens: the partner's country and party, and the contract there (OCPI, 12.4.2).
    words("issuer"),
    words("contract_id"),
    # A digest of the code that is printed on a card, with which a driver may claim it; and how often one was wrong.
    words("claim_digest"),
    Column("claim_tries", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Index("ix_tokens_driver", "driver"),
    Index("ix_tokens_group", "network", "group_folded"),
    Index("ix_tokens_updated", "updated"),
)

token_groups = Table(
    "token_groups",
    metadata,
    Column("network", Text, primary_key=True, server_default=""),
    Column("folded", Text, primary_key=True),
    # As stations are told: 1.6's parentIdTag, 2.x's groupIdToken.
    Column("id", Text, nullable=False),
    words("name"),
    # The group's own group, by its folded id; its limits count for this one's tokens, too.
    words("parent"),
    Column("status", Text, nullable=False, server_default="Accepted"),
    words("block_reason"),
    Column("max_sessions", Integer),
    Column("credit_limit", Exact),
    Column("credit_used", Exact, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
)

drivers = Table(
    "drivers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network", Text, nullable=False),
    # The account by which the driver logs in; NULL where there is none (yet, or any more).
    Column("account", Text, unique=True),
    words("name"),
    words("email"),
    words("phone"),
    # Digits only, to be found by.
    words("phone_digits"),
    words("language"),
    Column("address", JSON, nullable=False, server_default=text("'{}'")),
    Column("notify", JSON, nullable=False, server_default=text("'{}'")),
    Column("credit_limit", Exact),
    Column("credit_used", Exact, nullable=False, server_default="0"),
    instant("erased"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Index("ix_drivers_network_created", "network", "created"),
    Index("ix_drivers_email", "email"),
    Index("ix_drivers_phone_digits", "phone_digits"),
)

vehicles = Table(
    "vehicles",
    metadata,
    Column("id", Text, primary_key=True),
    Column("driver", Text, ForeignKey("drivers.id", ondelete="CASCADE"), nullable=False, index=True),
    words("plate"),
    # Letters and digits only, upper case.
    words("plate_folded"),
    words("make"),
    words("model"),
    Column("connector_types", JSON, nullable=False, server_default=text("'[]'")),
    Column("battery_kwh", Exact),
    words("ev_mac"),
    words("contract_id"),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Index("ix_vehicles_plate_folded", "plate_folded"),
)

session_debtors = Table(
    "session_debtors",
    metadata,
    # By which token a settled session was: what its receipts ask for is owed by that one.
    Column("session", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("folded", Text, nullable=False),
    instant("began", nullable=False),
    Index("ix_session_debtors_folded", "folded"),
)

token_holders = Table(
    "token_holders",
    metadata,
    # Whose a token was from `since` until `until` (NULL: still): what a session was billed by does not change hands.
    Column("network", Text, primary_key=True),
    Column("folded", Text, primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("driver", Text, nullable=False),
    instant("until"),
    Index("ix_token_holders_driver", "driver"),
)
