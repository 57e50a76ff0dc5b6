"""JSON of what the dashboard asks for: the overview, the whole fleet in one answer, and saved views."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.resources import FreeObject, Strict
from engine.clock import to_iso
from engine.stores.desks.views import SavedView

PageName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
ViewName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]


class HourOut(BaseModel):
    hour: int = Field(description="Hours after `since`.", examples=[9])
    sessions: int
    energy_wh: float = Field(description="Of the sessions that began in it, so far, Wh.")


class OverviewOut(BaseModel):
    """A network at a glance. For looking at: bills are made of sessions."""

    since: str = Field(description="When the day began.", examples=["2026-01-01T00:00:00.000Z"])
    charge_points: int
    connectors: dict[str, int] = Field(description="By shown state.", examples=[{"Available": 12, "Charging": 3}])
    power_w: float = Field(description="Of all running sessions, W, as last told.")
    sessions_now: int
    sessions: int = Field(description="That began on this day.")
    energy_wh: float = Field(description="Of those, so far, Wh.")
    hours: list[HourOut]


FLEET_COLUMNS = (
    *("id", "name", "station", "station_name", "network", "commissioning"),
    *("vendor", "model", "firmware", "link", "states", "power_w", "last_seen"),
)


class FleetOut(BaseModel):
    """Every charge point in one answer, as rows of `columns`. `states` has one word a connector; `last_seen` is
    milliseconds since 1970."""

    columns: list[str] = Field(examples=[list(FLEET_COLUMNS)])
    rows: list[list[Any]] = Field(
        examples=[[["CP-1", "Front", "mall", "City Mall", "default", "live", "V", "M", "1.4", "connected"]]]
    )
    complete: bool = Field(description="Whether these are all; false where there are more than are given.")


class SavedViewIn(Strict):
    page: PageName = Field(description="The page that it is a view of.", examples=["charge-points"])
    name: ViewName = Field(examples=["Faulted in the north"])
    content: FreeObject = Field(description="In the page's own words; 8 KiB at most.", examples=[{"state": "Faulted"}])


class SavedViewChange(Strict):
    name: ViewName
    content: FreeObject


class SavedViewOut(BaseModel):
    id: str
    page: str
    name: str
    content: dict[str, Any]
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, view: SavedView) -> SavedViewOut:
        return cls(
            id=view.id,
            page=view.page,
            name=view.name,
            content=dict(view.content),
            created_at=to_iso(view.created),
            updated_at=to_iso(view.updated),
        )
