"""Support's answers that are ready."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.routes.paging import Id, Listed
from api.schemas.cases import CannedChange, CannedIn, CannedOut
from api.schemas.resources import Page
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged

router = APIRouter(prefix="/canned-answers", tags=["support"])


@router.get("", operation_id="listCannedAnswers", summary="Answers that are ready, by title")
async def list_answers(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    network: Annotated[str, Query(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")] = "",
    language: Annotated[str, Query(pattern=r"^([a-z]{2,3})?$")] = "",
) -> Page[CannedOut]:
    """Sorted by title or updated; with a minus in front the other way round."""
    answers = here.ports.business.canned_answers
    found = await answers.page(scope, wanted, network=network, language=language)
    return Page[CannedOut](items=[CannedOut.of(row) for row in found.items], next=found.cursor)


@router.post("", operation_id="addCannedAnswer", summary="Write one", status_code=201)
async def add(body: CannedIn, here: Here, scope: Scoped, response: Response) -> CannedOut:
    network = await here.ports.business.whereabouts.home(scope, body.network)
    made = await here.ports.business.canned_answers.create(network, body.language, body.title, body.text)
    tagged(response, made.version)
    return CannedOut.of(made)


@router.get("/{id}", operation_id="getCannedAnswer", summary="One of them")
async def get(id: Id, here: Here, scope: Scoped, response: Response) -> CannedOut:
    row = await here.ports.business.canned_answers.get(id, scope)
    tagged(response, row.version)
    return CannedOut.of(row)


@router.patch("/{id}", operation_id="changeCannedAnswer", summary="Change language, title or text")
async def change(
    id: Id, body: CannedChange, here: Here, scope: Scoped, response: Response, version: IfMatch
) -> CannedOut:
    changes = body.model_dump(exclude_unset=True)
    row = await here.ports.business.canned_answers.change(id, changes, scope, version)
    tagged(response, row.version)
    return CannedOut.of(row)


@router.delete("/{id}", operation_id="deleteCannedAnswer", summary="Take one away", status_code=204)
async def delete(id: Id, here: Here, scope: Scoped, version: IfMatch) -> None:
    await here.ports.business.canned_answers.remove(id, scope, version)
