"""Who one is, one's own logins, password and second factor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.access.principal import Principal
from api.routes.paging import Cursor, Limit
from api.schemas.people import (
    CodeIn,
    EnrolIn,
    EnrolmentOut,
    LoginSessionOut,
    PasswordChange,
    ProofIn,
    RecoveryCodesOut,
)
from api.schemas.resources import GrantedOut, MeOut, Page
from api.web.context import Caller, Context, Here
from engine.errors import InvalidInput
from engine.stores.listing import Wanted

router = APIRouter(prefix="/me", tags=["login"])
LoginId = Annotated[str, Path(alias="login", pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]


@router.get("", operation_id="getMe", summary="Who I am and what I may")
async def get_me(caller: Caller) -> MeOut:
    return MeOut(
        id=caller.id,
        email=caller.email,
        role=caller.role,
        permissions=sorted(caller.permissions),
        network=caller.network,
        grants=[
            GrantedOut(network=grant.network, permissions=sorted(grant.permissions))
            for grant in sorted(caller.grants, key=lambda grant: grant.network or "")
        ],
    )


@router.get("/logins", operation_id="listMyLogins", summary="Where I am logged in")
async def list_my_logins(
    caller: Caller, here: Here, limit: Limit = 100, cursor: Cursor = None
) -> Page[LoginSessionOut]:
    page = await here.ports.business.people.logins.list_of(caller.account, Wanted("", cursor, limit))
    return Page[LoginSessionOut](
        items=[LoginSessionOut.of(login, caller.login) for login in page.items], next=page.cursor
    )


@router.delete("/logins", operation_id="endMyOtherLogins", summary="Log out everywhere else", status_code=204)
async def end_my_other_logins(caller: Caller, here: Here) -> None:
    await here.ports.business.people.logins.revoke_all(caller.account, but=caller.login)


@router.delete("/logins/{login}", operation_id="endMyLogin", summary="End one of my logins", status_code=204)
async def end_my_login(login: LoginId, caller: Caller, here: Here) -> None:
    await here.ports.business.people.logins.revoke(caller.account, login)


@router.post("/password", operation_id="changeMyPassword", summary="Change my password", status_code=204)
async def change_my_password(body: PasswordChange, caller: Caller, here: Here) -> None:
    """Ends all my other logins. Limited like logging in."""
    here.by_account.take(_tries_of(caller))
    await here.ports.business.people.passwords.change(
        caller.account, body.old_password, body.new_password, login=caller.login
    )
    here.by_account.forgive(_tries_of(caller))


@router.post("/second-factor", operation_id="enrolSecondFactor", summary="Begin to set up a second factor")
async def enrol_second_factor(body: EnrolIn, caller: Caller, here: Here) -> EnrolmentOut:
    """The secret counts once it is confirmed with a code."""
    await _need_password(here, caller, body.password)
    enrolment = await here.ports.business.people.second_factors.enrol(caller.account)
    return EnrolmentOut(secret=enrolment.secret, uri=enrolment.uri)


@router.post("/second-factor/confirm", operation_id="confirmSecondFactor", summary="Put the second factor in force")
async def confirm_second_factor(body: CodeIn, caller: Caller, here: Here) -> RecoveryCodesOut:
    """With the first code. Gives the recovery codes, once."""
    here.by_account.take(_tries_of(caller))
    codes = await here.ports.business.people.second_factors.confirm(caller.account, body.code, login=caller.login)
    here.by_account.forgive(_tries_of(caller))
    return RecoveryCodesOut(recovery_codes=codes)


@router.post("/second-factor/show", operation_id="showSecondFactor", summary="Show the second factor", status_code=204)
async def show_second_factor(body: CodeIn, caller: Caller, here: Here) -> None:
    """For a login at an OpenID provider that did not ask for one, where one is required here."""
    here.by_account.take(_tries_of(caller))
    if not await here.ports.business.people.second_factors.show(caller.account, body.code, caller.login):
        raise InvalidInput("This code is wrong or was used.", field="code", remedy="Give the one that is shown now.")
    here.by_account.forgive(_tries_of(caller))


@router.post("/second-factor/recovery-codes", operation_id="renewRecoveryCodes", summary="Get new recovery codes")
async def renew_recovery_codes(body: ProofIn, caller: Caller, here: Here) -> RecoveryCodesOut:
    """The old ones count no more."""
    await _need_proof(here, caller, body)
    return RecoveryCodesOut(
        recovery_codes=await here.ports.business.people.second_factors.renew_recovery_codes(caller.account)
    )


@router.post(
    "/second-factor/give-up", operation_id="giveUpSecondFactor", summary="Do without a second factor", status_code=204
)
async def give_up_second_factor(body: ProofIn, caller: Caller, here: Here) -> None:
    """With password and code."""
    await _need_proof(here, caller, body)
    await here.ports.business.people.second_factors.give_up(caller.account)


def _tries_of(caller: Principal) -> str:
    return f"second factor of {caller.account}"


async def _need_password(here: Context, caller: Principal, password: str | None) -> None:
    here.by_account.take(_tries_of(caller))
    if not await here.ports.business.people.proofs.is_password_of(caller.account, password):
        raise InvalidInput("This is not your password.", field="password", remedy="Give the one you have now.")
    here.by_account.forgive(_tries_of(caller))


async def _need_proof(here: Context, caller: Principal, proof: ProofIn) -> None:
    here.by_account.take(_tries_of(caller))
    if not await here.ports.business.people.proofs.is_password_of(caller.account, proof.password):
        raise InvalidInput("This is not your password.", field="password", remedy="Give the one you have now.")
    if not await here.ports.business.people.second_factors.take(caller.account, proof.code):
        raise InvalidInput("This code is wrong or was used.", field="code", remedy="Give the one that is shown now.")
    here.by_account.forgive(_tries_of(caller))
