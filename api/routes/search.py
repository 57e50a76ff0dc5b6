"""The support desk's search: one text that a caller says, and all that it can mean."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.access.principal import Principal
from api.schemas.search import FoundOut, SearchOut
from api.web.context import Caller, Here, Scoped
from engine.access.scope import Scope
from engine.stores.search.found import Reach
from engine.stores.search.search import LONGEST

router = APIRouter(tags=["search"])


@router.get("/search", operation_id="search", summary="Whatever a caller knows: phone, plate, token, receipt, …")
async def search(
    here: Here,
    scope: Scoped,
    caller: Caller,
    q: Annotated[
        str,
        Query(
            max_length=LONGEST,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="A driver's phone number, e-mail address, name or id, a plate, the number of a token, card or "
            "receipt, a charge point, a station, a session or a station's transaction number. Two characters or more.",
            examples=["+91 98450 12345"],
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=100, description="Things in all.")] = 40,
) -> SearchOut:
    """The whole number comes before its beginning. A driver brings the latest sessions along, the running ones first.
    Each kind of thing is found where you have that thing's own permission: drivers with `drivers:read`, and so on."""
    found = await here.ports.business.search.find(q, _reach(caller, scope), limit + 1)
    return SearchOut(items=[FoundOut.of(row) for row in found[:limit]], more=len(found) > limit)


def _reach(caller: Principal, scope: Scope) -> Reach:
    def where(permission: str) -> Scope:
        return scope & caller.scope_of(permission)

    return Reach(
        drivers=where("drivers:read"),
        sessions=where("sessions:read"),
        charge_points=where("charge-points:read"),
        stations=where("stations:read"),
        tokens=where("tokens:read"),
        receipts=where("receipts:read"),
    )
