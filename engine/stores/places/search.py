"""Finds stations by what drivers call them: name, street, postal code and city."""

from __future__ import annotations

from sqlalchemy import func, select

from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import networks, stations

MAX_WORDS = 6
"""Words of a search that are looked at."""


async def stations_named(database: Database, words: str, *, limit: int) -> list[str]:
    """The ids of public stations of which each word is somewhere in name or address, in the order of their names.

    Raises StoreUnavailable.
    """
    table = stations.c
    parts = (table.name, table.street, table.postal_code, table.city)
    text = func.lower(parts[0] + " " + parts[1] + " " + parts[2] + " " + parts[3])
    offered = (table.public, table.retired.is_(None), networks.c.retired.is_(None), table.latitude.is_not(None))
    query = select(table.id).join(networks, networks.c.id == table.network_id).where(*offered)
    for word in words.lower().split()[:MAX_WORDS]:
        query = query.where(text.contains(word, autoescape=True))
    async with database.read() as connection:
        return list((await connection.execute(query.order_by(table.name, table.id).limit(limit))).scalars())
