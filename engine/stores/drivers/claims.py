"""Cards that drivers take for their own: by the number on it and a code that was printed with it.

A code is good once and for five tries; then staff gives it another one. It is kept as a digest. Whoever reads the books
could find a short one by trying all, and would have the card's number only where the books have it anyway.
"""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import select, update

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock, SystemClock
from engine.errors import InvalidInput, NotFound
from engine.stores import audit
from engine.stores.changes import TOKEN, Change, ChangeFeed
from engine.stores.drivers import holders
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.tokens import drivers, tokens
from engine.stores.tokens.repository import COLUMNS, need_network, of_row
from engine.stores.tokens.token import Token, key_of

TRIES = 5
SHORTEST = 6

_T = tokens.c


def digest_of(network: str, id_token: str, code: str) -> str:
    """What is kept of a code. Case and blanks make no difference: it is read off a card."""
    plain = "".join(code.split()).upper()
    salt = hashlib.blake2b(f"{network}\x00{id_token.lower()}".encode(), digest_size=16).digest()
    return hashlib.blake2b(plain.encode(), salt=salt, digest_size=20).hexdigest()


class Claims:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock | None = None) -> None:
        self._database, self._feed = database, feed
        self._clock = clock or SystemClock()

    async def set_code(self, id_token: str, network: str, code: str, scope: Scope = EVERYWHERE) -> None:
        """Give a card a code, in place of the one that it may have. Raises NotFound, InvalidInput."""
        if len("".join(code.split())) < SHORTEST:
            raise InvalidInput(
                f"A code has {SHORTEST} characters or more.", field="claim_code", remedy="Make a longer one."
            )
        need_network(scope, network)
        now = self._clock.now()
        row = {"claim_digest": digest_of(network, id_token, code), "claim_tries": 0, "updated": now}
        is_token = (_T.network == network) & (_T.folded == id_token.lower())
        async with self._database.write() as connection:
            if (await connection.execute(update(tokens).where(is_token).values(row))).rowcount == 0:
                raise NotFound("There is no such token.", field="id_token", remedy="Create it first.")
            await audit.note(connection, now, "claim code set", "token", id_token, network=network or None)

    async def claim(self, driver: str, id_token: str, code: str) -> Token:
        """Make the card the driver's. Raises NotFound, alike for an unknown card, a wrong code and a taken card."""
        now = self._clock.now()
        async with self._database.write() as connection:
            of = select(drivers.c.network).where(drivers.c.id == driver, drivers.c.erased.is_(None))
            network = (await connection.execute(of)).scalar_one_or_none()
            if network is None:
                raise _no_such_card()
            query = select(*COLUMNS, _T.claim_digest, _T.claim_tries).where(_T.folded == id_token.lower())
            rows = (await connection.execute(query.where(_T.network.in_((network, ""))).with_for_update())).all()
            row = next((row for row in rows if _fits(row, code)), None)
            if row is None:
                # The tries count although the answer is an error: they are written before it is raised.
                tried = update(tokens).where(_T.folded == id_token.lower(), _T.network.in_((network, "")))
                await connection.execute(tried.values(claim_tries=_T.claim_tries + 1))
            else:
                token = of_row(row)
                is_token = (_T.network == token.network) & (_T.folded == token.folded)
                spent = {"claim_digest": "", "claim_tries": 0, "updated": now, "version": _T.version + 1}
                await connection.execute(update(tokens).where(is_token).values(spent))
                await holders.hand_over(connection, token.network, token.folded, driver, now)
                await audit.note(connection, now, "claimed", "token", token.id_token, network=token.network or None)
        if row is None:
            raise _no_such_card()
        await self._feed.announce([Change(TOKEN, key_of(token.network, token.folded))])
        return token


def _fits(row: object, code: str) -> bool:
    token = of_row(row)
    values = row._mapping  # type: ignore[attr-defined]
    known, tries = values[_T.claim_digest], values[_T.claim_tries]
    if not known or tries >= TRIES or token.driver is not None or token.status != "Accepted":
        return False
    return hmac.compare_digest(known, digest_of(token.network, token.id_token, code))


def _no_such_card() -> NotFound:
    return NotFound(
        "No card of this number can be claimed with this code.",
        field="code",
        remedy="Check both; after five wrong codes, ask the operator for another one.",
    )
