"""Logging in at the OpenID provider of the settings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Cookie, Query, Request, Response

from api.routes.people.login import logged_in
from api.schemas.people import ProviderOut
from api.schemas.resources import LoginOut
from api.web.context import Context, Here
from engine.errors import NotFound, Unauthenticated
from engine.oidc.provider import OidcProvider
from engine.oidc.role_mapping import RoleMapping
from engine.stores.people.identities import FLOW_LASTS_US

open_router = APIRouter(prefix="/api/v1/oidc", tags=["login"])
COOKIE = "raycharge_oidc"
STRONG = frozenset({"mfa", "otp", "hwk", "pop"})
"""Of RFC 8176's values of `amr` those by which the provider says that more than a password was shown."""


@open_router.post("/start", operation_id="startOidcLogin", summary="Begin to log in at the OpenID provider")
async def start_oidc_login(request: Request, here: Here, response: Response) -> ProviderOut:
    """Gives the address to send the browser to, and a cookie by which only this browser can come back."""
    here.by_address.take(request.state.address)
    provider = _provider(here)
    flow = await here.ports.business.people.identities.begin()
    url = await provider.authorization_url(flow.state, flow.nonce, flow.verifier)
    response.set_cookie(
        COOKIE,
        flow.browser,
        max_age=FLOW_LASTS_US // 1_000_000,
        path="/api/v1/oidc",
        httponly=True,
        samesite="lax",
        secure=provider.client.redirect_uri.startswith("https:"),
    )
    return ProviderOut(authorization_url=url)


@open_router.get("/callback", operation_id="finishOidcLogin", summary="Come back from the OpenID provider")
async def finish_oidc_login(
    request: Request,
    here: Here,
    response: Response,
    state: Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{20,100}$")],
    code: Annotated[str, Query(max_length=4096)] = "",
    error: Annotated[str, Query(max_length=200, description="Why the provider did not log anybody in.")] = "",
    browser: Annotated[str, Cookie(alias=COOKIE, max_length=100)] = "",
) -> LoginOut:
    """Known by the provider's subject, or (where the settings say so) linked by a verified address at the first time;
    roles follow the provider's claims."""
    here.by_address.take(request.state.address)
    provider, people = _provider(here), here.ports.business.people
    nonce, verifier = await people.identities.take(state, browser)
    response.delete_cookie(COOKIE, path="/api/v1/oidc")
    if error or not code:
        raise Unauthenticated("The provider did not log you in.", remedy="Begin again.")
    claims = await provider.claims_of(code, verifier, nonce)
    settings = here.settings
    mapping = RoleMapping.read(settings.oidc_role_claim, settings.oidc_roles)
    account = await people.identities.account_of(
        claims, mapping.roles_of(claims), link_by_email=settings.oidc_link_by_email
    )
    shown = claims.get("amr")
    strong = isinstance(shown, list) and not STRONG.isdisjoint(value for value in shown if isinstance(value, str))
    return await logged_in(request, here, account.id, method="oidc", second_factor=strong)


def _provider(here: Context) -> OidcProvider:
    if here.oidc is None:
        raise NotFound("There is no OpenID provider.", field="oidc", remedy="Log in with address and password.")
    return here.oidc
