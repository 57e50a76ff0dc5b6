"""Tariffs as they are read from SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.stores.sql.tables.tariffs import tariff_assignments, tariff_versions
from engine.tariffs.held import Assignment, InForce
from engine.tariffs.model import Tariff
from engine.tariffs.stored import tariff_of

DRAFT, PUBLISHED, WITHDRAWN = "draft", "published", "withdrawn"


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a tariff. Times in microseconds; `version` counts the row's changes, not the tariff's versions."""

    tariff: str
    number: int
    state: str
    valid_from: int | None
    valid_until: int | None
    content: Tariff
    version: int
    published: int | None
    created: int
    updated: int

    def begun(self, now: int) -> bool:
        """Whether it is, or was, valid: from then on it is never changed."""
        return self.state != DRAFT and self.valid_from is not None and self.valid_from <= now

    @property
    def in_force(self) -> InForce | None:
        """When it holds; None for one that never does."""
        if self.state == DRAFT or self.valid_from is None:
            return None
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            return None
        return InForce(self.content, self.valid_from, self.valid_until)


@dataclass(frozen=True, slots=True)
class TariffRow:
    """A tariff with all its versions, the newest first. `version` counts the changes of its name."""

    id: str
    network: str
    name: str
    currency: str
    version: int
    created: int
    updated: int
    versions: tuple[VersionRow, ...] = ()

    def version_at(self, at: int) -> VersionRow | None:
        """The version that holds at `at` (microseconds)."""
        holding = [row for row in self.versions if (force := row.in_force) is not None and force.holds(at)]
        return max(holding, key=lambda row: (row.valid_from or 0, row.number), default=None)


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """An assignment as it is kept: `assigned` is what counts, `version` counts the row's changes."""

    assigned: Assignment
    version: int
    created: int
    updated: int

    @property
    def id(self) -> str:
        return self.assigned.id


VERSION_COLUMNS = [
    tariff_versions.c[name]
    for name in (
        "tariff",
        "number",
        "state",
        "valid_from",
        "valid_until",
        "content",
        "version",
        "published",
        "created",
        "updated",
    )
]


def version_of(row: Any) -> VersionRow:
    tariff, number, state, valid_from, valid_until, content, *rest = row
    return VersionRow(tariff, number, state, valid_from, valid_until, tariff_of(content), *rest)


def assignment_of(row: Any) -> Assignment:
    """From a row of `tariff_assignments`."""
    return Assignment(
        row.id,
        row.tariff,
        row.network_id,
        row.valid_from,
        row.valid_until,
        row.station,
        row.charge_point,
        row.evse,
        row.connector,
        row.token_group,
    )


def assignment_row_of(row: Any) -> AssignmentRow:
    return AssignmentRow(assignment_of(row), row.version, row.created, row.updated)


ASSIGNMENT_COLUMNS = list(tariff_assignments.c)
