"""The JSON of maintenance: jobs, what happened to them, and the parts that went in."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.schemas.resources import Strict, Text, moment
from engine.clock import to_iso
from engine.maintenance.history import Note
from engine.maintenance.job import NO_DUE, Job, Part
from engine.maintenance.orders import Order
from engine.maintenance.reading import Story, Summary

State = Literal["new", "assigned", "in_progress", "waiting_for_parts", "done", "cancelled"]
Priority = Literal["low", "normal", "high", "urgent"]
Title = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")
]
Prose = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
Someone = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9A-Za-z_.:-]*$")]
ChargePointText = Annotated[str, StringConstraints(min_length=1, max_length=48, pattern=r"^[^\x00-\x20\x7f/]+$")]
Evse = Annotated[int, Field(ge=0, le=1023)]


class JobIn(Strict):
    """`evse` and `connector` 0: all of them."""

    charge_point: ChargePointText = Field(examples=["CP-1"])
    evse: Evse = 0
    connector: Annotated[int, Field(ge=0, le=16)] = 0
    title: Title = Field(examples=["Replace the cable"])
    description: Prose = ""
    priority: Priority = "normal"
    assignee: Someone = Field("", description="A user's id; GET /api/v1/assignees has them.")
    due: AwareDatetime | None = None
    blocking: bool = Field(True, description="Drivers cannot charge there while it is open.")
    out_of_operation: bool = Field(
        False, description="Have the charger itself taken out of operation, and in operation at the end."
    )


class JobChange(Strict):
    title: Title = Field("", validate_default=False)
    description: Prose = ""
    priority: Priority = "normal"
    state: State = "new"
    assignee: Someone = Field("", description="Empty: nobody.")
    due: AwareDatetime | None = None
    blocking: bool = True
    resolution: Prose = Field("", description="With `done` or `cancelled`.")


class NoteIn(Strict):
    text: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")] = (
        Field(examples=["Contactor sticks. Ordered a new one."])
    )


class PartIn(Strict):
    name: Title = Field(examples=["Contactor"])
    number: Text = Field("", examples=["3RT2026"])
    quantity: Annotated[int, Field(ge=1, le=10_000)] = 1
    cost: Annotated[Decimal, Field(ge=0, lt=10**12, max_digits=16, decimal_places=4)] | None = Field(
        None, description="Of one of them.", examples=["84.50"]
    )
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = Field("", examples=["EUR"])

    def part(self) -> Part:
        return Part("", self.name, self.number, self.quantity, self.cost, self.currency, 0)


class NoteOut(BaseModel):
    id: str
    at: str
    kind: str = Field(description="note: somebody's own words; anything else: what was done.")
    author: str
    author_name: str
    text: str

    @classmethod
    def of(cls, row: Note) -> NoteOut:
        name = row.author_label or row.author
        return cls(id=row.id, at=to_iso(row.at), kind=row.kind, author=row.author, author_name=name, text=row.text)


class PartOut(BaseModel):
    id: str
    name: str
    number: str
    quantity: int
    cost: str | None
    currency: str | None
    at: str

    @classmethod
    def of(cls, row: Part) -> PartOut:
        cost = None if row.cost is None else format(row.cost, "f")
        shown = {name: getattr(row, name) for name in ("id", "name", "number", "quantity")}
        return cls(**shown, cost=cost, currency=row.currency or None, at=to_iso(row.at))


class OrderOut(BaseModel):
    """What the charger was told, and how it answered."""

    command: str
    operative: bool
    state: Literal["waiting", "ended"]
    outcome: str | None
    detail: str
    created_at: str
    ended_at: str | None

    @classmethod
    def of(cls, row: Order) -> OrderOut:
        return cls.model_validate(
            {"command": row.id, "operative": row.operative, "state": row.state, "outcome": row.outcome or None}
            | {"detail": row.detail, "created_at": to_iso(row.created), "ended_at": moment(row.ended)}
        )


_PLAIN = ("id", "network", "station", "charge_point", "evse", "connector", "title", "description", "priority", "state")


class JobOut(BaseModel):
    id: str
    network: str
    station: str
    charge_point: str
    evse: int = Field(description="0: the whole charge point.")
    connector: int = Field(description="0: all of the EVSE.")
    title: str
    description: str
    priority: Priority
    state: State
    assignee: str | None
    assignee_name: str | None
    due_at: str | None
    overdue: bool
    blocking: bool
    out_of_operation: bool
    alert: str | None = Field(description="The alert that opened it; null where a person did.")
    opened_by: str | None
    resolution: str
    version: int
    created_at: str
    updated_at: str
    ended_at: str | None

    @classmethod
    def of(cls, row: Job, now: int, names: Mapping[str, str]) -> JobOut:
        return cls.model_validate(_shown(row, now, names))


def _shown(row: Job, now: int, names: Mapping[str, str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _PLAIN} | {
        "assignee": row.assignee or None,
        "assignee_name": names.get(row.assignee),
        "due_at": None if row.due == NO_DUE else to_iso(row.due),
        "overdue": row.overdue(now),
        "blocking": row.blocking,
        "out_of_operation": row.out_of_operation,
        "alert": row.alert,
        "opened_by": row.opened_by or None,
        "resolution": row.resolution,
        "version": row.version,
        "created_at": to_iso(row.created),
        "updated_at": to_iso(row.updated),
        "ended_at": moment(row.ended),
    }


class CostOut(BaseModel):
    currency: str
    amount: str


class JobStoryOut(JobOut):
    """With its history, parts and what the charger was told; each list the oldest first."""

    notes: list[NoteOut]
    parts: list[PartOut]
    costs: list[CostOut] = Field(description="Of all parts, by currency.")
    orders: list[OrderOut]

    @classmethod
    def told(cls, story: Story, now: int, names: Mapping[str, str]) -> JobStoryOut:
        costs = [CostOut(currency=name, amount=format(sum_, "f")) for name, sum_ in sorted(story.costs().items())]
        return cls.model_validate(
            _shown(story.job, now, names)
            | {
                "notes": [NoteOut.of(each) for each in story.notes],
                "parts": [PartOut.of(each) for each in story.parts],
                "costs": costs,
                "orders": [OrderOut.of(each) for each in story.orders],
            }
        )


class SummaryOut(BaseModel):
    states: dict[str, int] = Field(description="Jobs by state.")
    priorities: dict[str, int] = Field(description="Open jobs by priority.")
    overdue: int
    blocking: int = Field(description="Open jobs that keep drivers away.")

    @classmethod
    def of(cls, row: Summary) -> SummaryOut:
        priorities = dict(row.priorities)
        return cls(states=dict(row.states), priorities=priorities, overdue=row.overdue, blocking=row.blocking)


class AssigneeOut(BaseModel):
    id: str
    name: str
