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
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
    text,
    true,
)

from engine.stores.sql.columns import Exact as Exact
from engine.stores.sql.columns import instant as _instant
from engine.stores.sql.columns import metadata as metadata
from engine.stores.sql.columns import words as _words
from engine.stores.sql.file_tables import file_links as file_links
from engine.stores.sql.file_tables import firmware_images as firmware_images
from engine.stores.sql.file_tables import station_files as station_files

DEFAULT_NETWORK = "default"
DEFAULT_STATION = "default"

# --- the registry ----------------------------------------------------------------------------------------------------

networks = Table(
    "networks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    _instant("created", nullable=False),
)

stations = Table(
    "stations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network_id", Text, ForeignKey("networks.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    _instant("created", nullable=False),
)

charge_points = Table(
    "charge_points",
    metadata,
    Column("id", Text, primary_key=True),
    # Stations write their own id in another case now and then; two that differ in nothing else would be a trap.
    Column("folded", Text, nullable=False, unique=True),
    Column("station_id", Text, ForeignKey("stations.id"), nullable=False, index=True),
    _words("name"),
    Column("isolation", Text, nullable=False, server_default="shared"),
    # 0 without any authentication, 1 password, 2 password over TLS, 3 client certificate (2.x, A00).
    Column("security_profile", Integer, nullable=False, server_default="0"),
    # What its certificate bears as common name where that is not its id: the station's serial number.
    Column("certificate_name", Text),
    Column("secret_hash", Text),
    Column("secret_version", Integer, nullable=False, server_default="0"),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    _instant("created", nullable=False),
    _instant("updated", nullable=False),
    _instant("retired"),
    # From here on: as the station last reported, by the ledger.
    _words("vendor"),
    _words("model"),
    _words("serial"),
    _words("firmware"),
    _words("iccid"),
    _words("imsi"),
    _words("meter_type"),
    _words("meter_serial"),
    _words("boot_reason"),
    _words("boot_status"),
    _instant("booted"),
    Index("uq_charge_points_certificate_name", "certificate_name", unique=True),
)

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

tokens = Table(
    "tokens",
    metadata,
    Column("folded", Text, primary_key=True),
    Column("id_token", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default="RFID"),
    Column("status", Text, nullable=False, server_default="Accepted"),
    _instant("expires"),
    _words("group_id"),
    _words("note"),
    _instant("created", nullable=False),
    _instant("updated", nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("disabled", Boolean, nullable=False, server_default=false()),
    _instant("created", nullable=False),
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
    Index("ix_sessions_charge_point_started", "charge_point", "started"),
    Index("ix_sessions_started", "started"),
    Index("ix_sessions_id_token", "id_token"),
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
