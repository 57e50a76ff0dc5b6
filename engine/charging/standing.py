"""How a token stands, with the limits of sessions at once that a machine has to hold against its own transactions."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

CONCURRENT = "ConcurrentTx"


class Taken(NamedTuple):
    """A limit of sessions at once that is reached, and by which sessions."""

    limit: int
    sessions: frozenset[str]


@dataclass(frozen=True, slots=True)
class TokenStanding:
    """How an idToken stands in our books at this moment.

    `status` is one of OCPP 1.6's AuthorizationStatus: Accepted, Blocked, Expired, Invalid, ConcurrentTx; or of those of
    2.x for which 1.6 has no word: NoCredit, NotAtThisTime. `expires` in microseconds or None. `group` is the parent
    idTag or "". `taken` are the reached limits that make it ConcurrentTx: only a machine knows which of those sessions
    are the very one that is asked about.
    """

    status: str
    expires: int | None = None
    group: str = ""
    taken: tuple[Taken, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.status == "Accepted"

    def without(self, sessions: AbstractSet[str]) -> TokenStanding:
        """How it stands where these sessions do not count: nobody is concurrent with himself."""
        if not self.taken:
            return self
        held = any(len(taken.sessions - sessions) >= taken.limit for taken in self.taken)
        return TokenStanding(self.status if held else "Accepted", self.expires, self.group)

    def for_ending(self) -> TokenStanding:
        """How it stands for ending a session: how many are open says nothing about that."""
        return TokenStanding("Accepted", self.expires, self.group) if self.status == CONCURRENT else self

    def known_here(self, sessions: AbstractSet[str]) -> TokenStanding:
        """How it stands when it is shown where these sessions are open: for ending one of them, if one is its own.

        Else for beginning one more, which a driver should be told before the cable is in (1.6 and 2.x would have it
        said to the Start only).
        """
        own = any(not taken.sessions.isdisjoint(sessions) for taken in self.taken)
        return self.for_ending() if own else self.without(frozenset())
