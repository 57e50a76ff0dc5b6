"""What a search finds, and where the one who searches may see which kind of thing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.access.scope import NOWHERE, Scope

DRIVER, SESSION, CHARGE_POINT, STATION, TOKEN, RECEIPT = KINDS = (
    "driver",
    "session",
    "charge_point",
    "station",
    "token",
    "receipt",
)


@dataclass(frozen=True, slots=True)
class Found:
    """One thing. `why` says by what it was found (phone, email, name, plate, token, card, receipt, id, transaction or
    station), `exact` whether that is the whole of it.

    `title` is its name, `detail` what tells it from others, people masked. `state` as the thing's own lists have it,
    `at` microseconds: when a session began, a receipt was issued. Ids are "" where there is none.
    """

    kind: str
    id: str
    title: str
    why: str
    exact: bool = False
    detail: str = ""
    network: str = ""
    driver: str = ""
    session: str = ""
    charge_point: str = ""
    evse: int = 0
    connector: int = 0
    station: str = ""
    state: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody may see each kind; NOWHERE by default."""

    drivers: Scope = NOWHERE
    sessions: Scope = NOWHERE
    charge_points: Scope = NOWHERE
    stations: Scope = NOWHERE
    tokens: Scope = NOWHERE
    receipts: Scope = NOWHERE


@dataclass(slots=True)
class Findings:
    """What was found so far, each thing once: the first way to it counts, unless a later one is exact."""

    rows: dict[tuple[str, str], Found] = field(default_factory=dict)

    def add(self, found: Found) -> None:
        key = found.kind, f"{found.network}/{found.id}" if found.kind == TOKEN else found.id
        known = self.rows.get(key)
        if known is None:
            self.rows[key] = found
        elif found.exact and not known.exact:
            self.rows[key] = replace(known, why=found.why, exact=True)

    def of(self, kind: str) -> list[Found]:
        return [row for (known, _), row in self.rows.items() if known == kind]

    def ranked(self, limit: int) -> list[Found]:
        """Exact before the rest; of these in the order of `KINDS`, running sessions and the newest first."""

        def place(row: Found) -> tuple[bool, int, bool, int, str]:
            return not row.exact, KINDS.index(row.kind), row.state == "stopped", -(row.at or 0), row.title.lower()

        return sorted(self.rows.values(), key=place)[:limit]
