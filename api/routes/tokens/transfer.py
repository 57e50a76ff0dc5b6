"""Bulk import and export of tokens, as CSV and JSON: one row a token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from api.access.permissions import TOKEN_IMPORT_PATH
from api.operations.noted_imports import noted
from api.routes.tokens.tokens import InNetwork, network_for
from api.web.context import Caller, Here, Scoped
from api.web.imports import MAX_FAULTS, FaultOut, body_of, no_table, reader_of, refused, told_faults
from engine.access.scope import Scope
from engine.bulk.table import json_line, read_json
from engine.stores.business import Business
from engine.stores.listing import Wanted
from engine.stores.paging import MAX_LIMIT
from engine.stores.tokens.bulk import Outcome
from engine.stores.tokens.columns import COLUMNS, MAX_ROWS, TABLE, plan_of, row_of
from engine.stores.tokens.repository import TokenFilter
from engine.stores.tokens.token import Token

router = APIRouter(tags=["tokens"])
_READERS = {"text/csv": TABLE.read_csv, "application/json": read_json}
_MANUAL = "\n".join(f"- `{column.name}` {column.about}" for column in COLUMNS)
_ROWS: dict[str, Any] = {"type": "array", "maxItems": MAX_ROWS, "items": {"type": "object"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "id_token,label\r\n04A2B3C4,Pool car 3\r\n"},
            "application/json": {"schema": _ROWS, "example": [{"id_token": "04A2B3C4", "label": "Pool car 3"}]},
        },
    }
}


class TokenImportOut(BaseModel):
    dry_run: bool
    rows: int
    created: int
    changed: int
    unchanged: int
    faults: int = Field(description="How many there are; with any at all nothing is imported.")
    errors: list[FaultOut] = Field(description=f"The first {MAX_FAULTS} of them, by line.")

    @classmethod
    def of(cls, outcome: Outcome, *, dry_run: bool) -> TokenImportOut:
        return cls(
            dry_run=dry_run,
            rows=outcome.rows,
            created=outcome.created,
            changed=outcome.changed,
            unchanged=outcome.unchanged,
            faults=len(outcome.faults),
            errors=told_faults(outcome.faults),
        )


@router.post(
    "/token-import",
    operation_id="importTokens",
    summary="Import tokens",
    response_model=TokenImportOut,
    openapi_extra=_BODY,
    description=(
        "All of it or nothing, into one network. What is there already is changed, what is not is made, nothing is "
        "deleted; the same file again changes nothing. A column that is left out leaves things as they are, an empty "
        "cell makes them empty. With `dry_run` nothing is changed, and the answer tells what would be, or what is "
        f"wrong in which line.\n\nColumns:\n\n{_MANUAL}"
    ),
)
async def import_tokens(
    request: Request,
    here: Here,
    caller: Caller,
    scope: Scoped,
    network: InNetwork = None,
    dry_run: Annotated[bool, Query(description="Change nothing, only tell.")] = False,
) -> Response | TokenImportOut:
    reader = reader_of(request, _READERS)
    if reader is None:
        return no_table(TOKEN_IMPORT_PATH)
    # Reading a long file takes a second, which others should not have to wait for.
    plan = await asyncio.to_thread(lambda data: plan_of(reader(data)), await body_of(request))
    bulk = here.ports.business.token_bulk
    home = network_for(network, scope)
    if dry_run:
        return TokenImportOut.of(await bulk.check(plan, home, scope), dry_run=True)
    async with noted(here, caller, scope, "tokens_import", len(plan.rows)) as work:
        outcome = await bulk.write(plan, home, scope)
        if outcome.faults:
            work.refused(len(outcome.faults))
        else:
            work.done(created=outcome.created, changed=outcome.changed)
    told = TokenImportOut.of(outcome, dry_run=False)
    return refused(TOKEN_IMPORT_PATH, told.errors) if outcome.faults else told


@router.get(
    "/token-export",
    operation_id="exportTokens",
    summary="Export tokens",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, "application/json": {"schema": _ROWS}}, "description": "The rows."}},
)
async def export_tokens(
    here: Here, scope: Scoped, network: InNetwork = None, format: Annotated[Literal["csv", "json"], Query()] = "csv"
) -> Response:
    """What an import takes as it is, but for claim codes; of one network, by default yours or `default`. In CSV, text
    that a spreadsheet would take for a formula has an apostrophe in front."""
    pages = _pages(here.ports.business, network_for(network, scope), scope)
    # The first page is read before the answer begins: what cannot be read is a 503 then, not a broken file.
    first = await anext(pages)
    made = _as_csv(first, pages) if format == "csv" else _as_json(first, pages)
    kind = "text/csv; charset=utf-8" if format == "csv" else "application/json"
    name = {"Content-Disposition": f'attachment; filename="tokens.{format}"'}
    return StreamingResponse(made, media_type=kind, headers=name)


async def _pages(business: Business, network: str, scope: Scope) -> AsyncIterator[list[Token]]:
    cursor: str | None = None
    while True:
        page = await business.tokens.page(TokenFilter(network=network), Wanted("", cursor, MAX_LIMIT), scope)
        yield page.items
        cursor = page.cursor
        if cursor is None:
            return


async def _as_csv(first: list[Token], pages: AsyncIterator[list[Token]]) -> AsyncIterator[str]:
    yield TABLE.csv_lines(map(row_of, first), header=True)
    async for some in pages:
        yield TABLE.csv_lines(map(row_of, some), header=False)


async def _as_json(first: list[Token], pages: AsyncIterator[list[Token]]) -> AsyncIterator[bytes]:
    yield b"[" + b",\n".join(json_line(row_of(token)) for token in first)
    async for some in pages:
        yield b"".join(b",\n" + json_line(row_of(token)) for token in some)
    yield b"]\n"
