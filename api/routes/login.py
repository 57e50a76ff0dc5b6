"""Logging in, and who one is."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.context import Caller, Here
from api.schemas import LoginIn, LoginOut, MeOut
from engine.clock import to_iso
from engine.errors import Unauthenticated

open_router = APIRouter(prefix="/api/v1", tags=["login"])
router = APIRouter(tags=["login"])


@open_router.post("/login", operation_id="login", summary="Log in with e-mail address and password")
async def login(body: LoginIn, request: Request, here: Here) -> LoginOut:
    """Gives a bearer token for eight hours. Unknown addresses and wrong passwords get the same answer in the same
    time; both are limited per address and per account (429 with Retry-After)."""
    account = body.email.lower()
    here.by_address.take(request.client.host if request.client else "")
    here.by_account.take(account)
    user = await here.ports.registry.authenticate(body.email, body.password)
    if user is None:
        raise Unauthenticated("No user has this e-mail address and this password.", remedy="Check both and try again.")
    here.by_account.forgive(account)
    token, ends = here.logins.issue(user)
    return LoginOut(access_token=token, expires_at=to_iso(ends), role=user.role)


@router.get("/me", operation_id="getMe", summary="Who I am and what I may")
async def get_me(caller: Caller) -> MeOut:
    return MeOut(id=caller.id, email=caller.email, role=caller.role, permissions=sorted(caller.permissions))
