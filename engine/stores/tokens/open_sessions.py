"""Which sessions are open, and by which token: what the limit of sessions at once is held against.

What this host's own charge points do is known here at once: whenever a machine's transactions change, its actor says
so. What the others do comes from the journal's projection by way of the live feed (engine/projections/openings.py),
within a second, and is read from the ledger at start and every minute. A charge point that has its actor here is never
counted from there: its actor knows better, and a Start that is said again must not meet its own echo.

A session of which nobody has heard for twelve hours does not count: a station that broke down in the middle of one
would else keep its driver from charging anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, KeysView
from typing import NamedTuple

from engine.charging.state import ChargePointState
from engine.clock import SECOND

SILENT = 12 * 3600 * SECOND
"""After so long without news (microseconds) a session does not count any more."""

_REMEMBERED = 600 * SECOND
_FRESH = 60 * SECOND


class Open(NamedTuple):
    """A session that is open at `charge_point` by the token `folded`; `heard` (microseconds) is its last news."""

    session: str
    charge_point: str
    folded: str
    heard: int


class OpenSessions:
    """All that are known in this process."""

    def __init__(self) -> None:
        self._own: dict[str, tuple[ChargePointState, dict[str, str]]] = {}
        self._by_token: dict[str, dict[str, str]] = {}
        """Own ones: token → session → charge point."""
        self._others: dict[str, Open] = {}
        self._others_by_token: dict[str, set[str]] = {}
        self._ended: dict[str, int] = {}

    # of this host ----------------------------------------------------------------------------------------------------

    def at(self, charge_point: str, state: ChargePointState) -> None:
        """These are the transactions of a charge point whose actor is here. The state is looked at again later."""
        now_open = {
            transaction.session: transaction.id_token.lower()
            for transaction in state.open.values()
            if transaction.id_token and (transaction.start_standing is None or transaction.start_standing.accepted)
        }
        known = self._own.get(charge_point)
        before = _NOTHING if known is None else known[1]
        self._own[charge_point] = (state, now_open or _NOTHING)
        if before == now_open:
            return
        for session, folded in before.items():
            self._leave(folded, session)
        for session, folded in now_open.items():
            self._by_token.setdefault(folded, {})[session] = charge_point

    def gone(self, charge_point: str) -> None:
        """Its actor is not here any more."""
        known = self._own.pop(charge_point, None)
        if known is not None:
            for session, folded in known[1].items():
                self._leave(folded, session)

    def _leave(self, folded: str, session: str) -> None:
        sessions = self._by_token.get(folded)
        if sessions is not None:
            sessions.pop(session, None)
            if not sessions:
                del self._by_token[folded]

    # of all hosts ----------------------------------------------------------------------------------------------------

    def heard(self, session: Open) -> None:
        """A session is open, says the journal."""
        if session.session not in self._ended:
            self._forget(session.session)
            self._others[session.session] = session
            self._others_by_token.setdefault(session.folded, set()).add(session.session)

    def ended(self, session: str, now: int) -> None:
        """A session is over, says the journal. A ledger that lags behind does not open it again."""
        self._forget(session)
        self._ended[session] = now
        if len(self._ended) % 256 == 0:
            self._ended = {name: at for name, at in self._ended.items() if now - at < _REMEMBERED}

    def read(self, ledger: Iterable[Open], now: int) -> None:
        """The ledger's open sessions, all of them. What the feed told in the last minute may not be there yet."""
        there = {session.session: session for session in ledger}
        for name, known in list(self._others.items()):
            if name not in there and now - known.heard > _FRESH:
                self._forget(name)
        for session in there.values():
            self.heard(session)

    def _forget(self, session: str) -> None:
        known = self._others.pop(session, None)
        if known is not None:
            names = self._others_by_token[known.folded]
            names.discard(session)
            if not names:
                del self._others_by_token[known.folded]

    # what is open ----------------------------------------------------------------------------------------------------

    def tokens(self) -> tuple[KeysView[str], KeysView[str]]:
        """The tokens that have something open, here and elsewhere."""
        return self._by_token.keys(), self._others_by_token.keys()

    def of(self, folded: str, now: int) -> Iterator[tuple[str, str]]:
        """Session and charge point of each one that counts for this token, by its text."""
        for session, charge_point in self._by_token.get(folded, _NOTHING).items():
            if now - self._own[charge_point][0].last_seen < SILENT:
                yield session, charge_point
        for session in self._others_by_token.get(folded, ()):
            other = self._others[session]
            if other.charge_point not in self._own and now - other.heard < SILENT:
                yield session, other.charge_point


_NOTHING: dict[str, str] = {}
