"""People's accounts, as those see and change them who administer networks. Nobody changes who holds more than they."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from api.routes.paging import Cursor, Id, Limit
from api.schemas.people import AccountChange, AccountIn, AccountOut, GrantIn, GrantOut, LoginSessionOut
from api.schemas.resources import Page
from api.web.context import Caller, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.stores.listing import Wanted
from engine.stores.people.accounts import AccountFilter, NewAccount

router = APIRouter(prefix="/users", tags=["people"])
GrantId = Annotated[str, Path(alias="grant", pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]
Word = Annotated[str | None, Query(pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]
Sort = Annotated[Literal["email", "-email", "name", "-name", "created", "-created"], Query()]


@router.get("", operation_id="listUsers", summary="People's accounts")
async def list_users(
    here: Here,
    scope: Scoped,
    kind: Annotated[Literal["staff", "driver"] | None, Query()] = None,
    network: Word = None,
    role: Word = None,
    disabled: Annotated[bool | None, Query()] = None,
    text: Annotated[
        str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$", description="A part of the address or name.")
    ] = "",
    sort: Sort = "email",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AccountOut]:
    """Drivers of your networks, and staff who have a role in them."""
    wanted = AccountFilter(kind, network, role, disabled, text)
    page = await here.ports.business.people.accounts.page(wanted, scope, Wanted(sort, cursor, limit))
    return Page[AccountOut](items=[AccountOut.of(known, scope) for known in page.items], next=page.cursor)


@router.post("", operation_id="addUser", summary="Make an account, or invite somebody", status_code=201)
async def add_user(body: AccountIn, caller: Caller, here: Here, scope: Scoped, response: Response) -> AccountOut:
    """Without a password its owner gets a letter with a code for choosing one. You can only give roles whose
    permissions you hold yourself in the same place."""
    roles = [(grant.role, grant.network) for grant in body.roles]
    new = NewAccount(body.email, body.name, body.password, body.network, roles)
    known = await here.ports.business.people.accounts.create(new, caller.power)
    tagged(response, known.account.version)
    return AccountOut.of(known, scope)


@router.get("/{id}", operation_id="getUser", summary="One account")
async def get_user(id: Id, here: Here, scope: Scoped, response: Response) -> AccountOut:
    known = await here.ports.business.people.accounts.get(id, scope)
    tagged(response, known.account.version)
    return AccountOut.of(known, scope)


@router.patch("/{id}", operation_id="changeUser", summary="Change, disable or enable an account")
async def change_user(
    id: Id, body: AccountChange, caller: Caller, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> AccountOut:
    """Who is disabled is out at once, API keys included. Somebody must stay who administers the installation."""
    changes = body.model_dump(exclude_none=True)
    known = await here.ports.business.people.accounts.change(id, changes, caller.power, version=version)
    tagged(response, known.account.version)
    return AccountOut.of(known, scope)


@router.delete("/{id}", operation_id="deleteUser", summary="Delete and anonymise an account", status_code=204)
async def delete_user(id: Id, caller: Caller, here: Here, version: IfMatch) -> None:
    """Nothing is left that tells who it was; receipts and the audit log keep the id."""
    await here.ports.business.people.accounts.delete(id, caller.power, version=version)


@router.post("/{id}/invitation", operation_id="inviteUser", summary="Send the invitation again", status_code=204)
async def invite_user(id: Id, caller: Caller, here: Here) -> None:
    """The code of the letter before counts no more."""
    await here.ports.business.people.accounts.invite_again(id, caller.power)


@router.post("/{id}/password-reset", operation_id="sendPassword", summary="Send a password reset", status_code=204)
async def send_password(id: Id, caller: Caller, here: Here) -> None:
    await here.ports.business.people.passwords.send_reset(id, caller.power)


@router.delete(
    "/{id}/second-factor", operation_id="resetSecondFactor", summary="Take away a lost second factor", status_code=204
)
async def reset_second_factor(id: Id, caller: Caller, here: Here) -> None:
    """Ends all logins of the account."""
    await here.ports.business.people.second_factors.reset(id, caller.power)


@router.post("/{id}/roles", operation_id="grantRole", summary="Give somebody a role", status_code=201)
async def grant_role(id: Id, body: GrantIn, caller: Caller, here: Here) -> GrantOut:
    """In one network or in the whole installation; only what you hold there yourself."""
    return GrantOut.of(await here.ports.business.people.granting.grant(id, body.role, body.network, caller.power))


@router.delete("/{id}/roles/{grant}", operation_id="withdrawRole", summary="Take a role away", status_code=204)
async def withdraw_role(id: Id, grant: GrantId, caller: Caller, here: Here) -> None:
    await here.ports.business.people.granting.withdraw(id, grant, caller.power)


@router.get("/{id}/logins", operation_id="listUserLogins", summary="Where somebody is logged in")
async def list_user_logins(
    id: Id, here: Here, scope: Scoped, limit: Limit = 100, cursor: Cursor = None
) -> Page[LoginSessionOut]:
    people = here.ports.business.people
    known = await people.accounts.get(id, scope)
    page = await people.logins.list_of(known.account.id, Wanted("", cursor, limit))
    return Page[LoginSessionOut](items=[LoginSessionOut.of(login) for login in page.items], next=page.cursor)


@router.delete("/{id}/logins", operation_id="endUserLogins", summary="Log somebody out everywhere", status_code=204)
async def end_user_logins(id: Id, caller: Caller, here: Here) -> None:
    await here.ports.business.people.accounts.end_logins(id, caller.power)
