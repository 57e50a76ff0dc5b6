"""What happened in a session, and what is wrong with it."""

from __future__ import annotations

from fastapi import APIRouter

from api.operations.session_story import picture_of, story_of, timeline
from api.routes.paging import Id
from api.schemas.session_story import DiagnosisOut, EntryOut, FindingOut, TimelineOut
from api.web.context import Caller, Here, Scoped
from engine.diagnosis.diagnose import diagnose

router = APIRouter(prefix="/sessions", tags=["sessions"])


@router.get("/{id}/timeline", operation_id="getSessionTimeline", summary="What happened in a session, in order")
async def get_timeline(id: Id, here: Here, scope: Scoped, caller: Caller) -> TimelineOut:
    """Its own course; beside it commands, starts, receipts and reviews, each as far as you may read those."""
    story = await story_of(here, caller, await here.ports.ledger.session(id, scope))
    return TimelineOut(session=id, driver=story.driver or None, items=[EntryOut.of(entry) for entry in timeline(story)])


@router.get("/{id}/diagnosis", operation_id="getSessionDiagnosis", summary="What is wrong with a session")
async def get_diagnosis(id: Id, here: Here, scope: Scoped, caller: Caller) -> DiagnosisOut:
    """In plain words, with what would help: from the states of now, the outcomes of commands, and what is doubtful."""
    story = await story_of(here, caller, await here.ports.ledger.session(id, scope))
    return DiagnosisOut(session=id, items=[FindingOut.of(finding) for finding in diagnose(picture_of(story))])
