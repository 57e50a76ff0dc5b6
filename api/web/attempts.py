"""How often somebody may try to log in: per address and per account, in memory of this façade."""

from __future__ import annotations

from collections import OrderedDict

from api.web.problems import TooManyTries
from engine.clock import SECOND, Clock

_REMEMBERED = 10_000


class Attempts:
    """A bucket of tries for each key: `burst` at once, then one more every `refill_s` seconds.

    Memory is bounded: the keys that were used least recently are forgotten, which are the fullest buckets.
    """

    def __init__(self, clock: Clock, *, burst: int, refill_s: float, words: str = "Too many tries to log in.") -> None:
        self._clock, self._burst, self._refill_us = clock, burst, round(refill_s * SECOND)
        self._words = words
        self._empty_until: OrderedDict[str, int] = OrderedDict()

    def take(self, key: str) -> None:
        """Use up one try of `key`. Raises TooManyTries with the seconds to wait, in whole seconds rounded up."""
        now = self._clock.now()
        spent = max(self._empty_until.get(key, now), now) + self._refill_us
        over = spent - now - self._burst * self._refill_us
        if over > 0:
            raise TooManyTries(f"{self._words} Wait a little.", -(-over // SECOND))
        self._empty_until[key] = spent
        self._empty_until.move_to_end(key)
        while len(self._empty_until) > _REMEMBERED:
            self._empty_until.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Give `key` its tries back (after a successful login)."""
        self._empty_until.pop(key, None)
