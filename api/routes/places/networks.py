"""Networks: the operators of this installation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.routes.paging import Id, Listed, Searched
from api.schemas.places import NetworkChange, NetworkIn, NetworkOut
from api.schemas.resources import Page
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.stores.places.networks import Network

router = APIRouter(prefix="/networks", tags=["networks and stations"])


@router.get("", operation_id="listNetworks", summary="The networks that you may see")
async def list_networks(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    q: Searched = "",
    retired: Annotated[bool, Query(description="Show retired ones too.")] = False,
) -> Page[NetworkOut]:
    """In the order of `sort`: id, name, created or updated. `q` is looked for in id and name."""
    found = await here.ports.business.networks.page(wanted, text=q, retired=retired, scope=scope)
    return Page(items=[NetworkOut.of(row) for row in found.items], next=found.cursor)


@router.post("", operation_id="addNetwork", summary="Make a network", status_code=201)
async def add_network(body: NetworkIn, here: Here, scope: Scoped, response: Response) -> NetworkOut:
    """For those who may do so in the whole installation."""
    row = await here.ports.business.networks.create(Network(**body.model_dump()), scope=scope)
    response.headers["Location"] = f"/api/v1/networks/{row.id}"
    tagged(response, row.version)
    return NetworkOut.of(row)


@router.get("/{id}", operation_id="getNetwork", summary="One network")
async def get_network(id: Id, here: Here, scope: Scoped, response: Response) -> NetworkOut:
    row = await here.ports.business.networks.get(id, scope=scope)
    tagged(response, row.version)
    return NetworkOut.of(row)


@router.patch("/{id}", operation_id="changeNetwork", summary="Change a network")
async def change_network(
    id: Id, body: NetworkChange, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> NetworkOut:
    changes = body.model_dump(exclude_unset=True)
    row = await here.ports.business.networks.change(id, changes, scope=scope, version=version)
    tagged(response, row.version)
    return NetworkOut.of(row)


@router.delete("/{id}", operation_id="retireNetwork", summary="Retire a network", status_code=204)
async def retire_network(id: Id, here: Here, scope: Scoped, version: IfMatch) -> None:
    """Its stations have to be retired before; all that it did stays."""
    await here.ports.business.networks.retire(id, scope=scope, version=version)
