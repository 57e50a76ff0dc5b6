"""How every list is paged: a cursor and a limit in, one row more than the limit asked of the port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Path, Query

from api import cursors
from engine.errors import InvalidInput, NotFound
from engine.ids import MAX_CHARGE_POINT_ID, checked_charge_point_id

Limit = Annotated[int, Query(ge=1, le=500, description="Rows on one page.")]
Cursor = Annotated[str | None, Query(max_length=512, description="`next` of the page before.")]
Id = Annotated[str, Path(pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]

Row = TypeVar("Row")
Out = TypeVar("Out")


def page(rows: Sequence[Row], limit: int, out: Callable[[Row], Out], position: Callable[[Row], Any]) -> dict[str, Any]:
    """A page of at most `limit` rows from one that was asked to have one more."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {"items": [out(row) for row in shown], "next": cursors.encode(position(shown[-1])) if more else None}


def known_charge_point_id(text: Annotated[str, Path(alias="id", examples=["CP-1"])]) -> str:
    """A charge point id from the address; one that no charge point can have is unknown like any other."""
    try:
        return checked_charge_point_id(text)
    except InvalidInput as error:
        raise NotFound(
            f"No charge point has this id (1 to {MAX_CHARGE_POINT_ID} printable characters).", field="id"
        ) from error
