"""How every list is paged: a cursor and a limit in, one row more than the limit asked of the port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Path, Query, Request

from api.web import cursors
from api.web.context import context_of, scope_of
from engine.errors import InvalidInput, NotFound
from engine.ids import MAX_CHARGE_POINT_ID, checked_charge_point_id
from engine.stores.listing import Wanted

Limit = Annotated[int, Query(ge=1, le=500, description="Rows on one page.")]
Cursor = Annotated[str | None, Query(max_length=512, description="`next` of the page before.")]
Id = Annotated[str, Path(pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]

Sort = Annotated[
    str,
    Query(max_length=40, pattern=r"^-?[a-z_]*$", description="What to order by; with a minus in front, descending."),
]
Searched = Annotated[str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$", description="Text to look for.")]


async def wanted_page(sort: Sort = "", cursor: Cursor = None, limit: Limit = 100) -> Wanted:
    """Which page of a list is asked for, and in which order."""
    return Wanted(sort, cursor, limit)


Listed = Annotated[Wanted, Depends(wanted_page)]

Row = TypeVar("Row")
Out = TypeVar("Out")


def page(rows: Sequence[Row], limit: int, out: Callable[[Row], Out], position: Callable[[Row], Any]) -> dict[str, Any]:
    """A page of at most `limit` rows from one that was asked to have one more."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {"items": [out(row) for row in shown], "next": cursors.encode(position(shown[-1])) if more else None}


async def known_charge_point_id(text: Annotated[str, Path(alias="id", examples=["CP-1"])], request: Request) -> str:
    """A charge point id from the address, of a charge point in whose network the caller may do this.

    One that no charge point can have, or that lies outside, is unknown like any other. Whether it is registered is for
    the route to find out: it needs the row anyway.
    """
    here, scope = await context_of(request), await scope_of(request)
    try:
        charge_point = checked_charge_point_id(text)
    except InvalidInput as error:
        raise NotFound(
            f"No charge point has this id (1 to {MAX_CHARGE_POINT_ID} printable characters).", field="id"
        ) from error
    await here.ports.business.whereabouts.need(scope, charge_point)
    return charge_point
