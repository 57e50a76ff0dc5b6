"""How every idToken stands, from memory: authorisation costs no store anything (design, section 5).

The book is read whole at start, again after every change that is announced, and now and then in case one was missed.
"""

from __future__ import annotations

from typing import Protocol

from engine.charging.messages import TokenStanding
from engine.clock import Clock, SystemClock
from engine.stores.changes import TOKEN
from engine.stores.kept_book import KeptBook
from engine.stores.tokens import Token

UNKNOWN = TokenStanding("Invalid")


class TokenSource(Protocol):
    """Where tokens come from: the registry."""

    async def all(self) -> dict[str, Token]:
        """All tokens by lower-case text."""
        ...


class TokenBook(KeptBook):
    """The tokens of this process, by lower-case text (OCPP 1.6 compares idTags without regard to case)."""

    kind = TOKEN

    def __init__(self, source: TokenSource, clock: Clock | None = None) -> None:
        super().__init__()
        self._source = source
        self._clock = clock or SystemClock()
        self._tokens: dict[str, Token] = {}
        self.read_at = 0

    def __len__(self) -> int:
        return len(self._tokens)

    def standing(self, id_token: str) -> TokenStanding:
        """How the token stands now; unknown ones are Invalid."""
        token = self._tokens.get(id_token.lower())
        return UNKNOWN if token is None else token.standing(self._clock.now())

    async def read(self) -> None:
        """Read all tokens. Raises StoreUnavailable; the old book stays in use then."""
        self._tokens = await self._source.all()
        self.read_at = self._clock.now()
