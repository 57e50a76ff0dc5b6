"""Roles, and where logins must show a second factor."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from api.routes.paging import Cursor, Id, Limit
from api.schemas.people import PolicyIn, PolicyOut, RoleChange, RoleIn, RoleOut
from api.schemas.resources import Page
from api.web.context import Caller, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.stores.listing import Wanted
from engine.stores.people.roles import NewRole

router = APIRouter(tags=["people"])
Place = Annotated[str, Path(alias="network", pattern=r"^(\*|[0-9A-Za-z_.:-]{1,64})$", description="`*`: all staff.")]
Sort = Annotated[Literal["name", "-name", "created", "-created"], Query()]


@router.get("/roles", operation_id="listRoles", summary="Roles that can be granted")
async def list_roles(
    here: Here,
    scope: Scoped,
    builtin: Annotated[bool | None, Query()] = None,
    sort: Sort = "name",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[RoleOut]:
    page = await here.ports.business.people.roles.page(scope, Wanted(sort, cursor, limit), builtin=builtin)
    return Page[RoleOut](items=[RoleOut.of(role) for role in page.items], next=page.cursor)


@router.post("/roles", operation_id="addRole", summary="Make a role of one's own", status_code=201)
async def add_role(body: RoleIn, caller: Caller, here: Here, response: Response) -> RoleOut:
    """With permissions that you hold yourself, in its network or (without one) in the whole installation."""
    new = NewRole(body.name, frozenset(body.permissions), body.description, body.network, body.totp_required)
    made = await here.ports.business.people.roles.create(new, caller.power)
    tagged(response, made.version)
    return RoleOut.of(made)


@router.get("/roles/{id}", operation_id="getRole", summary="One role")
async def get_role(id: Id, here: Here, scope: Scoped, response: Response) -> RoleOut:
    found = await here.ports.business.people.roles.get(id, scope)
    tagged(response, found.version)
    return RoleOut.of(found)


@router.patch("/roles/{id}", operation_id="changeRole", summary="Change a role")
async def change_role(
    id: Id, body: RoleChange, caller: Caller, here: Here, version: IfMatch, response: Response
) -> RoleOut:
    """Counts at once for everybody who has it. Of a built-in role only `totp_required` can be changed."""
    changes = body.model_dump(exclude_none=True)
    changed = await here.ports.business.people.roles.change(id, changes, caller.power, version=version)
    tagged(response, changed.version)
    return RoleOut.of(changed)


@router.delete("/roles/{id}", operation_id="deleteRole", summary="Delete a role that nobody has", status_code=204)
async def delete_role(id: Id, caller: Caller, here: Here, version: IfMatch) -> None:
    await here.ports.business.people.roles.delete(id, caller.power, version=version)


@router.get("/login-policies/{network}", operation_id="getLoginPolicy", summary="What logins must show")
async def get_login_policy(network: Place, here: Here, scope: Scoped, response: Response) -> PolicyOut:
    """Of whoever has a role in the network; of `*`, of all who are no drivers."""
    policy = await here.ports.business.people.roles.policy(network, scope)
    tagged(response, policy.version)
    return PolicyOut.of(policy)


@router.put("/login-policies/{network}", operation_id="setLoginPolicy", summary="Say what logins must show")
async def set_login_policy(
    network: Place, body: PolicyIn, caller: Caller, here: Here, version: IfMatch, response: Response
) -> PolicyOut:
    """Who has no second factor where one is required can do nothing but set one up."""
    policy = await here.ports.business.people.roles.set_policy(
        network, body.totp_required, caller.power, version=version
    )
    tagged(response, policy.version)
    return PolicyOut.of(policy)
