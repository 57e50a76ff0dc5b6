"""The tokens that may charge: RFID cards, apps, keys. Case makes no difference (OCPP 1.6, 7.28 IdToken)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from sqlalchemy import delete, select

from engine.charging.messages import TokenStanding
from engine.clock import Clock, SystemClock
from engine.errors import InvalidInput, NotFound
from engine.stores.changes import ALL, TOKEN, Change, ChangeFeed
from engine.stores.paging import Page, checked_limit, from_cursor, pattern, to_cursor
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.models import tokens

STATUSES = ("Accepted", "Blocked", "Expired", "Invalid")
MAX_ID_TOKEN = 255
"""OCPP 2.1's longest; 1.6 has 20, but stations send more."""

_ANNOUNCED_ONE_BY_ONE = 100


@dataclass(frozen=True, slots=True)
class Token:
    """`expires` in microseconds, None never; `group_id` is the parent idTag or ""."""

    id_token: str
    kind: str = "RFID"
    status: str = "Accepted"
    expires: int | None = None
    group_id: str = ""
    note: str = ""

    def standing(self, now: int) -> TokenStanding:
        """How it stands at `now`."""
        expired = self.status == "Accepted" and self.expires is not None and self.expires <= now
        return TokenStanding("Expired" if expired else self.status, self.expires, self.group_id)


_COLUMNS = [tokens.c[field.name] for field in fields(Token)]


class Tokens:
    """The repository of tokens. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock | None = None) -> None:
        self._database, self._feed = database, feed
        self._clock = clock or SystemClock()

    async def put(self, *new: Token) -> None:
        """Write tokens in one transaction, over those of the same name. Raises InvalidInput."""
        if not new:
            return
        for token in new:
            _check(token)
        now = self._clock.now()
        rows = [asdict(token) | {"folded": token.id_token.lower(), "created": now, "updated": now} for token in new]
        statement = upsert(self._database.dialect, tokens)
        changed = {column.name: statement.excluded[column.name] for column in (*_COLUMNS, tokens.c.updated)}
        statement = statement.on_conflict_do_update(index_elements=["folded"], set_=changed)
        async with self._database.write() as connection:
            await connection.execute(statement, rows)
        await self._announce([token.id_token for token in new])

    async def get(self, id_token: str) -> Token:
        """By name in any case. Raises NotFound."""
        query = select(*_COLUMNS).where(tokens.c.folded == id_token.lower())
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise _unknown()
        return Token(*row)

    async def all(self) -> dict[str, Token]:
        """Every token by its lower-case name, for a host's cache."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(tokens.c.folded, *_COLUMNS))
            return {row[0]: Token(*row[1:]) for row in rows}

    async def page(self, *, text: str = "", cursor: str | None = None, limit: int = 100) -> Page[Token]:
        """In the order of their lower-case names; with `text` those that have it in name, group or note."""
        query = select(*_COLUMNS).order_by(tokens.c.folded).limit(checked_limit(limit) + 1)
        if cursor is not None:
            query = query.where(tokens.c.folded > from_cursor(cursor, str)[0])
        if text:
            like = pattern(text)
            found_in = [
                column.ilike(like, escape="\\") for column in (tokens.c.id_token, tokens.c.group_id, tokens.c.note)
            ]
            query = query.where(found_in[0] | found_in[1] | found_in[2])
        async with self._database.read() as connection:
            found = [Token(*row) for row in await connection.execute(query)]
        return Page(found[:limit], to_cursor(found[limit - 1].id_token.lower()) if len(found) > limit else None)

    async def remove(self, id_token: str) -> None:
        """Forget a token. Raises NotFound."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(tokens).where(tokens.c.folded == id_token.lower()))
        if gone.rowcount == 0:
            raise _unknown()
        await self._announce([id_token])

    async def _announce(self, names: Sequence[str]) -> None:
        keys = names if len(names) <= _ANNOUNCED_ONE_BY_ONE else [ALL]
        await self._feed.announce([Change(TOKEN, key) for key in keys])


def _check(token: Token) -> None:
    if not 1 <= len(token.id_token) <= MAX_ID_TOKEN:
        raise InvalidInput(
            f"A token has 1 to {MAX_ID_TOKEN} characters.", field="id_token", remedy="Use the card's number."
        )
    if token.status not in STATUSES:
        raise InvalidInput(
            f"A token cannot be {token.status!r}.", field="status", remedy=f"Use one of: {', '.join(STATUSES)}."
        )


def _unknown() -> NotFound:
    return NotFound("There is no such token.", field="id_token", remedy="Create it first.")
