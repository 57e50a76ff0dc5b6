"""Tokens: who may charge."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api import cursors
from api.context import Here
from api.ports import Token
from api.routes.paging import Cursor, Limit, page
from api.schemas import Page, TokenChange, TokenIn, TokenOut, micros_of

router = APIRouter(prefix="/tokens", tags=["tokens"])


@router.get("", operation_id="listTokens", summary="All tokens")
async def list_tokens(here: Here, limit: Limit = 100, cursor: Cursor = None) -> Page[TokenOut]:
    rows = await here.ports.registry.tokens(after=cursors.decode_name(cursor), limit=limit + 1)
    return Page[TokenOut](**page(rows, limit, TokenOut.of, lambda row: row.id))


@router.post("", operation_id="addToken", summary="Add a token", status_code=201)
async def add_token(body: TokenIn, here: Here) -> TokenOut:
    token = Token(body.id_token, body.label, body.status, micros_of(body.expires_at), body.group)
    return TokenOut.of(await here.ports.registry.add_token(token))


@router.patch("/{id}", operation_id="changeToken", summary="Change, block or unblock a token")
async def change_token(
    token: Annotated[str, Path(alias="id", pattern=r"^[!-~]{1,36}$")], body: TokenChange, here: Here
) -> TokenOut:
    changes = body.model_dump(exclude_unset=True)
    if "expires_at" in changes:
        changes["expires"] = micros_of(changes.pop("expires_at"))
    return TokenOut.of(await here.ports.registry.change_token(token, changes))
