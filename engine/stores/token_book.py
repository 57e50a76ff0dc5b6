"""How every idToken stands, from memory: authorisation costs no store anything (design, section 5).

The book is read whole at start, again after every change that is announced, and now and then in case one was missed.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from engine.charging.messages import TokenStanding
from engine.clock import Clock, SystemClock
from engine.errors import StoreUnavailable
from engine.stores.changes import TOKEN, Change
from engine.stores.tokens import Token

log = structlog.get_logger("token_book")
REFRESH_S = 60.0
UNKNOWN = TokenStanding("Invalid")


class TokenSource(Protocol):
    """Where tokens come from: the registry."""

    async def all(self) -> dict[str, Token]:
        """All tokens by lower-case text."""
        ...


class TokenBook:
    """The tokens of this process, by lower-case text (OCPP 1.6 compares idTags without regard to case)."""

    def __init__(self, source: TokenSource, clock: Clock | None = None) -> None:
        self._source = source
        self._clock = clock or SystemClock()
        self._tokens: dict[str, Token] = {}
        self._stale = asyncio.Event()
        self.read_at = 0

    def __len__(self) -> int:
        return len(self._tokens)

    def standing(self, id_token: str) -> TokenStanding:
        """How the token stands now; unknown ones are Invalid."""
        token = self._tokens.get(id_token.lower())
        return UNKNOWN if token is None else token.standing(self._clock.now())

    def changed(self, change: Change) -> None:
        """A token has changed: read again soon."""
        if change.kind == TOKEN:
            self._stale.set()

    async def read(self) -> None:
        """Read all tokens. Raises StoreUnavailable; the old book stays in use then."""
        self._stale.clear()
        self._tokens = await self._source.all()
        self.read_at = self._clock.now()

    async def keep_current(self) -> None:
        """Read whenever something has changed, and every minute; for ever."""
        while True:
            waiting = asyncio.ensure_future(self._stale.wait())
            await asyncio.wait([waiting], timeout=REFRESH_S)
            waiting.cancel()
            try:
                await self.read()
            except StoreUnavailable as error:
                log.warning("tokens_not_read", error=str(error))
                await asyncio.sleep(1.0)
                self._stale.set()
