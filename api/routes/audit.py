"""The audit log: who changed or commanded what, from where, and what it was before. Nothing changes or deletes it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from api.routes.paging import Cursor, Id, Limit
from api.schemas.audit import AuditLineOut
from api.schemas.resources import Page, micros_of
from api.web.context import Here, Scoped
from engine.stores.audit import AuditFilter
from engine.stores.listing import Wanted

router = APIRouter(prefix="/audit", tags=["audit"])
_Text = Annotated[str | None, Query(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]


async def which(
    actor: Annotated[_Text, Query(description="Only by this account or API key, by its id.")] = None,
    actor_kind: Annotated[_Text, Query(description="user, api_key, driver, anonymous or system.")] = None,
    action: Annotated[_Text, Query(description="E.g. changed; of commands e.g. reset.")] = None,
    kind: Annotated[_Text, Query(description="E.g. charge point, command, tariff.")] = None,
    subject: Annotated[_Text, Query(description="Only about this one, by its id.")] = None,
    network: Annotated[_Text, Query(description="Only of this network.")] = None,
    correlation: Annotated[_Text, Query(description="Only of this request.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="At or after, RFC 3339.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before, RFC 3339.")] = None,
) -> AuditFilter:
    """Which lines are wanted, from a request's query."""
    return AuditFilter(
        actor, actor_kind, action, kind, subject, network, correlation, micros_of(since), micros_of(until)
    )


AuditWhich = Annotated[AuditFilter, Depends(which)]


@router.get("", operation_id="listAudit", summary="The audit log, newest first")
async def list_audit(
    here: Here,
    scope: Scoped,
    wanted: AuditWhich,
    sort: Annotated[str, Query(pattern=r"^-?at$", description="at or -at.")] = "-at",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[AuditLineOut]:
    """The lines of the caller's networks. What concerns the whole installation is shown to those who see all of it."""
    page = await here.ports.business.audit.page(wanted, scope, Wanted(sort, cursor, limit))
    return Page[AuditLineOut](items=[AuditLineOut.of(line) for line in page.items], next=page.cursor)


@router.get("/{id}", operation_id="getAuditLine", summary="One line of the audit log")
async def get_audit_line(id: Id, here: Here, scope: Scoped) -> AuditLineOut:
    return AuditLineOut.of(await here.ports.business.audit.get(id, scope))
