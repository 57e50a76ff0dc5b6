"""The JSON of the support desk's search."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.resources import moment
from engine.stores.search.found import Found

Kind = Literal["driver", "session", "charge_point", "station", "token", "receipt"]
Why = Literal["phone", "email", "name", "plate", "token", "card", "receipt", "id", "transaction", "station"]


class FoundOut(BaseModel):
    """One thing that fits. A session that is found by its driver says by what the driver was found."""

    kind: Kind
    id: str
    title: str = Field(examples=["Asha Rao"])
    detail: str = Field(description="What tells it from others; people only as far as needed.", examples=["…345"])
    why: Why = Field(description="By what it was found.")
    exact: bool = Field(description="Whether what was looked for is the whole of that, and not a part.")
    network: str | None
    driver: str | None = Field(description="The driver whose it is.")
    session: str | None
    charge_point: str | None
    evse: int | None
    connector: int | None
    station: str | None
    state: str | None = Field(examples=["started"])
    at: str | None = Field(description="When a session began or a receipt was issued.")

    @classmethod
    def of(cls, row: Found) -> FoundOut:
        return cls.model_validate(
            {
                "kind": row.kind,
                "id": row.id,
                "title": row.title,
                "detail": row.detail,
                "why": row.why,
                "exact": row.exact,
                "network": row.network or None,
                "driver": row.driver or None,
                "session": row.session or None,
                "charge_point": row.charge_point or None,
                "evse": row.evse or None,
                "connector": row.connector or None,
                "station": row.station or None,
                "state": row.state or None,
                "at": moment(row.at),
            }
        )


class SearchOut(BaseModel):
    items: list[FoundOut] = Field(description="Exact findings first; the running sessions before those that are over.")
    more: bool = Field(description="There is more than `limit`: say more of what is looked for.")
