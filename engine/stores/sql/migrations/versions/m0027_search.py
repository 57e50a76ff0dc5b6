"""Indexes for the support desk's search: the beginning of names and numbers, the last digits of a phone number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_PLAIN = (
    ("ix_drivers_email_beginning", "drivers", "email"),
    ("ix_drivers_phone_beginning", "drivers", "phone_digits"),
    ("ix_users_email_beginning", "users", "email"),
    ("ix_vehicles_plate_beginning", "vehicles", "plate_folded"),
    ("ix_tokens_folded_beginning", "tokens", "folded"),
    ("ix_tokens_visual_number", "tokens", "visual_number"),
    ("ix_receipts_number_beginning", "receipts", "number"),
    ("ix_sessions_transaction_id", "sessions", "transaction_id"),
    ("ix_sessions_id_beginning", "sessions", "id"),
    ("ix_charge_points_folded_beginning", "charge_points", "folded"),
)
_LOWERED = (
    ("ix_drivers_name_lower", "drivers", "name"),
    ("ix_users_name_lower", "users", "name"),
    ("ix_tokens_label_lower", "tokens", "label"),
    ("ix_charge_points_name_lower", "charge_points", "name"),
    ("ix_stations_name_lower", "stations", "name"),
)


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    # The order of bytes: the one in which the beginning of a text is a range, whatever the database's language.
    ordered = " text_pattern_ops" if postgresql else ""
    for name, table, column in _PLAIN:
        op.create_index(name, table, [sa.text(f"{column}{ordered}")])
    for name, table, column in _LOWERED:
        op.create_index(name, table, [sa.text(f"lower({column}){ordered}")])
    last = "right(phone_digits, 8)" if postgresql else "substr(phone_digits, -8)"
    op.create_index("ix_drivers_phone_tail", "drivers", [sa.text(f"({last})" if postgresql else last)])
