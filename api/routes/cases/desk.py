"""Support's desk: the cases of drivers, answered with everything that belongs to them beside them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from api.routes.paging import Id, Listed, Searched
from api.schemas.cases import (
    AnswerIn,
    CaseChange,
    CaseOut,
    CaseStoryOut,
    CaseSummaryOut,
    FilledAnswerOut,
    LinkIn,
    LinkOut,
    StaffCaseIn,
    StaffMessageOut,
)
from api.schemas.resources import Page, micros_of
from api.web.context import Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.access.scope import Scope
from engine.cases.canned import facts_of, filled
from engine.cases.reading import CaseFilter
from engine.errors import NotFound
from engine.notices.wording import language_of
from engine.stores.listing import Wanted

router = APIRouter(tags=["support"])
Word = Annotated[str, Query(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]


@router.get("/cases", operation_id="listCases", summary="Support cases, newest first")
async def list_cases(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    network: Word = "",
    station: Word = "",
    charge_point: Word = "",
    state: Word = "",
    category: Word = "",
    assignee: Word = "",
    driver: Word = "",
    session: Word = "",
    waiting: Annotated[bool | None, Query(description="Only those with support, or only others.")] = None,
    waiting_before: Annotated[AwareDatetime | None, Query(description="With support since before then.")] = None,
    text: Searched = "",
) -> Page[CaseOut]:
    """Sorted by created, updated or waiting_since; with a minus in front the other way round. `text` is looked for in
    subject and number."""
    named = {"network": network, "station": station, "charge_point": charge_point, "state": state, "driver": driver}
    named |= {"category": category, "assignee": assignee, "session": session, "text": text}
    filter = CaseFilter(**named, waiting=waiting, waiting_before=micros_of(waiting_before))
    found = await here.ports.business.case_reader.page(filter, scope, wanted)
    names = await here.ports.business.colleagues.names(row.assignee for row in found.items)
    return Page[CaseOut](items=[CaseOut.listed(row, names) for row in found.items], next=found.cursor)


@router.post("/cases", operation_id="openCase", summary="Open one for somebody who has called", status_code=201)
async def open_case(body: StaffCaseIn, here: Here, scope: Scoped, response: Response) -> CaseStoryOut:
    """Whoever opens it sees to it. The driver finds the case among theirs, but sees nothing of what is `internal`."""
    made = await here.ports.business.helping.open(body.new(), body.driver or "", scope, internal=body.internal)
    return await _told(here, made.id, scope, response)


@router.get("/case-summary", operation_id="getCaseSummary", summary="How many cases wait, and how long drivers wait")
async def summary(here: Here, scope: Scoped, network: Word = "") -> CaseSummaryOut:
    return CaseSummaryOut.of(await here.ports.business.case_reader.summary(scope, network))


@router.get("/cases/{id}", operation_id="getCase", summary="One case with all that belongs to it")
async def get_case(id: Id, here: Here, scope: Scoped, response: Response) -> CaseStoryOut:
    return await _told(here, id, scope, response)


@router.patch("/cases/{id}", operation_id="changeCase", summary="Take it on, close it, open it again")
async def change_case(
    id: Id, body: CaseChange, here: Here, scope: Scoped, response: Response, version: IfMatch
) -> CaseStoryOut:
    await here.ports.business.helping.change(id, body.model_dump(exclude_unset=True), scope, version)
    return await _told(here, id, scope, response)


@router.post("/cases/{id}/messages", operation_id="answerCase", summary="Answer, or note something", status_code=201)
async def answer(id: Id, body: AnswerIn, here: Here, scope: Scoped, version: IfMatch) -> StaffMessageOut:
    """The driver is told of an answer by letter and by notice; of what is `internal` never. With If-Match it counts
    only if nobody has written since."""
    helping = here.ports.business.helping
    return StaffMessageOut.of(await helping.answer(id, body.text, scope, internal=body.internal, version=version))


@router.post(
    "/cases/{id}/links", operation_id="linkToCase", summary="Say that something belongs to it", status_code=201
)
async def link(id: Id, body: LinkIn, here: Here, scope: Scoped) -> LinkOut:
    """A command that was sent for it, a refund, an alert. Again it changes nothing."""
    return LinkOut.of(await here.ports.business.helping.link(id, body.kind, body.subject, scope))


@router.get("/cases/{id}/answers", operation_id="listAnswersForCase", summary="Answers that are ready, filled for it")
async def answers(
    id: Id, here: Here, scope: Scoped, language: Annotated[str, Query(pattern=r"^([a-z]{2,3})?$")] = ""
) -> list[FilledAnswerOut]:
    """Those of its network and of every network, in the driver's language unless another one is asked for."""
    business = here.ports.business
    whole = await business.case_reader.whole(id, scope)
    name, zone = await _station(here, whole.case.station)
    wanted = language or language_of(whole.contact.language)
    within = Scope(frozenset({whole.case.network}))
    found = await business.canned_answers.page(within, Wanted(limit=500), language=wanted, shared=True)
    facts = facts_of(whole, name, zone)
    return [
        FilledAnswerOut(id=each.id, language=each.language, title=each.title, text=filled(each.text, facts))
        for each in found.items
    ]


async def _station(here: Context, station: str) -> tuple[str, str]:
    """Name and time zone; "" and UTC where there is none."""
    site = here.ports.business.places.site(station) if station else None
    if site is None:
        return "", "UTC"
    try:
        return (await here.ports.business.stations.get(station)).name, site.zone
    except NotFound:
        return "", site.zone


async def _told(here: Context, id: str, scope: Scope, response: Response) -> CaseStoryOut:
    whole = await here.ports.business.case_reader.whole(id, scope)
    tagged(response, whole.case.version)
    people = (whole.case.assignee, *(each.author for each in whole.messages))
    return CaseStoryOut.told(whole, await here.ports.business.colleagues.names(people))
