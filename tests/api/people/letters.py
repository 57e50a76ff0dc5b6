"""What was written to somebody, read from SQL as only a test can: outside, secrets are never shown."""

from __future__ import annotations

import re

from sqlalchemy import select

from engine.stores.sql.tables.outbox import outbox
from tests.api.conftest import Facade


async def codes(facade: Facade, email: str) -> list[str]:
    """The codes in an address's letters, oldest first."""
    query = select(outbox.c.body).where(outbox.c.recipient == email).order_by(outbox.c.created, outbox.c.id)
    async with facade.ports.business.database.read() as connection:
        letters = (await connection.execute(query)).scalars().all()
    found = [re.search(r"^[A-Za-z0-9_-]{40,}$", letter, re.MULTILINE) for letter in letters]
    return [match[0] for match in found if match is not None]
