"""Who issues receipts in each network."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.routes.paging import Id, Listed
from api.schemas.billing import IssuerChange, IssuerIn, IssuerOut
from api.schemas.resources import Page
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged

router = APIRouter(prefix="/issuers", tags=["receipts and finance"])
Network = Annotated[str, Query(max_length=64, pattern=r"^[0-9A-Za-z_.:-]*$", description="Of this network only.")]


@router.get("", operation_id="listIssuers", summary="Issuers of receipts")
async def list_issuers(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    network: Network = "",
    retired: Annotated[bool, Query(description="Show retired ones too.")] = False,
) -> Page[IssuerOut]:
    """In the order of `sort`: name or created."""
    found = await here.ports.business.billing.issuers.issuers(scope, wanted, network=network, retired=retired)
    return Page(items=[IssuerOut.of(row) for row in found.items], next=found.cursor)


@router.post("", operation_id="addIssuer", summary="Enter a network's issuer", status_code=201)
async def add_issuer(body: IssuerIn, here: Here, scope: Scoped, response: Response) -> IssuerOut:
    """Sessions that ended before it wait in the review queue for `no_issuer`; `POST /reviews/resolution` bills them."""
    row = await here.ports.business.billing.issuers.create(scope, body.network, body.profile())
    response.headers["Location"] = f"/api/v1/issuers/{row.id}"
    tagged(response, row.version)
    return IssuerOut.of(row)


@router.get("/{id}", operation_id="getIssuer", summary="One issuer")
async def get_issuer(id: Id, here: Here, scope: Scoped, response: Response) -> IssuerOut:
    row = await here.ports.business.billing.issuers.issuer(scope, id)
    tagged(response, row.version)
    return IssuerOut.of(row)


@router.patch("/{id}", operation_id="changeIssuer", summary="Change an issuer")
async def change_issuer(
    id: Id, body: IssuerChange, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> IssuerOut:
    """What is issued already stays as it is. Numbers, currency, zone and year stay once a number is given out."""
    row = await here.ports.business.billing.issuers.change(scope, id, body.changes(), version)
    tagged(response, row.version)
    return IssuerOut.of(row)


@router.delete("/{id}", operation_id="retireIssuer", summary="Retire an issuer", status_code=204)
async def retire_issuer(id: Id, here: Here, scope: Scoped, version: IfMatch) -> None:
    """It issues no receipts any more; its receipts can still be credited, in its series."""
    await here.ports.business.billing.issuers.retire(scope, id, version)
