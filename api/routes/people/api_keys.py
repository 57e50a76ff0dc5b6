"""API keys: bearer tokens for programs."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.routes.paging import Cursor, Id, Limit
from api.schemas.people import ApiKeyIn, ApiKeyOut, NewApiKeyOut
from api.schemas.resources import Page, micros_of
from api.web.context import Caller, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.stores.listing import Wanted
from engine.stores.people.api_keys import NewApiKey

router = APIRouter(prefix="/api-keys", tags=["people"])
Sort = Annotated[Literal["created", "-created", "name", "-name"], Query()]


@router.get("", operation_id="listApiKeys", summary="API keys")
async def list_api_keys(
    here: Here,
    scope: Scoped,
    user: Annotated[str | None, Query(pattern=r"^[0-9A-Za-z_.:-]{1,64}$", description="Whose.")] = None,
    live: Annotated[bool | None, Query(description="Only those that count, or only those that do not.")] = None,
    sort: Sort = "-created",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ApiKeyOut]:
    page = await here.ports.business.people.api_keys.page(scope, Wanted(sort, cursor, limit), account=user, live=live)
    return Page[ApiKeyOut](items=[ApiKeyOut.of(key) for key in page.items], next=page.cursor)


@router.post("", operation_id="addApiKey", summary="Make an API key of one's own", status_code=201)
async def add_api_key(body: ApiKeyIn, caller: Caller, here: Here, response: Response) -> NewApiKeyOut:
    """It can never do more than you can at that moment, and nothing once you are disabled. Its text is shown once."""
    networks = None if body.networks is None else frozenset(body.networks)
    new = NewApiKey(body.name, frozenset(body.permissions), micros_of(body.expires_at) or 0, networks)
    made, key = await here.ports.business.people.api_keys.create(new, caller.power)
    tagged(response, made.version)
    return NewApiKeyOut(key=key, api_key=ApiKeyOut.of(made))


@router.get("/{id}", operation_id="getApiKey", summary="One API key")
async def get_api_key(id: Id, here: Here, scope: Scoped, response: Response) -> ApiKeyOut:
    found = await here.ports.business.people.api_keys.get(id, scope)
    tagged(response, found.version)
    return ApiKeyOut.of(found)


@router.delete("/{id}", operation_id="revokeApiKey", summary="Revoke an API key", status_code=204)
async def revoke_api_key(id: Id, caller: Caller, here: Here, version: IfMatch) -> None:
    """It counts no more at once, in every façade."""
    await here.ports.business.people.api_keys.revoke(id, caller.power, version=version)
