"""Networks, stations, charge points and connectors as an operator describes them, and the inbox.

What is described here is never written by a projection, but for the last report on `charge_points`. What a connector
does at the moment is in `connectors`, which follows the journal; `connector_descriptions` says what it is.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy import false as no
from sqlalchemy import true as yes

from engine.stores.sql.columns import instant, metadata, words

DEFAULT_NETWORK = "default"
DEFAULT_STATION = "default"


def _version() -> Column[int]:
    return Column("version", Integer, nullable=False, server_default="1")


networks = Table(
    "networks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    # ISO 4217; what the network's tariffs are in unless they say otherwise.
    Column("currency", Text, nullable=False, server_default="EUR"),
    # ISO 3166-1 alpha-2, "" unknown; of stations that name none.
    words("country"),
    words("region"),
    # IANA; of stations that name none.
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("contact", JSON, nullable=False, server_default=text("'{}'")),
    # Whether a charger that nobody has registered is registered when it connects, and at which of its stations.
    Column("accepts_automatically", Boolean, nullable=False, server_default=no()),
    words("arrival_station"),
    instant("created", nullable=False),
    Column("updated", BigInteger, nullable=False, server_default="0"),
    instant("retired"),
    _version(),
)

stations = Table(
    "stations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network_id", Text, ForeignKey("networks.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    words("street"),
    words("postal_code"),
    words("city"),
    # The state, province or canton, as its own country codes it: taxes may depend on it.
    words("region"),
    words("country"),
    # WGS 84, degrees; both or neither.
    Column("latitude", Float),
    Column("longitude", Float),
    # IANA; "" as the network.
    words("time_zone"),
    # engine/places/hours.py's form; null where nothing is known.
    Column("hours", JSON(none_as_null=True)),
    Column("photos", JSON, nullable=False, server_default=text("'[]'")),
    words("parking"),
    words("access"),
    words("notes"),
    Column("public", Boolean, nullable=False, server_default=yes()),
    instant("created", nullable=False),
    Column("updated", BigInteger, nullable=False, server_default="0"),
    instant("retired"),
    _version(),
    Index("ix_stations_latitude_longitude", "latitude", "longitude"),
)

charge_points = Table(
    "charge_points",
    metadata,
    Column("id", Text, primary_key=True),
    # Stations write their own id in another case now and then; two that differ in nothing else would be a trap.
    Column("folded", Text, nullable=False, unique=True),
    Column("station_id", Text, ForeignKey("stations.id"), nullable=False, index=True),
    words("name"),
    words("notes"),
    # planned, commissioning, live, retired; only what is live is offered to drivers.
    Column("commissioning", Text, nullable=False, server_default="live"),
    Column("isolation", Text, nullable=False, server_default="shared"),
    # 0 without any authentication, 1 password, 2 password over TLS, 3 client certificate (2.x, A00).
    Column("security_profile", Integer, nullable=False, server_default="0"),
    # What its certificate bears as common name where that is not its id: the station's serial number.
    Column("certificate_name", Text),
    Column("secret_hash", Text),
    Column("secret_version", Integer, nullable=False, server_default="0"),
    Column("enabled", Boolean, nullable=False, server_default=yes()),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    instant("retired"),
    # Raised by what people change, not by what the station reports.
    _version(),
    # From here on: as the station last reported, by the ledger.
    words("vendor"),
    words("model"),
    words("serial"),
    words("firmware"),
    words("iccid"),
    words("imsi"),
    words("meter_type"),
    words("meter_serial"),
    words("boot_reason"),
    words("boot_status"),
    instant("booted"),
    Index("uq_charge_points_certificate_name", "certificate_name", unique=True),
)

station_tags = Table(
    "station_tags",
    metadata,
    Column("station", Text, ForeignKey("stations.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("ix_station_tags_tag", "tag"),
)

charge_point_tags = Table(
    "charge_point_tags",
    metadata,
    Column("charge_point", Text, ForeignKey("charge_points.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("ix_charge_point_tags_tag", "tag"),
)

connector_descriptions = Table(
    "connector_descriptions",
    metadata,
    Column("charge_point", Text, ForeignKey("charge_points.id", ondelete="CASCADE"), primary_key=True),
    # As in `connectors`: OCPP 1.6 stations have one connector at each EVSE, whose number is the connectorId.
    Column("evse", Integer, primary_key=True, autoincrement=False),
    Column("connector", Integer, primary_key=True, autoincrement=False),
    # OCPI's ConnectorType, ConnectorFormat and PowerType.
    Column("type", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("power_type", Text, nullable=False),
    Column("max_voltage_v", Integer),
    Column("max_amperage_a", Integer),
    Column("max_power_w", Integer),
    words("label"),
    # In the address that its QR code shows: never changed, so that what was printed stays right.
    Column("code", Text, nullable=False, unique=True),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    _version(),
)

inbox = Table(
    "inbox",
    metadata,
    # Chargers that knocked without being registered. Bounded by engine/stores/places/inbox.py.
    Column("id", Text, primary_key=True),
    Column("charge_point", Text, nullable=False),
    Column("folded", Text, nullable=False, unique=True),
    words("address"),
    words("subprotocols"),
    # none, password, certificate: never the secret itself.
    Column("credentials", Text, nullable=False, server_default="none"),
    Column("knocks", BigInteger, nullable=False, server_default="1"),
    instant("first_seen", nullable=False),
    instant("last_seen", nullable=False),
    instant("dismissed"),
    Index("ix_inbox_last_seen", "last_seen"),
    Index("ix_inbox_address", "address"),
)
