"""How many requests one address and one caller may make, in memory of this façade.

Each has a bucket that holds a minute's worth and fills evenly. Every answer says how it stands (IETF draft,
httpapi-ratelimit-headers); an empty bucket is 429 with Retry-After. With several façades each counts for itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.web.problems import TooManyRequests, problem_of
from engine.clock import SECOND, Clock

WINDOW_S = 60
_REMEMBERED = 50_000
WITHIN = "of_a_page"
"""Marks, in a request's state, those that a page of ours makes in this process: one page asks many times."""

UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by machines that watch us, and cheap."""


class Buckets:
    """`limit` requests at once for each key, and as many more evenly over each minute.

    Memory is bounded: the keys that were used least recently are forgotten, which are the fullest buckets.
    """

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock, self.limit = clock, limit
        self._cost = WINDOW_S * SECOND // limit
        self._empty_until: OrderedDict[str, int] = OrderedDict()

    def take(self, key: str) -> tuple[int, int]:
        """Use up one request of `key`: how many are left, and in how many seconds all of them are there again.

        Raises TooManyRequests with the seconds to wait, rounded up.
        """
        now = self._clock.now()
        spent = max(self._empty_until.get(key, now), now) + self._cost
        over = spent - now - self.limit * self._cost
        if over > 0:
            raise TooManyRequests(f"At most {self.limit} requests a minute.", -(-over // SECOND))
        self._empty_until[key] = spent
        self._empty_until.move_to_end(key)
        while len(self._empty_until) > _REMEMBERED:
            self._empty_until.popitem(last=False)
        return self.limit - -(-(spent - now) // self._cost), -(-(spent - now) // SECOND)


class RateLimit:
    """One limit around what is inside of it. `key_of` names whom a request counts for, None for nobody."""

    def __init__(
        self, app: ASGIApp, name: str, limit: int, clock: Clock, key_of: Callable[[Scope], str | None]
    ) -> None:
        self._app, self._name, self._key_of = app, name, key_of
        self._buckets = Buckets(clock, limit) if limit else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limited = scope["type"] == "http" and scope["path"] not in UNLIMITED and WITHIN not in scope["state"]
        key = self._key_of(scope) if limited else None
        if self._buckets is None or key is None:
            await self._app(scope, receive, send)
            return
        try:
            left, again = self._buckets.take(key)
        except TooManyRequests as error:
            answer = problem_of(error, scope["path"])
            self._say(MutableHeaders(raw=answer.raw_headers), 0, error.retry_after_s)
            await answer(scope, receive, send)
            return

        async def said(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._say(MutableHeaders(scope=message), left, again)
            await send(message)

        await self._app(scope, receive, said)

    def _say(self, headers: MutableHeaders, left: int, again: int) -> None:
        """The innermost limit speaks first; those outside of it add themselves."""
        assert self._buckets is not None
        policy, state = f'"{self._name}";q={self._buckets.limit};w={WINDOW_S}', f'"{self._name}";r={left};t={again}'
        for name, value in (("RateLimit-Policy", policy), ("RateLimit", state)):
            headers[name] = f"{headers[name]}, {value}" if name in headers else value


def by_address(scope: Scope) -> str | None:
    return str(scope["state"]["address"]) or None


def by_principal(scope: Scope) -> str | None:
    principal = scope["state"].get("principal")
    return None if principal is None else f"{principal.kind}:{principal.id}"
