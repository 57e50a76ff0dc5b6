"""What would this session cost, and why?"""

from __future__ import annotations

from decimal import Decimal

from fastapi import APIRouter

from api.operations.bills import bill_out
from api.routes.paging import Id
from api.schemas.resources import micros_of
from api.schemas.tariffs import BillOut, PreviewIn, SessionPlan, UnsavedPreviewIn
from api.web.context import Context, Here, Scoped
from engine.errors import NotFound
from engine.places.checks import checked_zone
from engine.stores.tariffs.rows import VersionRow
from engine.tariffs.estimate import estimate, planned
from engine.tariffs.model import Tariff

router = APIRouter(tags=["tariffs"])


@router.post("/tariffs/{id}/preview", operation_id="previewTariff", summary="What a session would cost, and why")
async def preview(id: Id, body: PreviewIn, here: Here, scope: Scoped) -> BillOut:
    """By the same engine as every receipt."""
    row = await here.ports.business.tariffs.get(id, scope=scope)
    version: VersionRow | None
    if body.number is not None:
        version = next((each for each in row.versions if each.number == body.number), None)
    else:
        version = row.version_at(_start(here, body)) or (row.versions[0] if row.versions else None)
    if version is None:
        raise NotFound("This tariff has no such version.", field="number", remedy="See the tariff's versions.")
    return _priced(here, version.content, body)


@router.post("/tariff-preview", operation_id="previewUnsavedTariff", summary="The same of a tariff that is not saved")
async def preview_unsaved(body: UnsavedPreviewIn, here: Here) -> BillOut:
    return _priced(here, body.content.tariff(), body)


def _start(here: Context, plan: SessionPlan) -> int:
    said = micros_of(plan.start)
    return here.ports.clock.now() if said is None else said


def _priced(here: Context, tariff: Tariff, plan: SessionPlan) -> BillOut:
    checked_zone(plan.time_zone)
    course = planned(
        _start(here, plan),
        plan.time_zone,
        Decimal(plan.kwh),
        power_kw=plan.quantity("power_kw"),
        charging_s=plan.charging_s,
        idle_s=plan.idle_s,
        current=plan.quantity("current"),
        reserved_s=plan.reserved_s,
    )
    return bill_out(estimate(tariff, course))
