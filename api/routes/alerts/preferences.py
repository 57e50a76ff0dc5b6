"""What I want to be told of alerts, and when."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.schemas.alerts import PreferenceChange, PreferenceOut
from api.web.context import Caller, Here, Scoped
from api.web.preconditions import IfMatch, tagged

router = APIRouter(prefix="/me/alert-preferences", tags=["login"])


@router.get("", operation_id="getMyAlertPreferences", summary="What I am told of alerts")
async def get_preferences(caller: Caller, here: Here, response: Response) -> PreferenceOut:
    found = await here.ports.business.alerts.preferences.of(caller.account)
    tagged(response, found.version)
    return PreferenceOut.of(found)


@router.patch("", operation_id="changeMyAlertPreferences", summary="Change what I am told of alerts")
async def change_preferences(
    body: PreferenceChange, caller: Caller, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> PreferenceOut:
    """Who is told of what follows from the rules; this says by which way, from which severity on, and when not."""
    found = await here.ports.business.alerts.preferences.change(caller.account, body.changes, scope, version=version)
    tagged(response, found.version)
    return PreferenceOut.of(found)
