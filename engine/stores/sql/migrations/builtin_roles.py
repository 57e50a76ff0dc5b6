"""The rows of the roles out of the box: those that this release knows and the database does not are made at start."""

from __future__ import annotations

import time

from sqlalchemy import Connection, insert, select

from engine.access.roles import DESCRIPTIONS, ROLES
from engine.stores.sql.tables.people import roles


def ensure_builtin_roles(connection: Connection) -> None:
    """Make the missing rows. An operator's own role of the same id is left alone: it keeps its permissions."""
    known = set(connection.execute(select(roles.c.id)).scalars())
    now = time.time_ns() // 1000
    missing = [
        {
            "id": name,
            "name": name,
            "description": DESCRIPTIONS.get(name, ""),
            "builtin": True,
            "created": now,
            "updated": now,
        }
        for name in ROLES
        if name not in known
    ]
    if missing:
        connection.execute(insert(roles), missing)
