"""The tables. What is kept where, and which of them are written by projections of the journal.

Times are BIGINT microseconds since the Unix epoch, UTC: the same number as in the journal and in ClickHouse, exact, and
compared alike by SQLite (which has no time type) and PostgreSQL. Quantities and money are `Exact` decimals.

`sessions`, `commands`, `connectors` and the last report on `charge_points` follow the journal. They have no foreign
keys into the registry: a projection must be able to write whatever the journal says, also about a charge point that has
been retired since, and a rebuild must not depend on today's registry.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from engine.stores.sql import tables as tables
from engine.stores.sql.columns import Exact as Exact
from engine.stores.sql.columns import instant as _instant
from engine.stores.sql.columns import metadata as metadata
from engine.stores.sql.columns import words as _words
from engine.stores.sql.file_tables import file_links as file_links
from engine.stores.sql.file_tables import firmware_images as firmware_images
from engine.stores.sql.file_tables import station_files as station_files
from engine.stores.sql.search_indexes import plain as _by_text
from engine.stores.sql.tables.people import users as users
from engine.stores.sql.tables.places import DEFAULT_NETWORK as DEFAULT_NETWORK
from engine.stores.sql.tables.places import DEFAULT_STATION as DEFAULT_STATION
from engine.stores.sql.tables.places import charge_points as charge_points
from engine.stores.sql.tables.places import networks as networks
from engine.stores.sql.tables.places import stations as stations

_OPEN = text("stopped IS NULL")

# --- the registry ----------------------------------------------------------------------------------------------------

credential_proofs = Table(
    "credential_proofs",
    metadata,
    Column("charge_point", Text, ForeignKey("charge_points.id", ondelete="CASCADE"), primary_key=True),
    # Which installation's key made the proof: nodes that share a database need not share a data folder.
    Column("key_id", Text, primary_key=True),
    Column("secret_version", Integer, nullable=False),
    Column("proof", LargeBinary, nullable=False),
)

pending_secrets = Table(
    "pending_secrets",
    metadata,
    # A new secret that was sent to the station and that it has not connected with yet: valid beside the old one.
    Column("charge_point", Text, ForeignKey("charge_points.id", ondelete="CASCADE"), primary_key=True),
    Column("command", Text, primary_key=True),
    Column("secret_hash", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    _instant("created", nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    # What our own authority has signed. Serial numbers are hexadecimal text: they have up to 159 bits.
    Column("serial_number", Text, primary_key=True),
    Column("issuer", Text, nullable=False),
    # "" for a certificate of ours (the gateway's).
    _words("charge_point"),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    _instant("not_before", nullable=False),
    _instant("not_after", nullable=False),
    _instant("revoked"),
    _words("revocation_reason"),
    Column("pem", Text, nullable=False),
    _instant("created", nullable=False),
    Index("ix_certificates_charge_point", "charge_point"),
    Index("ix_certificates_revoked", "revoked"),
)

admissions = Table(
    "admissions",
    metadata,
    # Only those that are not simply accepted.
    Column("charge_point", Text, ForeignKey("charge_points.id", ondelete="CASCADE"), primary_key=True),
    Column("admission", Text, nullable=False),
    _instant("updated", nullable=False),
)


# --- what follows the journal ----------------------------------------------------------------------------------------

connectors = Table(
    "connectors",
    metadata,
    Column("charge_point", Text, primary_key=True),
    Column("evse", Integer, primary_key=True, autoincrement=False),
    Column("connector", Integer, primary_key=True, autoincrement=False),
    _words("status"),
    _words("error"),
    _words("info"),
    _words("vendor"),
    _words("vendor_error"),
    Column("said", Text),
    _instant("believed"),
    _instant("received"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("charge_point", Text, nullable=False),
    Column("evse", Integer, nullable=False, server_default="0"),
    Column("connector", Integer, nullable=False, server_default="0"),
    _words("transaction_id"),
    _words("id_token"),
    _words("stop_id_token"),
    _words("authorisation"),
    _words("command"),
    Column("state", Text, nullable=False),
    _instant("started"),
    _instant("stopped"),
    Column("started_said", Text),
    Column("stopped_said", Text),
    Column("meter_start_wh", Exact),
    Column("meter_stop_wh", Exact),
    Column("energy_wh", Exact),
    Column("duration_s", BigInteger),
    _words("reason"),
    Column("doubts", JSON, nullable=False, server_default=text("'[]'")),
    _instant("updated", nullable=False),
    # Whose it was when it began; "" where nobody knew.
    _words("network"),
    # Frozen at its beginning, "" and 0 where it has none.
    _words("tariff"),
    Column("tariff_version", Integer, nullable=False, server_default="0"),
    _words("currency"),
    # Running, then settled; taxes included. Null: no price, or the data are doubtful.
    Column("cost", Exact),
    # When its connector was free again, as far as that costs something.
    _instant("ended"),
    _instant("settled"),
    Index("ix_sessions_charge_point_started", "charge_point", "started"),
    Index("ix_sessions_started", "started"),
    Index("ix_sessions_id_token", "id_token"),
    Index("ix_sessions_id_token_folded", text("lower(id_token)")),
    Index("ix_sessions_open", "updated", sqlite_where=_OPEN, postgresql_where=_OPEN),
)
_by_text("ix_sessions_transaction_id", sessions.c.transaction_id)
_by_text("ix_sessions_id_beginning", sessions.c.id)

session_prices = Table(
    "session_prices",
    metadata,
    Column("session", Text, primary_key=True),
    # As engine/tariffs/stored.py writes them.
    Column("tariff", JSON, nullable=False),
    Column("course", JSON, nullable=False),
    Column("total", Exact),
)

commands = Table(
    "commands",
    metadata,
    Column("id", Text, primary_key=True),
    Column("charge_point", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    _words("outcome"),
    _words("requested_by"),
    _instant("requested"),
    _instant("sent"),
    _instant("ended"),
    _instant("deadline"),
    Column("payload", JSON(none_as_null=True)),
    Column("answer", JSON(none_as_null=True)),
    _words("error_code"),
    _words("error_description"),
    _instant("updated", nullable=False),
    Index("ix_commands_charge_point_requested", "charge_point", "requested"),
)

command_consequences = Table(
    "command_consequences",
    metadata,
    Column("command", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    # Which of that kind: a session's id, a job's name; "" where there is one at most.
    Column("subject", Text, primary_key=True),
    Column("charge_point", Text, nullable=False),
    _instant("began", nullable=False),
    _words("status"),
    _words("state"),
    _words("info"),
    _instant("updated", nullable=False),
)

signing_requests = Table(
    "signing_requests",
    metadata,
    Column("charge_point", Text, primary_key=True),
    Column("received", BigInteger, primary_key=True, autoincrement=False),
    Column("csr", Text, nullable=False),
    Column("use", Text, nullable=False),
    Column("request", BigInteger),
    # From here on the certificate authority's.
    Column("state", Text, nullable=False),
    _words("serial_number"),
    _words("command"),
    _words("detail"),
    _instant("updated", nullable=False),
    Index("ix_signing_requests_state_received", "state", "received"),
)

security_events = Table(
    "security_events",
    metadata,
    Column("charge_point", Text, primary_key=True),
    Column("received", BigInteger, primary_key=True, autoincrement=False),
    Column("type", Text, primary_key=True),
    _words("info"),
    Column("said", Text),
    _instant("believed", nullable=False),
    Index("ix_security_events_received", "received"),
)

# --- campaigns -------------------------------------------------------------------------------------------------------

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Text, primary_key=True),
    _words("name"),
    # What is asked for: engine/campaigns/stored_operations.py.
    Column("operation", JSON, nullable=False),
    # The filter as it was given.
    Column("description", JSON, nullable=False),
    # Whose it is; null: the whole installation's.
    Column("network", Text),
    _words("image"),
    Column("per_minute", Float, nullable=False),
    Column("at_once", Integer, nullable=False),
    Column("stop_failures", Integer),
    Column("stop_share", Float),
    _instant("deadline"),
    Column("timeout_s", Float, nullable=False),
    Column("state", Text, nullable=False, index=True),
    _words("reason"),
    # Failures that an operator had seen when the campaign was resumed.
    Column("forgiven", Integer, nullable=False, server_default="0"),
    _words("created_by"),
    _instant("created", nullable=False),
    _instant("ended"),
    _instant("updated", nullable=False),
    Index("ix_campaigns_created", "created"),
)

campaign_targets = Table(
    "campaign_targets",
    metadata,
    Column("campaign", Text, ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True),
    Column("charge_point", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("state", Text, nullable=False),
    # Made before the command is sent, so that whoever goes on asks by the same id.
    _words("command"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    _instant("asked"),
    _instant("ended"),
    _words("outcome"),
    _words("error"),
    Index("ix_campaign_targets_campaign_state_not_before", "campaign", "state", "not_before"),
)

# --- how far, and what could not be written --------------------------------------------------------------------------

positions = Table(
    "positions",
    metadata,
    Column("projection", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("projection", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("entry", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", Text, primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("row", Text, nullable=False),
    Column("error", Text, nullable=False),
    _instant("at", nullable=False),
)
