"""Logging in and out, signing up, and the ways back in: what answers without a login, but for the last."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.access.logins import role_shown
from api.schemas.people import ConfirmIn, NewPasswordIn, ResetIn, SentOut, SignUpIn
from api.schemas.resources import LoginIn, LoginOut
from api.web.context import Caller, Context, Here
from engine.clock import to_iso
from engine.errors import NotFound, Unauthenticated

open_router = APIRouter(prefix="/api/v1", tags=["login"])
router = APIRouter(tags=["login"])


async def logged_in(
    request: Request, here: Context, account: str, *, method: str = "password", second_factor: bool = False
) -> LoginOut:
    """Open a login session for somebody who has shown who they are, and give out its token."""
    people = here.ports.business.people
    client = request.headers.get("user-agent", "")
    opened = await people.logins.open(
        account, method=method, second_factor=second_factor, address=request.state.address, client=client
    )
    token, ends = here.logins.issue(opened)
    standing = await people.known.standing(account, anew=True)
    if standing is None:
        raise Unauthenticated("This account is no more.")
    return LoginOut(
        access_token=token,
        expires_at=to_iso(ends),
        role=role_shown(standing.roles),
        second_factor_missing=standing.second_factor_required and not second_factor,
    )


@open_router.post("/login", operation_id="login", summary="Log in with e-mail address and password")
async def login(body: LoginIn, request: Request, here: Here) -> LoginOut:
    """Gives a bearer token for eight hours. Unknown addresses and wrong passwords get the same answer in the same
    time; both are limited per address and per account (429 with Retry-After). Who has a second factor sends a code of
    it along: without one, or with a wrong one, the answer is 401 and names the field `totp`. Drivers name their
    operator's `network` if they have accounts with several."""
    account = body.email.lower()
    people = here.ports.business.people
    here.by_address.take(request.state.address)
    here.by_account.take(account)
    found = await people.proofs.authenticate(body.email, body.password, body.network)
    if found is None:
        raise Unauthenticated("No user has this e-mail address and this password.", remedy="Check both and try again.")
    shown = await _second_factor(here, found.id, body.totp or body.recovery_code)
    here.by_account.forgive(account)
    return await logged_in(request, here, found.id, second_factor=shown)


async def _second_factor(here: Context, account: str, code: str | None) -> bool:
    """Whether the account has a second factor, of which the code is one. Raises Unauthenticated if it is not."""
    people = here.ports.business.people
    standing = await people.known.standing(account, anew=True)
    if standing is None or not standing.second_factor:
        return False
    if code is None:
        raise Unauthenticated("This account needs a one-time code.", field="totp", remedy="Send it as `totp`.")
    here.by_account.take(f"second factor of {account}")
    if not await people.second_factors.take(account, code):
        raise Unauthenticated("This code is wrong or was used.", field="totp", remedy="Send the one that is shown now.")
    here.by_account.forgive(f"second factor of {account}")
    return True


@router.post("/logout", operation_id="logout", summary="End this login", status_code=204)
async def logout(caller: Caller, here: Here) -> None:
    """The token counts no more, anywhere."""
    if not caller.login:
        raise NotFound("An API key is no login.", field="login", remedy="Revoke it instead.")
    await here.ports.business.people.logins.revoke(caller.account, caller.login)


@open_router.post("/sign-up", operation_id="signUp", summary="Become a driver of a network", status_code=202)
async def sign_up(body: SignUpIn, request: Request, here: Here) -> SentOut:
    """Sends a code to the address, good for a day. The answer does not tell whether the address has an account: its
    owner is told so by letter instead."""
    _take_letter(here, request, body.email)
    await here.ports.business.people.sign_ups.ask(body.network, body.email, body.password, body.name)
    return SentOut()


@open_router.post("/sign-up/confirm", operation_id="confirmSignUp", summary="Confirm the address", status_code=201)
async def confirm_sign_up(body: ConfirmIn, request: Request, here: Here) -> LoginOut:
    """Makes the account and logs in. The code counts only together with the password that was chosen with it."""
    here.by_address.take(request.state.address)
    account = await here.ports.business.people.sign_ups.confirm(body.token, body.password)
    return await logged_in(request, here, account.id)


@open_router.post("/password-reset", operation_id="askForPassword", summary="Ask for a new password", status_code=202)
async def ask_for_password(body: ResetIn, request: Request, here: Here) -> SentOut:
    """Sends a code to the address, good for an hour and once. The answer does not tell whether it has an account."""
    _take_letter(here, request, body.email)
    await here.ports.business.people.passwords.ask_for_reset(body.email, body.network)
    return SentOut()


@open_router.post(
    "/password-reset/confirm", operation_id="resetPassword", summary="Choose a new password", status_code=204
)
async def reset_password(body: NewPasswordIn, request: Request, here: Here) -> None:
    """Ends all logins of the account. A second factor stays, and is asked for at the next login."""
    here.by_address.take(request.state.address)
    await here.ports.business.people.passwords.reset(body.token, body.password)


@open_router.post(
    "/invitation/accept", operation_id="acceptInvitation", summary="Choose the first password", status_code=204
)
async def accept_invitation(body: NewPasswordIn, request: Request, here: Here) -> None:
    """With the code of the letter, which counts once."""
    here.by_address.take(request.state.address)
    await here.ports.business.people.passwords.accept_invitation(body.token, body.password)


def _take_letter(here: Context, request: Request, email: str) -> None:
    """Letters are limited per sender and per receiver, whoever that is."""
    here.by_address.take(request.state.address)
    here.letters.take(email.lower())
