"""What a session costs, line by line."""

from __future__ import annotations

from fastapi import APIRouter

from api.operations.bills import bill_out
from api.ports.facade import SessionRow
from api.routes.paging import Id
from api.schemas.tariffs import SessionPriceOut
from api.web.context import Context, Here, Scoped
from engine.stores.tariffs.settled import Settled
from engine.tariffs.pricing import price
from engine.tariffs.stored import course_of, tariff_of

router = APIRouter(prefix="/sessions", tags=["sessions"])


@router.get("/{id}/price", operation_id="getSessionPrice", summary="What a session costs, and why")
async def get_session_price(id: Id, here: Here, scope: Scoped) -> SessionPriceOut:
    """While it is open, the price until now; then the settled one. The same lines as on its receipt."""
    session = await here.ports.ledger.session(id, scope)
    settled = await here.ports.business.settled_prices.of(id)
    found = settled or await _running(here, session)
    if found is None:
        return SessionPriceOut(session=id, settled=session.settled is not None, tariff=None, version=None, bill=None)
    until = None if settled is not None else max(here.ports.clock.now(), found.course.marks[-1].at)
    return SessionPriceOut(
        session=id,
        settled=settled is not None,
        tariff=found.tariff.id,
        version=found.tariff.version,
        bill=bill_out(price(found.tariff, found.course, until)) if found.sure else None,
    )


async def _running(here: Context, session: SessionRow) -> Settled | None:
    """From the live state; None where it has no price, or no live state any more."""
    prices = await here.ports.fleet.kept(session.charge_point, "prices")
    known = None if prices is None else prices.get(session.id)
    if known is None:
        return None
    return Settled(tariff_of(known["tariff"]), course_of(known["course"]), known["sure"])
