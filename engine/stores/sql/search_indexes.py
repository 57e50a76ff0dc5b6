"""What the support desk's search needs of the tables: see engine/stores/search/text.py and m0027.

In PostgreSQL they are in the order of bytes, so that the beginning of a text is a range whatever the database's
language is.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, func

from engine.stores.search.text import Tail
from engine.stores.sql.tables.billing import receipts
from engine.stores.sql.tables.people import users
from engine.stores.sql.tables.places import charge_points, stations
from engine.stores.sql.tables.tokens import drivers, tokens, vehicles

_BYTES = "text_pattern_ops"


def plain(name: str, column: Column[str]) -> Index:
    """By the text as it is."""
    return Index(name, column, postgresql_ops={column.name: _BYTES})


def _lowered(name: str, column: Column[str]) -> Index:
    return Index(name, func.lower(column).label("low"), postgresql_ops={"low": _BYTES})


BY_TEXT = (
    plain("ix_drivers_email_beginning", drivers.c.email),
    plain("ix_drivers_phone_beginning", drivers.c.phone_digits),
    plain("ix_users_email_beginning", users.c.email),
    plain("ix_vehicles_plate_beginning", vehicles.c.plate_folded),
    plain("ix_tokens_folded_beginning", tokens.c.folded),
    plain("ix_tokens_visual_number", tokens.c.visual_number),
    plain("ix_receipts_number_beginning", receipts.c.number),
    plain("ix_charge_points_folded_beginning", charge_points.c.folded),
    _lowered("ix_drivers_name_lower", drivers.c.name),
    _lowered("ix_users_name_lower", users.c.name),
    _lowered("ix_tokens_label_lower", tokens.c.label),
    _lowered("ix_charge_points_name_lower", charge_points.c.name),
    _lowered("ix_stations_name_lower", stations.c.name),
    Index("ix_drivers_phone_tail", Tail(drivers.c.phone_digits)),
)
