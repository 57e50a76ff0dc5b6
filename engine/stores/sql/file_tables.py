"""The tables of file exchange: what stations fetch and what they bring (`models.py` has the others)."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Table, Text, text

from engine.stores.sql.columns import instant, metadata, words

firmware_images = Table(
    "firmware_images",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    words("vendor"),
    words("model"),
    words("version"),
    words("note"),
    # What a SignedUpdateFirmware or a 2.x UpdateFirmware carries along: made by the vendor, not by us.
    words("signing_certificate"),
    words("signature"),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    instant("created", nullable=False),
    words("created_by"),
    # Whose it is; null: the installation's, for all of its networks.
    Column("network", Text),
)

station_files = Table(
    "station_files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("charge_point", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    instant("received", nullable=False),
    Index("ix_station_files_charge_point_received", "charge_point", "received"),
    Index("ix_station_files_received", "received"),
)

file_links = Table(
    "file_links",
    metadata,
    # Only the hash: who reads the database learns no address that a station could be served at.
    Column("token_hash", Text, primary_key=True),
    Column("direction", Text, nullable=False),
    Column("charge_point", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("kind", Text, nullable=False),
    words("image"),
    instant("created", nullable=False),
    instant("expires", nullable=False),
    instant("spent"),
    # The parts of an image that have been handed out: [[from, to], …].
    Column("covered", JSON, nullable=False, server_default=text("'[]'")),
    Index("ix_file_links_charge_point_job", "charge_point", "job"),
    Index("ix_file_links_expires", "expires"),
)
