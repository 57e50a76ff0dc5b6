"""Campaigns: made, followed, paused, resumed and cancelled. The campaigns' actor carries them out."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.operations.campaign_making import make_campaign
from api.routes.paging import Cursor, Id, Limit, page
from api.schemas.campaigns import CampaignIn, CampaignOut, CampaignTargetOut, TargetState
from api.schemas.resources import Page
from api.web import cursors
from api.web.context import Caller, Context, Here, Scoped
from engine.access.scope import Scope
from engine.campaigns.port import Campaign

router = APIRouter(prefix="/campaigns", tags=["campaigns"])


@router.post("", operation_id="makeCampaign", summary="Ask many charge points, at a pace", status_code=201)
async def make(body: CampaignIn, here: Here, caller: Caller, response: Response) -> CampaignOut:
    """It begins at once. The filter is looked at once: who is registered later is not asked."""
    campaign, charge_points = await make_campaign(here, body, caller)
    await here.ports.campaigns.create(campaign, charge_points)
    response.headers["Location"] = f"/api/v1/campaigns/{campaign.id}"
    return await _shown(here, campaign)


@router.get("", operation_id="listCampaigns", summary="Campaigns, newest first")
async def list_campaigns(
    here: Here,
    scope: Scoped,
    state: Annotated[str | None, Query(pattern=r"^[a-z_]{1,32}$", description="E.g. running, paused.")] = None,
    created_by: Annotated[str | None, Query(pattern=r"^[^\x00-\x1f\x7f]{1,254}$")] = None,
    sort: Annotated[Literal["-created", "created"], Query(description="Newest or oldest first.")] = "-created",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CampaignOut]:
    """Keep filters and `sort` the same on each page."""
    rows = await here.ports.campaigns.page(
        after=cursors.decode_in(sort, cursor),
        limit=limit + 1,
        scope=scope,
        state=state,
        created_by=created_by,
        ascending=sort == "created",
    )
    tallies = {row.id: await here.ports.campaigns.tally(row.id) for row in rows[:limit]}
    shown = page(rows, limit, lambda row: CampaignOut.of(row, tallies[row.id]), lambda row: (sort, row.created, row.id))
    return Page[CampaignOut](**shown)


@router.get("/{id}", operation_id="getCampaign", summary="One campaign and its progress")
async def get_campaign(id: Id, here: Here, scope: Scoped) -> CampaignOut:
    return await _shown(here, await here.ports.campaigns.get(id, scope))


@router.get("/{id}/targets", operation_id="listCampaignTargets", summary="A campaign's charge points, in order of id")
async def list_targets(
    id: Id,
    here: Here,
    scope: Scoped,
    state: Annotated[TargetState | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[CampaignTargetOut]:
    await here.ports.campaigns.get(id, scope)
    after = cursors.decode_name(cursor)
    rows = await here.ports.campaigns.targets(id, state=state, after=after, limit=limit + 1)
    return Page[CampaignTargetOut](**page(rows, limit, CampaignTargetOut.of, lambda row: row.charge_point))


@router.post("/{id}/pause", operation_id="pauseCampaign", summary="Ask nobody new for now")
async def pause(id: Id, here: Here, scope: Scoped) -> CampaignOut:
    """What is under way goes on."""
    return await _wish(here, id, "pause", scope)


@router.post("/{id}/resume", operation_id="resumeCampaign", summary="Go on")
async def resume(id: Id, here: Here, scope: Scoped) -> CampaignOut:
    """Also with one that has stopped itself: the failures until now are taken as seen."""
    return await _wish(here, id, "resume", scope)


@router.post("/{id}/cancel", operation_id="cancelCampaign", summary="Leave out all that were not asked yet")
async def cancel(id: Id, here: Here, scope: Scoped) -> CampaignOut:
    return await _wish(here, id, "cancel", scope)


async def _wish(here: Context, campaign: str, wish: str, scope: Scope) -> CampaignOut:
    return await _shown(here, await here.ports.campaigns.wish(campaign, wish, here.ports.clock.now(), scope))


async def _shown(here: Context, campaign: Campaign) -> CampaignOut:
    return CampaignOut.of(campaign, await here.ports.campaigns.tally(campaign.id))
