"""Maintenance jobs: who repairs what until when, and which connectors are closed to drivers meanwhile."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.routes.paging import Id, Listed, Searched
from api.schemas.maintenance import (
    AssigneeOut,
    JobChange,
    JobIn,
    JobOut,
    JobStoryOut,
    NoteIn,
    NoteOut,
    PartIn,
    PartOut,
    SummaryOut,
)
from api.schemas.resources import Page, micros_of
from api.web.context import Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.access.scope import Scope
from engine.maintenance.job import NewJob
from engine.maintenance.reading import JobFilter

router = APIRouter(tags=["maintenance"])

Word = Annotated[str, Query(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Number = Annotated[int | None, Query(ge=0, le=1023)]
PartId = Annotated[str, Path(alias="part", pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]


@router.get("/maintenance-jobs", operation_id="listMaintenanceJobs", summary="Maintenance jobs, newest first")
async def list_jobs(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    network: Word = "",
    station: Word = "",
    charge_point: Word = "",
    evse: Number = None,
    connector: Number = None,
    state: Word = "",
    open: Annotated[bool | None, Query(description="Only open or only closed ones.")] = None,
    overdue: Annotated[bool, Query(description="Only open ones whose date is past.")] = False,
    priority: Word = "",
    assignee: Word = "",
    alert: Word = "",
    text: Searched = "",
) -> Page[JobOut]:
    """Sorted by created, due, updated or state; with a minus in front the other way round. With `evse` and `connector`
    the history of one connector: also jobs on its whole charge point."""
    named = {"network": network, "station": station, "charge_point": charge_point, "state": state, "text": text}
    filter = JobFilter(
        **named,
        evse=evse,
        connector=connector,
        open=open,
        overdue=overdue,
        priority=priority,
        assignee=assignee,
        alert=alert,
    )
    found = await here.ports.business.job_reader.page(filter, scope, wanted)
    names = await here.ports.business.colleagues.names(row.assignee for row in found.items)
    now = here.ports.clock.now()
    return Page[JobOut](items=[JobOut.of(row, now, names) for row in found.items], next=found.cursor)


@router.get("/maintenance-summary", operation_id="getMaintenanceSummary", summary="How many jobs there are")
async def summary(here: Here, scope: Scoped, network: Word = "") -> SummaryOut:
    return SummaryOut.of(await here.ports.business.job_reader.summary(scope, network))


@router.get("/assignees", operation_id="listAssignees", summary="Who may be given a job or a case")
async def list_assignees(here: Here, scope: Scoped, network: Word = "") -> list[AssigneeOut]:
    found = await here.ports.business.colleagues.within(scope, network)
    return [AssigneeOut(id=each.id, name=each.name) for each in found]


@router.post("/maintenance-jobs", operation_id="openMaintenanceJob", summary="Open a job", status_code=201)
async def open_job(body: JobIn, here: Here, scope: Scoped, response: Response) -> JobStoryOut:
    """While it is open and `blocking`, no driver is offered its connectors and none can start there."""
    new = NewJob(**(body.model_dump() | {"due": micros_of(body.due)}))
    job = await here.ports.business.jobs.open(new, scope)
    return await _told(here, job.id, scope, response)


@router.get("/maintenance-jobs/{id}", operation_id="getMaintenanceJob", summary="One job with its history and parts")
async def get_job(id: Id, here: Here, scope: Scoped, response: Response) -> JobStoryOut:
    return await _told(here, id, scope, response)


@router.patch("/maintenance-jobs/{id}", operation_id="changeMaintenanceJob", summary="Assign, take on, close, reopen")
async def change_job(
    id: Id, body: JobChange, here: Here, scope: Scoped, response: Response, version: IfMatch
) -> JobStoryOut:
    """Which state may follow which: docs/machines/maintenance.md. Whoever gives an assignee need give no state."""
    changes = body.model_dump(exclude_unset=True)
    if "due" in changes:
        changes["due"] = micros_of(body.due)
    await here.ports.business.jobs.change(id, changes, scope, version)
    return await _told(here, id, scope, response)


@router.post("/maintenance-jobs/{id}/notes", operation_id="addMaintenanceNote", summary="Write a note", status_code=201)
async def add_note(id: Id, body: NoteIn, here: Here, scope: Scoped) -> NoteOut:
    """Notes stay as they are written."""
    return NoteOut.of(await here.ports.business.job_work.add_note(id, body.text, scope))


@router.post(
    "/maintenance-jobs/{id}/parts", operation_id="addMaintenancePart", summary="A part that went in", status_code=201
)
async def add_part(id: Id, body: PartIn, here: Here, scope: Scoped) -> PartOut:
    return PartOut.of(await here.ports.business.job_work.add_part(id, body.part(), scope))


@router.delete(
    "/maintenance-jobs/{id}/parts/{part}",
    operation_id="deleteMaintenancePart",
    summary="Take back a part that was written down by mistake",
    status_code=204,
)
async def delete_part(id: Id, part: PartId, here: Here, scope: Scoped) -> None:
    await here.ports.business.job_work.remove_part(id, part, scope)


async def _told(here: Context, id: str, scope: Scope, response: Response) -> JobStoryOut:
    story = await here.ports.business.job_reader.story(id, scope)
    tagged(response, story.job.version)
    people = (story.job.assignee, *(each.author for each in story.notes))
    names = await here.ports.business.colleagues.names(people)
    return JobStoryOut.told(story, here.ports.clock.now(), names)
