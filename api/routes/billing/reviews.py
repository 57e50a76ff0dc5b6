"""The review queue: sessions that finance has to decide about; and the sums of what was decided and billed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.routes.paging import Id, Listed
from api.schemas.billing import (
    BulkResolutionIn,
    BulkResolutionOut,
    FiguresIn,
    PreviewOut,
    ResolutionIn,
    RevenueOut,
    RevenueReportOut,
    ReviewOut,
    TaxSumOut,
)
from api.schemas.resources import Page
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.billing.number_formats import local_day

router = APIRouter(tags=["receipts and finance"])
Name = Annotated[str, Query(max_length=64, pattern=r"^[^\x00-\x20\x7f]*$")]


@router.get("/reviews", operation_id="listReviews", summary="Sessions under review")
async def list_reviews(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    state: Annotated[Literal["", "open", "resolved"], Query()] = "open",
    network: Name = "",
    session: Name = "",
) -> Page[ReviewOut]:
    """In the order of `sort`: opened (what waits longest first) or gross."""
    reviews = here.ports.business.billing.reviews
    found = await reviews.items(scope, wanted, state=state, network=network, session=session)
    return Page(items=[ReviewOut.of(row) for row in found.items], next=found.cursor)


@router.post("/reviews/resolution", operation_id="resolveReviews", summary="Decide about all with one common cause")
async def resolve_reviews(body: BulkResolutionIn, here: Here, scope: Scoped) -> BulkResolutionOut:
    reviews = here.ports.business.billing.reviews
    done = await reviews.resolve_all(scope, body.network, body.doubt, body.decision, body.note)
    return BulkResolutionOut(resolved=done)


@router.get("/reviews/{id}", operation_id="getReview", summary="One session under review")
async def get_review(id: Id, here: Here, scope: Scoped, response: Response) -> ReviewOut:
    row = await here.ports.business.billing.reviews.item(scope, id)
    tagged(response, row.version)
    return ReviewOut.of(row)


@router.post("/reviews/{id}/preview", operation_id="previewReview", summary="The bill that other figures would make")
async def preview_review(id: Id, body: FiguresIn, here: Here, scope: Scoped) -> PreviewOut:
    return PreviewOut.of(await here.ports.business.billing.reviews.preview(scope, id, body.figures()))


@router.post("/reviews/{id}/resolution", operation_id="resolveReview", summary="Decide about a session")
async def resolve_review(
    id: Id, body: ResolutionIn, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> ReviewOut:
    """The same decision once more changes nothing and is answered as the first time."""
    figures = None if body.figures is None else body.figures.figures()
    row = await here.ports.business.billing.reviews.resolve(scope, id, body.decision, body.note, figures, version)
    tagged(response, row.version)
    return ReviewOut.of(row)


@router.get("/reports/revenue", operation_id="getRevenue", summary="Revenue and taxes from receipts")
async def get_revenue(
    here: Here,
    scope: Scoped,
    since: Annotated[date | None, Query(description="First local day of issue; 30 days before `until`.")] = None,
    until: Annotated[date | None, Query(description="Last day, included; today.")] = None,
    by: Annotated[Literal["day", "network", "tariff"], Query()] = "day",
    network: Name = "",
) -> RevenueReportOut:
    """Credit notes count against it on the day on which they were issued."""
    billing = here.ports.business.billing
    # Somewhere on Earth it is tomorrow already.
    last = until or local_day(here.ports.clock.now(), "Pacific/Kiritimati")
    days = since or last - timedelta(days=min(30, last.toordinal() - 1)), last
    rows = await billing.reports.revenue(scope, by, *days, network)
    taxes = await billing.reports.taxes(scope, *days, network)
    return RevenueReportOut(
        rows=[RevenueOut.of(row) for row in rows],
        taxes=[TaxSumOut.of(row) for row in taxes],
        open_reviews=await billing.reviews.open_count(scope),
    )
