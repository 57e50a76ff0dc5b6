"""Requests that carry an idempotency key: each is carried out once, and whoever asks again gets the first answer.

    (new) ── claim ──▶ running ── answered ──▶ answered      the same answer, until it expires
                         │ ▲
                 released▼ │claim
                         open                                nothing was done for sure: it may be tried again
    running ── given up, or its holder died ──▶ unknown      whether it was done is not known; never tried again

A running request is held by one try, whose façade renews the hold. An answer is kept encrypted with the installation's
key, since it may hold a secret that is shown once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import SECOND, Clock
from engine.ids import new_id
from engine.stores.installation_key import InstallationKey
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.requests import keyed_requests as table

KEPT_S = 24 * 3600
"""How long an answer is kept."""

HOLD_S = 60
"""How long a try has its request without renewing."""

_NONCE = 12
_CLEANING_PAUSE_S = 600.0
_RUNNING, _OPEN, _ANSWERED, _UNKNOWN = "running", "open", "answered", "unknown"


class Standing(StrEnum):
    """What a key is found to be. `FRESH`: go on, it is yours. `OTHER`: it was used with another body."""

    FRESH = "fresh"
    ANSWERED = "answered"
    RUNNING = "running"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """`id` names the request over all its tries, `attempt` this one. `answer` is there when it is answered."""

    standing: Standing
    id: str
    attempt: str
    answer: Answer | None = None


class KeyedRequests:
    """The requests with a key in SQL. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, key: InstallationKey, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._sealing = AESGCM(key.digest("answers to keyed requests"))

    async def claim(self, principal: str, operation: str, key: str, digest: str) -> Claim:
        """Begin a request, or learn what became of the one with this key."""
        now, attempt = self._clock.now(), new_id()
        begun: dict[str, Any] = {
            "id": new_id(),
            "digest": digest,
            "state": _RUNNING,
            "attempt": attempt,
            "held_until": now + HOLD_S * SECOND,
            "status": None,
            "answer": None,
            "created": now,
            "expires": now + KEPT_S * SECOND,
        }
        named = {"principal": principal, "operation": operation, "key": key}
        async with self._database.write() as connection:
            insert = upsert(self._database.dialect, table).values(**named, **begun).on_conflict_do_nothing()
            if (await connection.execute(insert)).rowcount == 1:
                return Claim(Standing.FRESH, begun["id"], attempt)
            where = [table.c[name] == value for name, value in named.items()]
            row = (await connection.execute(select(table).where(*where).with_for_update())).first()
            if row is None:
                # Dropped at this very moment by the try that had it.
                return Claim(Standing.RUNNING, begun["id"], attempt)
            return await self._found(connection, row, begun, now)

    async def _found(self, connection: AsyncConnection, row: Any, begun: dict[str, Any], now: int) -> Claim:
        held = row.state == _RUNNING and row.held_until > now
        if row.expires <= now and not held:
            await connection.execute(update(table).where(table.c.id == row.id).values(**begun))
            return Claim(Standing.FRESH, begun["id"], begun["attempt"])
        if row.digest != begun["digest"]:
            return Claim(Standing.OTHER, row.id, row.attempt)
        if row.state == _OPEN:
            again = {name: begun[name] for name in ("state", "attempt", "held_until")}
            await connection.execute(update(table).where(table.c.id == row.id).values(**again))
            return Claim(Standing.FRESH, row.id, begun["attempt"])
        if held:
            return Claim(Standing.RUNNING, row.id, row.attempt)
        answer = self._opened(row) if row.state == _ANSWERED else None
        return Claim(Standing.ANSWERED if answer is not None else Standing.UNKNOWN, row.id, row.attempt, answer)

    async def renew(self, claim: Claim) -> None:
        """Keep the hold for another while."""
        await self._mark(claim, held_until=self._clock.now() + HOLD_S * SECOND)

    async def answered(self, claim: Claim, answer: Answer) -> None:
        """It is done: from now on this is what the key is answered."""
        await self._mark(claim, state=_ANSWERED, status=answer.status, answer=self._sealed(claim.id, answer))

    async def released(self, claim: Claim) -> None:
        """Nothing was done: the same request may be tried again, and keeps its id."""
        await self._mark(claim, state=_OPEN)

    async def given_up(self, claim: Claim) -> None:
        """Whether it was done is not known, and nobody will try again."""
        await self._mark(claim, state=_UNKNOWN)

    async def dropped(self, claim: Claim) -> None:
        """It did not even begin: forget the key."""
        async with self._database.write() as connection:
            await connection.execute(delete(table).where(table.c.id == claim.id, table.c.attempt == claim.attempt))

    async def forget_expired(self) -> int:
        """Delete what has expired; how many those were."""
        now = self._clock.now()
        async with self._database.write() as connection:
            gone = await connection.execute(delete(table).where(table.c.expires <= now, table.c.held_until <= now))
            return gone.rowcount

    async def _mark(self, claim: Claim, **values: Any) -> None:
        ours = (table.c.id == claim.id, table.c.attempt == claim.attempt, table.c.state == _RUNNING)
        async with self._database.write() as connection:
            await connection.execute(update(table).where(*ours).values(**values))

    def _sealed(self, id: str, answer: Answer) -> bytes:
        nonce = os.urandom(_NONCE)
        headers = orjson.dumps(dict(answer.headers))
        plain = len(headers).to_bytes(4, "big") + headers + answer.body
        return nonce + self._sealing.encrypt(nonce, plain, id.encode())

    def _opened(self, row: Any) -> Answer | None:
        """None where the installation's key is another than it was."""
        try:
            plain = self._sealing.decrypt(row.answer[:_NONCE], row.answer[_NONCE:], row.id.encode())
        except InvalidTag:
            return None
        size = int.from_bytes(plain[:4], "big")
        return Answer(row.status, orjson.loads(plain[4 : 4 + size]), plain[4 + size :])


async def keep_clean(requests: KeyedRequests, stop: asyncio.Event) -> None:
    """Forget expired keys now and then, until told to stop."""
    while not stop.is_set():
        await requests.forget_expired()
        try:
            await asyncio.wait_for(stop.wait(), _CLEANING_PAUSE_S)
        except TimeoutError:
            continue
