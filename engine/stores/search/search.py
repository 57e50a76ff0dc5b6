"""Support's search: one text, everything that it could mean, the likeliest first.

Each way is a question of its own that an index answers, and asked only where the one who searches may see its answers.
"""

from __future__ import annotations

from engine.access.scope import NOWHERE, Scope
from engine.errors import InvalidInput
from engine.stores.search import people, things
from engine.stores.search.found import Findings, Found, Reach
from engine.stores.search.needle import Needle
from engine.stores.sql.engine import Database

SHORTEST, LONGEST = 2, 100
OF_EACH = 20
"""How many of a kind are looked for in one way."""


class Search:
    """Reads only. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, text: str, reach: Reach, limit: int = 50) -> list[Found]:
        """At most `limit` things, exact ones first. Raises InvalidInput for a text that is too short or too long."""
        needle = Needle.of(text)
        if not SHORTEST <= len(needle.text) <= LONGEST:
            raise InvalidInput(
                f"A search takes {SHORTEST} to {LONGEST} characters.",
                field="q",
                remedy="Give a phone number, e-mail address, name, plate, token, receipt number or charge point.",
            )
        found = Findings()
        async with self._database.read() as connection:
            if _any(reach.drivers):
                await people.find_drivers(connection, needle, reach.drivers, reach.receipts, OF_EACH, found)
            if _any(reach.sessions):
                await people.find_their_sessions(connection, reach.sessions, found)
                await things.find_sessions(connection, needle, reach.sessions, OF_EACH, found)
            if _any(reach.receipts):
                await things.find_receipts(connection, needle, reach.receipts, reach.sessions, OF_EACH, found)
            if _any(reach.tokens):
                await things.find_tokens(connection, needle, reach.tokens, OF_EACH, found)
            if _any(reach.charge_points) or _any(reach.stations):
                await things.find_places(connection, needle, reach.charge_points, reach.stations, OF_EACH, found)
        return found.ranked(limit)


def _any(scope: Scope) -> bool:
    return scope != NOWHERE
