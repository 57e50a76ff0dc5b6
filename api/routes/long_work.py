"""Work that takes longer than a request: exports as jobs with a file at their end, and how far imports are.

Everybody sees their own. What is in an export's file was permitted when it was asked for, and is asked about again when
the file is fetched.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access.permissions import PERMISSION_OF
from api.operations.transfers import FileAnswer
from api.ports.facade import SessionFilter
from api.routes.audit import AuditWhich
from api.routes.billing.receipts import Filtered
from api.routes.paging import Id, Listed
from api.routes.sessions import which as which_sessions
from api.schemas.long_work import Kind, LongWorkOut, State
from api.schemas.resources import Page
from api.web.context import Caller, Context, Here, Scoped
from engine.access.scope import Scope
from engine.errors import Forbidden, NotFound
from engine.long_work.works import DONE, Work

router = APIRouter(tags=["long work"])
MAY = {
    "sessions_export": PERMISSION_OF["askForSessions"],
    "receipts_export": PERMISSION_OF["askForReceipts"],
    "audit_export": PERMISSION_OF["askForAudit"],
}
"""Kind of export → the permission that fetching its file takes."""


@router.post("/session-exports", operation_id="askForSessions", summary="Export sessions as CSV", status_code=202)
async def ask_for_sessions(
    here: Here,
    caller: Caller,
    scope: Scoped,
    response: Response,
    wanted: Annotated[SessionFilter, Depends(which_sessions)],
) -> LongWorkOut:
    """With the filters of the list. The answer says where to look how far it is."""
    wish = {name: value for name, value in asdict(wanted).items() if name != "ascending"}
    return await _asked(here, caller, scope, "sessions_export", wish, response)


@router.post("/receipt-exports", operation_id="askForReceipts", summary="Export receipts as CSV", status_code=202)
async def ask_for_receipts(
    here: Here, caller: Caller, scope: Scoped, response: Response, filtered: Filtered
) -> LongWorkOut:
    """With the filters of the list, for bookkeeping: credit notes are below zero, each tax has a column of its own."""
    return await _asked(here, caller, scope, "receipts_export", asdict(filtered), response)


@router.post("/audit-exports", operation_id="askForAudit", summary="Export the audit log as CSV", status_code=202)
async def ask_for_audit(
    here: Here, caller: Caller, scope: Scoped, response: Response, wanted: AuditWhich
) -> LongWorkOut:
    """With the filters of the list, oldest first."""
    return await _asked(here, caller, scope, "audit_export", asdict(wanted), response)


@router.get("/long-work", operation_id="listLongWork", summary="What you have asked for that takes a while")
async def list_long_work(
    here: Here,
    caller: Caller,
    wanted: Listed,
    state: Annotated[State | Literal[""], Query()] = "",
    kind: Annotated[Kind | Literal[""], Query()] = "",
) -> Page[LongWorkOut]:
    """In the order of `sort`: created, newest first. Kept for a day after its end."""
    found = await here.ports.business.long_works.page(caller.account, wanted, state=state, kind=kind)
    return Page(items=[LongWorkOut.of(work) for work in found.items], next=found.cursor)


@router.get("/long-work/{id}", operation_id="getLongWork", summary="How far it is")
async def get_long_work(id: Id, here: Here, caller: Caller) -> LongWorkOut:
    return LongWorkOut.of(await here.ports.business.long_works.get(id, caller.account))


@router.post("/long-work/{id}/cancel", operation_id="cancelLongWork", summary="Give an export up")
async def cancel_long_work(id: Id, here: Here, caller: Caller) -> LongWorkOut:
    return LongWorkOut.of(await here.ports.business.long_works.cancel(id, caller.account))


@router.get(
    "/long-work/{id}/file",
    operation_id="getLongWorkFile",
    summary="Download what an export has made",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {"application/octet-stream": {}}}},
)
async def get_long_work_file(id: Id, here: Here, caller: Caller, request: Request) -> FileAnswer:
    work = await here.ports.business.long_works.get(id, caller.account)
    if work.state != DONE or not work.file:
        raise NotFound("There is no file.", field="id", remedy="Wait until the work is done, or ask for it anew.")
    _check_still_permitted(caller, work)
    return FileAnswer(here.ports.files, work.file, work.file_name, work.size, work.sha256, request)


def _check_still_permitted(caller: Caller, work: Work) -> None:
    """Raises Forbidden where the caller may no longer see all that the file holds."""
    scope = caller.scope_of(MAY[work.kind])
    if not scope.everywhere and (work.networks is None or not set(work.networks) <= (scope.networks or set())):
        raise Forbidden("You may no longer see all that this file holds.", remedy="Ask for the export anew.")


async def _asked(
    here: Context, caller: Caller, scope: Scope, kind: str, wish: dict[str, object], response: Response
) -> LongWorkOut:
    work = await here.ports.business.long_works.ask(kind, caller.account, scope, wish)
    response.headers["Location"] = f"/api/v1/long-work/{work.id}"
    return LongWorkOut.of(work)
