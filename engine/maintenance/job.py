"""A maintenance job as it is written down, and what can be one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from engine.errors import InvalidInput
from engine.maintenance.course import OPEN, PRIORITIES
from engine.stores.sql.tables.maintenance import maintenance_jobs

NO_DUE = 2**62
"""What stands in SQL where no date was set."""

MAX_TITLE, MAX_TEXT = 200, 4000
MOST_PARTS = 100


@dataclass(frozen=True, slots=True)
class Job:
    """Times in microseconds. `evse` and `connector` 0 are all; `alert` is None for a job that a person opened."""

    id: str
    network: str
    station: str
    charge_point: str
    evse: int
    connector: int
    title: str
    description: str
    priority: str
    state: str
    assignee: str
    due: int
    blocking: bool
    out_of_operation: bool
    alert: str | None
    touched: bool
    opened_by: str
    resolution: str
    version: int
    created: int
    updated: int
    ended: int | None

    @property
    def open(self) -> bool:
        return self.state in OPEN

    def overdue(self, now: int) -> bool:
        """Whether it should have been done by `now` (microseconds)."""
        return self.open and self.due < now


COLUMNS = [maintenance_jobs.c[field.name] for field in fields(Job)]


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that somebody wants opened. `due` in microseconds, None: no date."""

    charge_point: str
    title: str
    evse: int = 0
    connector: int = 0
    description: str = ""
    priority: str = "normal"
    assignee: str = ""
    due: int | None = None
    blocking: bool = True
    out_of_operation: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A part that went in. `cost` is that of one of them, None where nobody said; `at` in microseconds."""

    id: str
    name: str
    number: str
    quantity: int
    cost: Decimal | None
    currency: str
    at: int


def check_job(title: str, description: str, priority: str, evse: int, connector: int) -> None:
    """Raise InvalidInput for what cannot be a job."""
    if not 1 <= len(title.strip()) <= MAX_TITLE:
        raise InvalidInput(f"A title has 1 to {MAX_TITLE} characters.", field="title", remedy="Say it shorter.")
    if len(description) > MAX_TEXT:
        raise InvalidInput(
            f"A description has {MAX_TEXT} characters at most.", field="description", remedy="Write the rest as notes."
        )
    if priority not in PRIORITIES:
        raise InvalidInput(
            f"A job cannot be {priority!r}.", field="priority", remedy=f"Use one of: {', '.join(PRIORITIES)}."
        )
    if connector and not evse:
        raise InvalidInput("A connector belongs to an EVSE.", field="evse", remedy="Name the EVSE as well.")


def check_part(part: Part) -> None:
    """Raise InvalidInput for what cannot be a part."""
    if not 1 <= len(part.name.strip()) <= MAX_TITLE:
        raise InvalidInput(f"A part's name has 1 to {MAX_TITLE} characters.", field="name", remedy="Name it shorter.")
    if not 1 <= part.quantity <= 10_000:
        raise InvalidInput("1 to 10,000 parts.", field="quantity", remedy="Give how many went in.")
    if part.cost is not None and not 0 <= part.cost < Decimal(10) ** 12:
        raise InvalidInput("This is no cost.", field="cost", remedy="Give what one of them costs, 0 or more.")
    if (part.cost is not None) != bool(part.currency):
        raise InvalidInput(
            "A cost has a currency, and nothing else has.", field="currency", remedy="Give both or neither."
        )


def audited(job: Job) -> dict[str, Any]:
    """What the audit log keeps of a job: no words that people wrote."""
    names = ("charge_point", "evse", "connector", "priority", "state", "assignee", "blocking", "out_of_operation")
    return {name: getattr(job, name) for name in names} | {"due": None if job.due == NO_DUE else job.due}
