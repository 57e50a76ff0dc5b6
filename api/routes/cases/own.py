"""A driver's own support cases."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes.drivers.own import Me
from api.routes.paging import Id, Listed
from api.schemas.cases import CaseIn, CaseTextIn, OwnCaseOut, OwnCaseStoryOut
from api.schemas.resources import Page
from api.web.context import Here

router = APIRouter(prefix="/me/cases", tags=["me"])


@router.get("", operation_id="listMyCases", summary="Your support cases, the one that moved last first")
async def list_cases(me: Me, here: Here, wanted: Listed) -> Page[OwnCaseOut]:
    """Sorted by updated or created; with a minus in front the other way round."""
    found = await here.ports.business.asking.page(me.id, wanted)
    return Page[OwnCaseOut](items=[OwnCaseOut.of(row) for row in found.items], next=found.cursor)


@router.post("", operation_id="openMyCase", summary="Ask support", status_code=201)
async def open_case(body: CaseIn, me: Me, here: Here) -> OwnCaseStoryOut:
    here.cases.take(me.id)
    return OwnCaseStoryOut.told(await here.ports.business.asking.open(me.id, me.network, me.language, body.new()))


@router.get("/{id}", operation_id="getMyCase", summary="One of your cases with what was said")
async def get_case(id: Id, me: Me, here: Here) -> OwnCaseStoryOut:
    return OwnCaseStoryOut.told(await here.ports.business.asking.own(me.id, id))


@router.post("/{id}/messages", operation_id="writeInMyCase", summary="Write in it", status_code=201)
async def write(id: Id, body: CaseTextIn, me: Me, here: Here) -> OwnCaseStoryOut:
    """A closed case is open again."""
    here.cases.take(me.id)
    return OwnCaseStoryOut.told(await here.ports.business.asking.write(me.id, id, body.text))
