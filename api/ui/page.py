"""`@page`: an address, who may look at it, and where it stands in the navigation.

    @page("/charge-points/{id}", N_("Charge point"), "charge-points:read")
    async def charge_point(visit: Visit, id: str) -> None:
        row = await visit.api.get(f"/charge-points/{id}")
        ...

Whoever is not signed in is sent to sign in and comes back; whoever may not look is answered 403, in the frame. A
ProblemError while it is made becomes a notice with the API's own words, under the API's status.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Depends, Request
from nicegui import ui

from api.access.principal import Principal
from api.ui.client import ProblemError
from api.ui.frame import framed
from api.ui.parts.notices import problem_notice, refusal
from api.ui.visit import ASKING, Visit

Build = Callable[..., Awaitable[None]]
NOBODY = Principal("", "", "", kind="anonymous")
OPENS_WITHIN_S = 10.0
DARK = {"auto": None, "light": False, "dark": True}
PACKS = {"en": "en-GB", "de": "de"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands in the navigation. `section`: operate, business, people or settings. Icons are Material's."""

    section: str
    icon: str
    order: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the dashboard or of the driver's web app."""

    path: str
    title: str
    permission: str
    place: Place | None
    frame: Callable[..., Any]
    open: bool


PAGES: list[Page] = []
"""All that there are, by the order of their import."""


class SignInFirst(Exception):
    """Nobody is signed in, and the page is not for everybody."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


class _UiPage(ui.page):
    """NiceGUI's page, in the theme and the language of whoever asks for it."""

    def __init__(self, path: str, **more: Any) -> None:
        super().__init__(path, response_timeout=OPENS_WITHIN_S, include_in_schema=False, **more)

    def resolve_dark(self) -> bool | None:
        return DARK[ASKING.get().theme]

    def resolve_language(self) -> Any:
        return PACKS[ASKING.get().language]


def page(
    path: str,
    title: str,
    permission: str,
    place: Place | None = None,
    *,
    frame: Callable[..., Any] = framed,
    open: bool = False,
    sign_in: str = "/sign-in",
) -> Callable[[Build], Build]:
    """Register a page. `title` is noted by N_. `open`: also without a login (`visit.signed_in` tells).

    `frame(visit, page)` is the context manager that draws what stands around it.
    """

    def register(build: Build) -> Build:
        made = Page(path, title, permission, place, frame, open)
        PAGES.append(made)

        async def signed_in(request: Request) -> None:
            if request.state.visitor.principal is None and not open:
                raise SignInFirst(f"{sign_in}?then={quote(_local(request), safe='')}")

        _UiPage(path, dependencies=[Depends(signed_in)])(_built(made, build))
        return build

    return register


def _local(request: Request) -> str:
    """The address within this site that is asked for."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _built(made: Page, build: Build) -> Build:
    _, *more = inspect.signature(build).parameters.values()

    async def built(request: Request, **parameters: Any) -> None:
        client = ui.context.client
        visit = Visit.begin(request, client, request.state.visitor.principal or NOBODY)
        await visit.prepare()
        with made.frame(visit, made):
            if made.permission and not visit.may(made.permission):
                client.status_code = 403
                refusal(made.permission)
                return
            try:
                await build(visit, **parameters)
            except ProblemError as problem:
                client.status_code = problem.status
                problem_notice(problem)

    asked = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in more]
    built.__signature__ = inspect.Signature([asked, *keywords])  # type: ignore[attr-defined]
    built.__name__, built.__module__ = build.__name__, build.__module__
    built.__annotations__ = {**build.__annotations__, "request": Request}
    return built
