"""Letters to people: what waits, what went out, and what could not."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.routes.paging import Id, Listed
from api.schemas.outbox import LetterOut
from api.schemas.resources import Page
from api.web.context import Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged

router = APIRouter(prefix="/outbox", tags=["outbox"])


@router.get("", operation_id="listLetters", summary="Letters on their way out")
async def list_letters(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    state: Annotated[Literal["", "waiting", "sent", "dead"], Query()] = "",
    kind: Annotated[str, Query(pattern=r"^[a-z_]{0,40}$")] = "",
    recipient: Annotated[str, Query(max_length=254, pattern=r"^[^\x00-\x20\x7f]*$")] = "",
) -> Page[LetterOut]:
    """In the order of `sort`: created (newest first) or due."""
    found = await here.ports.business.outbox.letters(scope, wanted, state=state, kind=kind, recipient=recipient)
    return Page(items=[LetterOut.of(row, _why_waiting(here)) for row in found.items], next=found.cursor)


@router.get("/{id}", operation_id="getLetter", summary="One letter's way")
async def get_letter(id: Id, here: Here, scope: Scoped, response: Response) -> LetterOut:
    row = await here.ports.business.outbox.letter(scope, id)
    tagged(response, row.version)
    return LetterOut.of(row, _why_waiting(here))


@router.post("/{id}/redelivery", operation_id="redeliverLetter", summary="Try a dead letter again")
async def redeliver_letter(id: Id, here: Here, scope: Scoped, version: IfMatch, response: Response) -> LetterOut:
    row = await here.ports.business.outbox.redeliver(scope, id, version)
    tagged(response, row.version)
    return LetterOut.of(row, _why_waiting(here))


def _why_waiting(here: Context) -> str:
    return "" if here.settings.smtp_url else "RAYCHARGE_SMTP_URL is not set: nothing leaves."
