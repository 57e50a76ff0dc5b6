"""Signing in and out, and the ways back in: plain HTML forms that work before anything else is loaded.

Each asks the REST API, with the browser's own address, so that its limits and its words hold here too. The token goes
into a cookie that no script can read and no other site can use. A password that still waits for its one-time code
travels in the form, sealed with the installation's key, for five minutes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from cryptography.fernet import Fernet, InvalidToken
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.ui import cookies
from api.ui.client import Answer, ProblemError
from api.ui.plain import plain
from api.ui.texts import _, speaking
from api.ui.visit import Visitor

SEALED_S = 300
THEN = "raycharge_then"
OIDC_BROWSER, OIDC_PATH = "raycharge_oidc", "/api/v1/oidc"
CALLBACK = f"{OIDC_PATH}/callback"
HOME, DRIVERS_HOME, ACCOUNT = "/", "/drive", "/account"
_LASTS_S = 8 * 3600
Handler = Callable[[Request, Visitor], Awaitable[Response]]


def routes() -> list[Route]:
    return [
        Route("/sign-in", _spoken(_show_sign_in), methods=["GET"]),
        Route("/sign-in", _spoken(_sign_in), methods=["POST"]),
        Route("/sign-in/oidc", _spoken(_to_provider), methods=["POST"]),
        Route(CALLBACK, _spoken(_from_provider), methods=["GET"]),
        Route("/sign-out", _spoken(_sign_out), methods=["POST"]),
        Route("/forgotten-password", _spoken(_show_forgotten), methods=["GET"]),
        Route("/forgotten-password", _spoken(_forgotten), methods=["POST"]),
        *_with_code("/new-password", "/password-reset/confirm"),
        *_with_code("/invitation", "/invitation/accept"),
    ]


def _with_code(path: str, operation: str) -> list[Route]:
    """The page on which a letter's code and a new password are given."""
    return [
        Route(path, _spoken(partial(_show_code, path)), methods=["GET"]),
        Route(path, _spoken(partial(_take_code, path, operation)), methods=["POST"]),
    ]


def _spoken(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """In the visitor's language; forms of other sites are refused."""

    async def spoken(request: Request) -> Response:
        visitor: Visitor = request.state.visitor
        with speaking(visitor.language):
            if request.method == "POST" and not from_here(request):
                words = _("This form was sent from another site. Open the page here and try again.")
                return plain(request, "sign_in", status=403, refused=words, **_sign_in_parts(visitor))
            return await handler(request, visitor)

    return spoken


def from_here(request: Request) -> bool:
    """Whether a form was sent by a page of this site: browsers say so, and no other site can say it for them."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin", "")
    return not origin or urlsplit(origin).netloc == request.headers.get("host", "")


def local(where: str) -> str:
    """Where to go afterwards: an address within this site, or "" for what is none."""
    parts = urlsplit(where)
    good = where.startswith("/") and not where.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return where if good and where.isprintable() else ""


def _sign_in_parts(visitor: Visitor, then: str = "", **more: Any) -> dict[str, Any]:
    oidc = visitor.context.oidc is not None
    return {"then": then, "oidc": oidc, "driver": then.startswith(DRIVERS_HOME), **more}


async def _show_sign_in(request: Request, visitor: Visitor) -> Response:
    then = local(request.query_params.get("then", ""))
    if visitor.principal is not None:
        return RedirectResponse(then or _home_of(visitor.principal.kind), 303)
    why = {
        "ended": _("Your login has ended. Please sign in again."),
        "changed": _("Your new password is set. Please sign in with it."),
        "out": _("You are signed out."),
    }.get(request.query_params.get("why", ""), "")
    network = request.query_params.get("network", "")
    return plain(request, "sign_in", **_sign_in_parts(visitor, then, told=why, network=network))


async def _sign_in(request: Request, visitor: Visitor) -> Response:
    form = await request.form()
    then, sealed = local(_field(form, "then")), _field(form, "sealed")
    body = _unseal(visitor, sealed) if sealed else _credentials(form)
    if body is None:
        words = _("That took too long. Please begin again.")
        return plain(request, "sign_in", status=401, **_sign_in_parts(visitor, then, refused=words))
    code = _field(form, "code").strip()
    asked = {**body, **(_code(code) if code else {})}
    try:
        answer = await visitor.api().ask("POST", "/login", asked)
    except ProblemError as problem:
        if (problem.field == "totp" and problem.status == 401) or (sealed and problem.status in (401, 422)):
            refused = problem.detail if code else ""
            return plain(
                request,
                "code",
                status=401,
                sealed=_seal(visitor, body),
                then=then,
                refused=refused,
                email=body["email"],
            )
        parts = _sign_in_parts(visitor, then, refused=problem.detail, email=body["email"], network=body.get("network"))
        return plain(request, "sign_in", status=problem.status, **parts)
    return signed_in(request, answer, then)


def _credentials(form: FormData) -> dict[str, str]:
    body = {"email": _field(form, "email").strip(), "password": _field(form, "password")}
    if network := _field(form, "network").strip():
        body["network"] = network
    return body


def _code(code: str) -> dict[str, str]:
    """What is six digits is a one-time code, anything else a recovery code."""
    digits = code.replace(" ", "")
    return {"totp": digits} if len(digits) == 6 and digits.isdecimal() else {"recovery_code": code}


def signed_in(request: Request, answer: Answer, then: str) -> Response:
    """The way on for whom the API has just given a token."""
    token, role = answer.data["access_token"], answer.data["role"]
    home = _home_of("driver" if role == "driver" else "user")
    where = ACCOUNT if answer.data["second_factor_missing"] else then or home
    response = RedirectResponse(where, 303)
    response.set_cookie(
        cookies.LOGIN, token, max_age=_LASTS_S, path="/", httponly=True, samesite="lax", secure=_secure(request)
    )
    return response


def _secure(request: Request) -> bool:
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))


def _home_of(kind: str) -> str:
    return DRIVERS_HOME if kind == "driver" else HOME


async def _sign_out(request: Request, visitor: Visitor) -> Response:
    if visitor.principal is not None:
        await visitor.api().ask("POST", "/logout")
    then = local(_field(await request.form(), "then"))
    response = RedirectResponse(then or "/sign-in?why=out", 303)
    response.delete_cookie(cookies.LOGIN, path="/")
    return response


async def _to_provider(request: Request, visitor: Visitor) -> Response:
    then = local(_field(await request.form(), "then"))
    try:
        answer = await visitor.api().ask("POST", "/oidc/start")
    except ProblemError as problem:
        parts = _sign_in_parts(visitor, then, refused=problem.detail)
        return plain(request, "sign_in", status=problem.status, **parts)
    response = RedirectResponse(answer.data["authorization_url"], 303)
    response.headers.append("set-cookie", answer.headers["set-cookie"])
    back: dict[str, Any] = {
        "max_age": 600,
        "path": OIDC_PATH,
        "httponly": True,
        "samesite": "lax",
        "secure": _secure(request),
    }
    response.set_cookie(THEN, quote(then or HOME, safe=""), **back)
    return response


async def _from_provider(request: Request, visitor: Visitor) -> Response:
    """Comes here, and not to the API, when the login was begun on our page: its cookie tells."""
    browser = {"cookie": f"{OIDC_BROWSER}={request.cookies.get(OIDC_BROWSER, '')}"}
    then = local(request.cookies.get(THEN, "").replace("%2F", "/"))
    try:
        answer = await visitor.api().ask("GET", "/oidc/callback", params=dict(request.query_params), headers=browser)
    except ProblemError as problem:
        parts = _sign_in_parts(visitor, then, refused=problem.detail)
        response = plain(request, "sign_in", status=problem.status, **parts)
    else:
        response = signed_in(request, answer, then)
    for name in (THEN, OIDC_BROWSER):
        response.delete_cookie(name, path=OIDC_PATH)
    return response


async def _show_forgotten(request: Request, visitor: Visitor) -> Response:
    return plain(request, "forgotten", network=request.query_params.get("network", ""))


async def _forgotten(request: Request, visitor: Visitor) -> Response:
    form = await request.form()
    email, network = _field(form, "email").strip(), _field(form, "network").strip()
    try:
        await visitor.api().post("/password-reset", {"email": email, "network": network or None})
    except ProblemError as problem:
        return plain(request, "forgotten", status=problem.status, refused=problem.detail, email=email, network=network)
    return plain(
        request, "new_password", action="/new-password", told=_("If this address can be used, a letter is on its way.")
    )


async def _show_code(path: str, request: Request, visitor: Visitor) -> Response:
    return plain(request, "new_password", action=path, token=request.query_params.get("token", ""))


async def _take_code(path: str, operation: str, request: Request, visitor: Visitor) -> Response:
    form = await request.form()
    token, password = _field(form, "token").strip(), _field(form, "password")
    try:
        await visitor.api().post(operation, {"token": token, "password": password})
    except ProblemError as problem:
        return plain(request, "new_password", status=problem.status, action=path, token=token, refused=problem.detail)
    return RedirectResponse("/sign-in?why=changed", 303)


def _field(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _seal(visitor: Visitor, body: dict[str, str]) -> str:
    return _box(visitor).encrypt(orjson.dumps(body)).decode()


def _unseal(visitor: Visitor, sealed: str) -> dict[str, str] | None:
    """What was sealed within the last five minutes, by this installation."""
    try:
        body: dict[str, str] = orjson.loads(_box(visitor).decrypt(sealed.encode(), ttl=SEALED_S))
    except InvalidToken:
        return None
    return body


def _box(visitor: Visitor) -> Fernet:
    key = hashlib.blake2b(b"sign-in", key=visitor.context.ports.signing_key[:64], digest_size=32).digest()
    return Fernet(base64.urlsafe_b64encode(key))
