"""Groups of tokens and the limits that their tokens share."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.routes.paging import Cursor, Limit
from api.routes.tokens.tokens import InNetwork, Searched, network_for
from api.schemas.resources import Page
from api.schemas.tokens import GroupChange, GroupIn, GroupOut
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.stores.listing import Wanted
from engine.stores.tokens.groups import TokenGroup

router = APIRouter(prefix="/token-groups", tags=["tokens"])

GroupName = Annotated[str, Path(alias="id", pattern=r"^[!-~]{1,36}$", examples=["FLEET-1"])]


@router.get("", operation_id="listTokenGroups", summary="Groups of tokens that have limits")
async def list_groups(
    here: Here,
    scope: Scoped,
    network: InNetwork = None,
    text: Searched = "",
    sort: Annotated[str, Query(max_length=32, description="id, name, created or updated; `-` falls.")] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[GroupOut]:
    wanted = Wanted(sort, cursor, limit)
    found = await here.ports.business.token_groups.page(network=network, text=text, wanted=wanted, scope=scope)
    return Page[GroupOut](items=[GroupOut.of(row) for row in found.items], next=found.cursor)


@router.post("", operation_id="addTokenGroup", summary="Give a group its limits", status_code=201)
async def add_group(body: GroupIn, here: Here, scope: Scoped, response: Response) -> GroupOut:
    said = body.model_dump() | {"network": network_for(body.network, scope)}
    made = await here.ports.business.token_groups.create(TokenGroup(**said), scope)
    tagged(response, made.version)
    return GroupOut.of(made)


@router.get("/{id}", operation_id="getTokenGroup", summary="One group")
async def get_group(
    group: GroupName, here: Here, scope: Scoped, response: Response, network: InNetwork = None
) -> GroupOut:
    row = await here.ports.business.token_groups.get(group, network, scope)
    tagged(response, row.version)
    return GroupOut.of(row)


@router.patch("/{id}", operation_id="changeTokenGroup", summary="Change a group's limits, block or unblock it")
async def change_group(
    group: GroupName,
    body: GroupChange,
    here: Here,
    scope: Scoped,
    version: IfMatch,
    response: Response,
    network: InNetwork = None,
) -> GroupOut:
    changes = body.model_dump(exclude_unset=True)
    groups = here.ports.business.token_groups
    row = await groups.change(group, changes, network=network, scope=scope, version=version)
    tagged(response, row.version)
    return GroupOut.of(row)


@router.delete("/{id}", operation_id="deleteTokenGroup", summary="Take a group's limits away", status_code=204)
async def delete_group(
    group: GroupName, here: Here, scope: Scoped, version: IfMatch, network: InNetwork = None
) -> None:
    """Its tokens keep its name as their parent idTag."""
    await here.ports.business.token_groups.remove(group, network=network, scope=scope, version=version)
