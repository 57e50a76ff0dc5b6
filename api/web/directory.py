"""Finds a request's route by the first words of its address, instead of trying hundreds in turn.

FastAPI's router tries every route, once for each level of routers; with four hundred operations that is a millisecond
or more of each request. Here the routers of one area ("charge-points", "sessions", …) are found in a dictionary. What
none of them takes (an unknown address, a method that is not there) goes the long way, which has the right answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

API = "/api/v1/"


class Directory:
    """Stands in front of a router's own search, as its `middleware_stack`."""

    def __init__(self, router: APIRouter, areas: Mapping[str, Sequence[BaseRoute]]) -> None:
        self._router, self._otherwise, self._areas = router, router.middleware_stack, areas

    @classmethod
    def of(cls, app_router: APIRouter, included: Iterable[tuple[APIRouter, str, BaseRoute]]) -> ASGIApp:
        """`included` are the routers that were included in `app_router`: each, its prefix, and what it became."""
        areas: dict[str, list[BaseRoute]] = {}
        for router, prefix, route in included:
            for area in dict.fromkeys(_area(prefix + getattr(each, "path", "")) for each in router.routes):
                areas.setdefault(area, []).append(route)
        return cls(app_router, areas)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for route in self._areas.get(_area(scope["path"]), ()):
                match, more = route.matches(scope)
                if match == Match.FULL:
                    scope.setdefault("router", self._router)
                    scope.update(more)
                    await route.handle(scope, receive, send)
                    return
        await self._otherwise(scope, receive, send)


def _area(path: str) -> str:
    """The first word of an address; of the API's, the one after its version."""
    if path.startswith(API):
        return API + path.removeprefix(API).partition("/")[0]
    return "/" + path.removeprefix("/").partition("/")[0]
