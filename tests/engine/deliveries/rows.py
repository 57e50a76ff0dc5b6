"""Channels and subscriptions as rows, for tests that need no repository."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select

from engine.stores.sql.engine import Database
from engine.stores.sql.tables.deliveries import channels, deliveries, subscriptions


async def add_channel(
    database: Database,
    id: str,
    *,
    network: str | None = None,
    kinds: Sequence[str] = (),
    severity: str = "",
    narrowed: str | None = None,
    **more: Any,
) -> None:
    """A channel; with `kinds` one subscription of it."""
    row = {"id": id, "network": network, "kind": "webhook", "name": id, "address": b"", "shown": id} | more
    async with database.write() as connection:
        await connection.execute(insert(channels), row | {"created": 1, "updated": 1})
        if kinds:
            wanted = {"channel": id, "kinds": list(kinds), "severity": severity, "network": network or narrowed}
            await connection.execute(
                insert(subscriptions), wanted | {"id": f"subscription-{id}", "created": 1, "updated": 1}
            )


async def queued(database: Database) -> list[Any]:
    """All rows of the queue, in the order in which they were put."""
    async with database.read() as connection:
        return list((await connection.execute(select(deliveries).order_by(deliveries.c.id))).all())
