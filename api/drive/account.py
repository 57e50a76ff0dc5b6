"""A driver's account: becoming one, name and language, how the app looks, and being forgotten."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.drive import words
from api.drive.page import driver_only, field, get, page, post
from api.ui import cookies
from api.ui.client import ProblemError
from api.ui.signing_in import local, signed_in
from api.ui.texts import LANGUAGES, _
from api.ui.visit import THEMES, Visitor

HOME = "/drive/account"


# --- becoming a driver ----------------------------------------------------------------------------------------------


@get("/drive/sign-up")
async def sign_up_page(request: Request, visitor: Visitor) -> Response:
    return await _sign_up(request, visitor)


async def _sign_up(request: Request, visitor: Visitor, status: int = 200, **parts: str) -> Response:
    operators = await visitor.api().get("/open/operators")
    said = {"refused": "", "email": "", "name": "", "network": "", "then": local(request.query_params.get("then", ""))}
    return page(request, "sign_up", status=status, operators=operators, **(said | parts))


@post("/drive/sign-up")
async def sign_up(request: Request, visitor: Visitor) -> Response:
    """The API tells nobody whether an address has an account: the letter does."""
    form = await request.form()
    said = {name: field(form, name) for name in ("network", "email", "name", "then")}
    body = {name: said[name] for name in ("network", "email", "name")} | {"password": str(form.get("password", ""))}
    try:
        await visitor.api().post("/sign-up", body)
    except ProblemError as problem:
        return await _sign_up(request, visitor, problem.status, refused=words.of_problem(problem), **said)
    return page(request, "confirm", email=said["email"], then=local(said["then"]), token="")


@get("/drive/confirm")
async def confirm_page(request: Request, visitor: Visitor) -> Response:
    then = local(request.query_params.get("then", ""))
    return page(request, "confirm", email="", then=then, token=request.query_params.get("token", "")[:200])


@post("/drive/confirm")
async def confirm(request: Request, visitor: Visitor) -> Response:
    form = await request.form()
    token, then = field(form, "token"), local(field(form, "then"))
    try:
        answer = await visitor.api().ask(
            "POST", "/sign-up/confirm", {"token": token, "password": str(form.get("password", ""))}
        )
    except ProblemError as problem:
        parts = {"email": "", "then": then, "token": token, "refused": words.of_problem(problem)}
        return page(request, "confirm", status=problem.status, **parts)
    return signed_in(request, answer, then or "/drive")


# --- how the app looks ----------------------------------------------------------------------------------------------


@post("/drive/look")
async def look(request: Request, visitor: Visitor) -> Response:
    """Language and theme, kept in cookies; whoever is not signed in may choose, too."""
    form = await request.form()
    response = RedirectResponse(local(field(form, "then")) or HOME, 303)
    for name, value, known in (
        (cookies.LANGUAGE, field(form, "language"), LANGUAGES),
        (cookies.THEME, field(form, "theme"), THEMES),
    ):
        if value in known:
            response.set_cookie(name, value, max_age=cookies.YEAR_S, path="/", samesite="lax")
    return response


# --- the account ----------------------------------------------------------------------------------------------------


@get(HOME)
async def account(request: Request, visitor: Visitor) -> Response:
    """Also for those who are not signed in: language, theme, and the ways in."""
    if visitor.principal is None or "own:read" not in visitor.principal.permissions:
        return page(request, "account_guest")
    return await _account(request, visitor)


async def _account(
    request: Request, visitor: Visitor, status: int = 200, refused: str = "", told: str = ""
) -> Response:
    answer = await visitor.api().ask("GET", "/me/profile")
    parts = {"profile": answer.data, "etag": answer.etag, "refused": refused, "told": told}
    return page(request, "account", status=status, **parts)


@post(HOME)
@driver_only
async def change(request: Request, visitor: Visitor) -> Response:
    form = await request.form()
    body = {"name": field(form, "name"), "phone": field(form, "phone"), "language": field(form, "language")}
    try:
        await visitor.api().patch("/me/profile", body, etag=field(form, "etag"))
    except ProblemError as problem:
        return await _account(request, visitor, problem.status, words.of_problem(problem))
    return await _account(request, visitor, told=_("Saved."))


@post("/drive/account/forget")
@driver_only
async def forget(request: Request, visitor: Visitor) -> Response:
    """For good; the word is typed by whoever means it."""
    form = await request.form()
    if field(form, "sure") != "yes":
        return await _account(request, visitor, 422, _("Tick that you are sure."))
    try:
        await visitor.api().delete("/me", etag=field(form, "etag"))
    except ProblemError as problem:
        return await _account(request, visitor, problem.status, words.of_problem(problem))
    response = RedirectResponse(f"/drive?{urlencode({'why': 'forgotten'})}", 303)
    response.delete_cookie(cookies.LOGIN, path="/")
    return response
