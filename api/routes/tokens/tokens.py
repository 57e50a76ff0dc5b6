"""Tokens: who may charge, where, and within which limits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.routes.paging import Cursor, Limit
from api.schemas.resources import Page
from api.schemas.tokens import Network, TokenChange, TokenIn, TokenOut, as_stored
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.access.scope import Scope
from engine.stores.listing import Wanted
from engine.stores.sql.models import DEFAULT_NETWORK
from engine.stores.tokens.repository import TokenFilter
from engine.stores.tokens.token import Token, sessions_of_kind

router = APIRouter(prefix="/tokens", tags=["tokens"])

TokenId = Annotated[str, Path(alias="id", pattern=r"^[!-~]{1,36}$", examples=["04A2B3C4D5E6F7"])]
InNetwork = Annotated[
    Network | None,
    Query(description="Of this network; empty: of the whole installation. Needed where several have it."),
]
Searched = Annotated[str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


def network_for(said: str | None, scope: Scope) -> str:
    """The network of something new: as said, else the caller's only one, else the default network."""
    if said is not None:
        return said
    if scope.networks is not None and len(scope.networks) == 1:
        return next(iter(scope.networks))
    return DEFAULT_NETWORK


@router.get("", operation_id="listTokens", summary="Tokens, by name unless sorted otherwise")
async def list_tokens(
    here: Here,
    scope: Scoped,
    network: InNetwork = None,
    kind: Annotated[str | None, Query(max_length=32)] = None,
    status: Annotated[str | None, Query(max_length=32)] = None,
    group: Annotated[str | None, Query(max_length=255, description="Parent idTag, in any case.")] = None,
    driver: Annotated[str | None, Query(max_length=64, description="Id of the driver whose they are.")] = None,
    text: Searched = "",
    sort: Annotated[
        str, Query(max_length=32, description="id_token, created, updated, kind or status; `-` falls.")
    ] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[TokenOut]:
    which = TokenFilter(network, kind, status, group, driver, text)
    found = await here.ports.business.tokens.page(which, Wanted(sort, cursor, limit), scope)
    return Page[TokenOut](items=[TokenOut.of(row) for row in found.items], next=found.cursor)


@router.post("", operation_id="addToken", summary="Add a token", status_code=201)
async def add_token(body: TokenIn, here: Here, scope: Scoped, response: Response) -> TokenOut:
    said = as_stored(body.model_dump(exclude_unset=True))
    code = said.pop("claim_code", None)
    said["network"] = network_for(said.get("network"), scope)
    said.setdefault("max_sessions", sessions_of_kind(body.kind))
    made = await here.ports.business.tokens.create(Token(**said), scope)
    if code is not None:
        await here.ports.business.claims.set_code(made.id_token, made.network, code, scope)
    tagged(response, made.version)
    return TokenOut.of(made)


@router.get("/{id}", operation_id="getToken", summary="One token")
async def get_token(
    token: TokenId, here: Here, scope: Scoped, response: Response, network: InNetwork = None
) -> TokenOut:
    row = await here.ports.business.tokens.get(token, network, scope)
    tagged(response, row.version)
    return TokenOut.of(row)


@router.patch("/{id}", operation_id="changeToken", summary="Change, block, unblock or assign a token")
async def change_token(
    token: TokenId,
    body: TokenChange,
    here: Here,
    scope: Scoped,
    version: IfMatch,
    response: Response,
    network: InNetwork = None,
) -> TokenOut:
    """Every host knows of it within a second."""
    changes = as_stored(body.model_dump(exclude_unset=True))
    row = await here.ports.business.tokens.change(token, changes, network=network, scope=scope, version=version)
    tagged(response, row.version)
    return TokenOut.of(row)


@router.delete("/{id}", operation_id="deleteToken", summary="Forget a token", status_code=204)
async def delete_token(token: TokenId, here: Here, scope: Scoped, version: IfMatch, network: InNetwork = None) -> None:
    """Whose it was stays known for the sake of its sessions. To keep somebody from charging, block it."""
    await here.ports.business.tokens.remove(token, network=network, scope=scope, version=version)
