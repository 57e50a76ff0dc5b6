"""How a page of `/drive` is registered, made and refused.

    @get("/drive/s/{station}")
    async def station(request: Request, visitor: Visitor) -> Response:
        return page(request, "station", title=…, …)

Handlers run in the visitor's language; a form of another site is refused; a ProblemError that nobody caught becomes a
page with the API's own words, and one of a login that is over a way to sign in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from nicegui import app as nicegui_app
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from api.drive import figures, words
from api.drive.icons import ICONS
from api.drive.tiles import tile_host, tiles
from api.ui.client import ProblemError
from api.ui.notes import notes
from api.ui.signing_in import from_here
from api.ui.texts import LANGUAGES, _, language, n_, speaking
from api.ui.visit import Visitor

Handler = Callable[[Request, Visitor], Awaitable[Response]]
HERE = Path(__file__).parent
ASSETS = HERE / "assets"


# --- registering --------------------------------------------------------------------------------------------------


def get(path: str) -> Callable[[Handler], Handler]:
    return _registered(path, "GET")


def post(path: str) -> Callable[[Handler], Handler]:
    return _registered(path, "POST")


def _registered(path: str, method: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        nicegui_app.routes.append(Route(path, _guarded(handler), methods=[method]))
        return handler

    return register


def _guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        visitor: Visitor = request.state.visitor
        with speaking(visitor.language):
            if request.method == "POST" and not from_here(request):
                return refusal(
                    request, 403, _("This form was sent from another site. Open the page here and try again.")
                )
            try:
                return await handler(request, visitor)
            except ProblemError as problem:
                if problem.status == 401:
                    return to_sign_in(request)
                return refusal(request, problem.status, words.of_problem(problem))

    return guarded


def to_sign_in(request: Request) -> Response:
    where = request.url.path if request.method == "GET" else "/drive"
    return RedirectResponse(f"/sign-in?then={quote(where, safe='')}", 303)


def is_driver(visitor: Visitor) -> bool:
    """Whether a driver is signed in. Staff look at `/drive` as anybody does."""
    return visitor.principal is not None and "own:read" in visitor.principal.permissions


def driver_only(handler: Handler) -> Handler:
    """Sends whoever is not signed in to sign in; they come back."""

    @wraps(handler)
    async def checked(request: Request, visitor: Visitor) -> Response:
        return await handler(request, visitor) if is_driver(visitor) else to_sign_in(request)

    return checked


def field(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


# --- making -------------------------------------------------------------------------------------------------------


@cache
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"_": _, "n_": n_, "figures": figures, "words": words, "asset": asset, "icons": ICONS}
    return made


@cache
def asset(name: str) -> str:
    """The address of a file of ours. It changes with what is in it, so that browsers may keep it for ever."""
    digest = hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:12]
    return f"/drive/assets/{digest}/{name}"


def page(request: Request, name: str, /, *, status: int = 200, **parts: Any) -> HTMLResponse:
    """The whole page. `told` and `refused` stand above its content."""
    visitor: Visitor = request.state.visitor
    stands = {
        "language": language(),
        "languages": LANGUAGES,
        "theme": visitor.theme,
        "notes": notes(visitor.context),
        "signed_in": is_driver(visitor),
        "path": request.url.path,
        "told": "",
        "refused": "",
        "tiles": None,
    }
    text = environment().get_template(f"{name}.html").render(stands | parts)
    return HTMLResponse(text, status, headers=_headers(visitor))


def fragment(name: str, /, **parts: Any) -> str:
    return environment().get_template(f"{name}.html").render(parts)


def refusal(request: Request, status: int, why: str) -> HTMLResponse:
    return page(request, "refusal", status=status, refused=why)


def _headers(visitor: Visitor) -> dict[str, str]:
    images = " ".join(["'self'", "data:", *tile_host(tiles(visitor.context.settings))])
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {images}; connect-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    # Without a referrer browsers would call the origin of a form "null".
    return {
        "Content-Security-Policy": policy,
        "Permissions-Policy": "camera=(), geolocation=(self), microphone=(), payment=(), usb=()",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
