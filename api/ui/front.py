"""One port for both: the REST API's own addresses go to it, everything else to the pages.

The API's gate stays as it is, with nothing open in it for pages: what a page shows, it asks of the API like anybody.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.permissions import FILES, OPEN_PATHS
from api.drive.tiles import tile_host, tiles
from api.ui import cookies, mounting
from api.ui.door import SOCKET, STATICS, Door
from api.ui.signing_in import CALLBACK, THEN
from api.ui.statics import KeptStatics
from api.web.context import Context
from api.web.middleware import Frame
from api.web.rates import RateLimit, by_address

OF_THE_API = frozenset(path.split("/")[1] for path in OPEN_PATHS) | {FILES.strip("/"), "metrics", "ocpi"}
"""First parts of the addresses that are the API's."""


class Front:
    """The façade with its pages, as an ASGI application. `state.context` is the façade's."""

    def __init__(self, rest: FastAPI) -> None:
        context: Context = rest.state.context
        self.state = rest.state
        self._rest = rest
        pages = mounting.pages_of(rest)
        hosts = tile_host(tiles(context.settings))
        self._door: ASGIApp = Door(pages, rest, context, lambda: "".join(f" {host}" for host in hosts))
        self._statics: ASGIApp = KeptStatics(self._door)
        limit, clock = context.settings.requests_per_minute_per_address, context.ports.clock
        limited = RateLimit(self._door, name="address", limit=limit, clock=clock, key_of=by_address)
        self._framed: ASGIApp = Frame(limited, duration=context.duration, proxies=context.settings.proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or not self._is_page(scope):
            await self._rest(scope, receive, send)
        elif scope["path"].startswith((SOCKET, *STATICS)):
            # Many at once for each page, and nothing in them that anybody has to know of.
            await self._statics(scope, receive, send)
        else:
            await self._framed(scope, receive, send)

    def _is_page(self, scope: Scope) -> bool:
        return _first(scope["path"]) not in OF_THE_API or (scope["path"] == CALLBACK and THEN in cookies.read(scope))


def _first(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else ""
