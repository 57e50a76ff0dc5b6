"""Alerts: what is wrong, and what people do about it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from api.routes.paging import Id, Listed
from api.schemas.alerts import (
    AcknowledgementsIn,
    AcknowledgementsOut,
    AlertEventOut,
    AlertOut,
    AlertStoryOut,
    AssignmentIn,
    CommentIn,
    CountsOut,
    NoteIn,
    Severity,
    people_in,
)
from api.schemas.resources import Page, micros_of
from api.web.context import Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.alerts.alert import Alert
from engine.alerts.desk import AlertFilter, Alerts
from engine.stores.listing import Wanted

router = APIRouter(prefix="/alerts", tags=["alerts"])
Named = Annotated[str, Query(pattern=r"^[0-9A-Za-z_.:-]{0,64}$")]
Word = Annotated[str, Query(pattern=r"^[a-z_]{0,32}$")]
State = Annotated[
    Literal["", "open", "acknowledged", "resolved", "unresolved"],
    Query(description="unresolved: open or acknowledged."),
]
ChargePoint = Annotated[str, Query(pattern=r"^[^\x00-\x20\x7f]{0,48}$")]


@router.get("", operation_id="listAlerts", summary="Alerts, newest first")
async def list_alerts(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    state: State = "",
    severity: Severity | None = None,
    rule: Word = "",
    network: Named = "",
    station: Named = "",
    charge_point: ChargePoint = "",
    assignee: Annotated[Named, Query(description="An account's id; - for nobody's.")] = "",
    since: Annotated[AwareDatetime | None, Query(description="Opened at or after, RFC 3339.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Opened before, RFC 3339.")] = None,
) -> Page[AlertOut]:
    """In the order of `sort`: opened (newest first), last, rule or state."""
    asked = AlertFilter(
        state, severity or "", rule, network, station, charge_point, assignee, micros_of(since), micros_of(until)
    )
    found = await _desk(here).page(asked, scope, wanted)
    labels = await _desk(here).labels(people_in(found.items))
    return Page(items=[AlertOut.of(each, labels) for each in found.items], next=found.cursor)


@router.get("/counts", operation_id="countAlerts", summary="How many alerts there are of each severity")
async def count_alerts(here: Here, scope: Scoped) -> CountsOut:
    counts = await _desk(here).counts(scope)
    return CountsOut(open=dict(counts["open"]), acknowledged=dict(counts["acknowledged"]))


@router.post("/acknowledgements", operation_id="acknowledgeAlerts", summary="Acknowledge many")
async def acknowledge_alerts(body: AcknowledgementsIn, here: Here, scope: Scoped) -> AcknowledgementsOut:
    """Each by itself: what cannot be acknowledged keeps no other from it."""
    return AcknowledgementsOut(results=dict(await _desk(here).acknowledge_all(body.alerts, scope, note=body.note)))


@router.get("/{id}", operation_id="getAlert", summary="One alert with its history")
async def get_alert(id: Id, here: Here, scope: Scoped, response: Response) -> AlertStoryOut:
    alert = await _desk(here).get(id, scope)
    history = await _desk(here).history(id, scope, Wanted(limit=500))
    tagged(response, alert.version)
    shown = (await _shown(here, alert)).model_dump()
    return AlertStoryOut(**shown, history=[AlertEventOut.of(each) for each in history.items])


@router.get("/{id}/history", operation_id="listAlertHistory", summary="What became of an alert, oldest first")
async def list_alert_history(id: Id, here: Here, scope: Scoped, wanted: Listed) -> Page[AlertEventOut]:
    found = await _desk(here).history(id, scope, wanted)
    return Page(items=[AlertEventOut.of(each) for each in found.items], next=found.cursor)


@router.post("/{id}/acknowledgement", operation_id="acknowledgeAlert", summary="Take notice of an alert")
async def acknowledge_alert(
    id: Id, body: NoteIn, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> AlertOut:
    """Nobody else is told of it any more."""
    return await _answer(here, response, await _desk(here).acknowledge(id, scope, note=body.note, version=version))


@router.post("/{id}/assignment", operation_id="assignAlert", summary="Give an alert to somebody")
async def assign_alert(
    id: Id, body: AssignmentIn, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> AlertOut:
    return await _answer(here, response, await _desk(here).assign(id, body.assignee or "", scope, version=version))


@router.post("/{id}/comments", operation_id="commentAlert", summary="Write a line into an alert's history")
async def comment_alert(id: Id, body: CommentIn, here: Here, scope: Scoped, response: Response) -> AlertOut:
    return await _answer(here, response, await _desk(here).comment(id, body.text, scope))


@router.post("/{id}/resolution", operation_id="resolveAlert", summary="Say that an alert is over")
async def resolve_alert(
    id: Id, body: NoteIn, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> AlertOut:
    """While what it was about lasts, no other is opened."""
    return await _answer(here, response, await _desk(here).resolve(id, scope, note=body.note, version=version))


def _desk(here: Context) -> Alerts:
    return here.ports.business.alerts.desk


async def _shown(here: Context, alert: Alert) -> AlertOut:
    return AlertOut.of(alert, await _desk(here).labels(people_in([alert])))


async def _answer(here: Context, response: Response, alert: Alert) -> AlertOut:
    tagged(response, alert.version)
    return await _shown(here, alert)
