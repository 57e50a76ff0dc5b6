"""Many stations, charge points and connectors at once: rows put together into what is wanted, faults named by line.

Nothing here looks into a store. Rows of one station say the same of it, or leave columns out; so do rows of one charge
point.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.places.columns import BY_FIELD, CHARGE_POINT, CONNECTOR, STATION, Fault, read_cells

MAX_ROWS = 20_000


@dataclass(slots=True)
class Wanted:
    """Something that a file describes: where it stands there first, and the columns that are said of it."""

    line: int
    said: dict[str, Any]


@dataclass(slots=True)
class Plan:
    """What a file wants. Charge points by their id in lower case, connectors by (that, EVSE, connector)."""

    rows: int = 0
    stations: dict[str, Wanted] = field(default_factory=dict)
    charge_points: dict[str, Wanted] = field(default_factory=dict)
    connectors: dict[tuple[str, int, int], Wanted] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, of: str, name: str, detail: str, remedy: str) -> None:
        """Note a fault of a field by the name of its column."""
        self.faults.append(Fault(line, BY_FIELD[of, name].name, detail, remedy))


def plan_of(rows: Iterable[tuple[int, Mapping[str, Any]]]) -> Plan:
    """Put rows, each with its line, together. What is wrong is in the plan's faults."""
    plan = Plan()
    for line, raw in rows:
        plan.rows += 1
        if plan.rows > MAX_ROWS:
            plan.faults.append(Fault(line, "", f"There are more than {MAX_ROWS} rows.", "Import in several parts."))
            break
        _take(plan, line, read_cells(line, raw, plan.faults))
    _check_codes(plan)
    return plan


def _take(plan: Plan, line: int, found: Mapping[str, dict[str, Any]]) -> None:
    station, charge_point, connector = found[STATION], found[CHARGE_POINT], found[CONNECTOR]
    if not station.get("id"):
        return
    _merge(plan, plan.stations, station["id"], line, STATION, station)
    if not charge_point.get("id"):
        return
    folded = charge_point["id"].lower()
    _merge(plan, plan.charge_points, folded, line, CHARGE_POINT, charge_point | {"station_id": station["id"]})
    if connector.get("evse") is None:
        return
    key = (folded, connector["evse"], connector["connector"])
    if key in plan.connectors:
        plan.fault(
            line,
            CONNECTOR,
            "connector",
            f"This connector is in line {plan.connectors[key].line} already.",
            "Give each connector one row.",
        )
        return
    plan.connectors[key] = Wanted(line, connector)


def _merge(plan: Plan, known: dict[str, Wanted], key: str, line: int, of: str, said: dict[str, Any]) -> None:
    before = known.get(key)
    if before is None:
        known[key] = Wanted(line, said)
        return
    for name, value in said.items():
        if name in before.said and before.said[name] != value:
            column = "station" if name == "station_id" else BY_FIELD[of, name].name
            plan.faults.append(
                Fault(line, column, f"Line {before.line} says otherwise.", "Say the same in all rows, or say it once.")
            )
        before.said.setdefault(name, value)


def _check_codes(plan: Plan) -> None:
    seen: dict[str, int] = {}
    for wanted in plan.connectors.values():
        code = wanted.said.get("code")
        if code and code in seen:
            plan.fault(
                wanted.line, CONNECTOR, "code", f"Line {seen[code]} has this code.", "Leave it out: one is made."
            )
        elif code:
            seen[code] = wanted.line
