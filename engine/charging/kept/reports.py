"""Reports that a station gives in parts: put together by their request, whole only when every part is there.

Parts with numbers (seqNo, from 0) may come in any order; the one that says that no more follow tells how many there
are. Parts without (charging profiles, display messages) are told apart by what they say, and come in order. A part that
is repeated counts once. Each part is a snapshot part of its own until the report is whole, so that a long report is
not written again with every part. What a whole report teaches is taken over then; of one that never becomes whole, when
it is given up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.charging.config import MachineConfig
from engine.charging.effects import Append, Effect, Reply, SetTimer
from engine.charging.kept import configuration as station_configuration
from engine.charging.kept import customers, inventory
from engine.charging.kept import parts as kept
from engine.charging.kept.facts import (
    ConfigurationLearned,
    CustomerForgotten,
    DisplaySet,
    MonitorsSet,
    ProfileSet,
    ReportPromised,
    Setting,
)
from engine.charging.kept.notice_events import ReportAssembled
from engine.charging.kept.notices import CONFIGURATION, DISPLAYS, MONITORING, PROFILES, ReportPart
from engine.charging.messages import Acknowledged
from engine.charging.secrecy import shown
from engine.charging.smart import charging as smart_charging
from engine.charging.state import ChargePointState
from engine.clock import SECOND

REPORTS_TIMER = "reports"

MAX_REPORTS = 8
"""Reports that are kept: the newest."""

MAX_PARTS = 2000
MAX_BYTES = 512 * 1024
"""A report's packed parts; what comes beyond is acknowledged and left out, and the report says `truncated`."""

PATIENCE = 600 * SECOND
"""A report of which nothing more has come for so long is given up."""

CROSSING = 60 * SECOND
"""How long before its command's answer the first part may have come."""

PROMISED, OPEN, COMPLETE, INCOMPLETE = "promised", "open", "complete", "incomplete"

Row = dict[str, Any]


def promised(state: ChargePointState, fact: ReportPromised, command: str, now: int, effects: list[Effect]) -> None:
    """The station will report. A former report of the same number is forgotten, unless it is this one's beginning."""
    reports = _reports(state)
    row = _find(reports, fact.report, fact.request)
    if row is not None and not row["command"] and row["first"] >= now - CROSSING:
        row["command"] = command
    else:
        if row is not None:
            _forget(state, row)
            reports.remove(row)
        row = _new(fact.report, fact.request, command, now)
        reports.append(row)
    if fact.forgets is not None:
        row["forgets"] = list(fact.forgets)
        _forgotten(state, row, now, effects)
    if fact.empty:
        _finish(state, row, COMPLETE, now, effects)
    _put(state, reports, now, effects)
    _wake(effects, now)


def part(state: ChargePointState, message: ReportPart, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """Take one part, once."""
    state.last_seen = now
    reports = _reports(state)
    row = _find(reports, message.report, message.request)
    if row is None:
        row = _new(message.report, message.request, "", now)
        reports.append(row)
        _wake(effects, now)
    number = _number(row, message)
    if number is not None:
        row["state"], row["latest"] = OPEN, now
        _keep(state, row, number, message)
        if message.last:
            row["end"] = number
        if row["end"] is not None and row["below"] > row["end"]:
            _finish(state, row, COMPLETE, now, effects)
        _put(state, reports, now, effects)
    effects.append(Reply(Acknowledged()))


def _number(row: Row, message: ReportPart) -> int | None:
    """The part's place in the report, None for a repeat or one too many."""
    if row["state"] in (COMPLETE, INCOMPLETE):
        return None
    if isinstance(message.part, str):
        if message.part in row["digests"] or len(row["digests"]) >= MAX_PARTS:
            return None
        row["digests"].append(message.part)
        number = len(row["digests"]) - 1
    else:
        number = message.part
        if not 0 <= number < MAX_PARTS or number < row["below"] or number in row["ahead"]:
            return None
    row["ahead"].append(number)
    while row["below"] in row["ahead"]:
        row["ahead"].remove(row["below"])
        row["below"] += 1
    return number


def _keep(state: ChargePointState, row: Row, number: int, message: ReportPart) -> None:
    hidden = [_hidden(item) for item in message.rows] if message.report == CONFIGURATION else list(message.rows)
    data = kept.packed({"v": 1, "rows": hidden})
    if row["bytes"] + len(data) > MAX_BYTES:
        row["truncated"] = True
        return
    row["bytes"] += len(data)
    row["rows"] += len(hidden)
    name = _piece(row, number)
    state.kept[name] = data
    state.dirty.add(name)


def _hidden(item: Row) -> Row:
    """A variable with its attributes, without secrets."""
    attributes = [
        {**a, "value": shown(str(item["variable"]), a.get("value"), str(a.get("mutability") or ""))}
        for a in item.get("attributes", ())
    ]
    return {**item, "attributes": attributes}


def _finish(state: ChargePointState, row: Row, how: str, now: int, effects: list[Effect]) -> None:
    """The report ends: its parts become one, and what it says is taken over."""
    numbers = _numbers(row)
    rows = [item for number in numbers for item in _rows_of_piece(state, row, number)]
    for number in numbers:
        kept.drop(state, _piece(row, number))
    kept.store(state, _whole(row), {"rows": rows}, 2 * MAX_BYTES)
    row |= {"state": how, "latest": now, "ahead": [], "digests": [], "parts": len(numbers)}
    _learn(state, row, rows, now)
    _forgotten(state, row, now, effects)
    effects.append(
        Append(
            ReportAssembled(
                *(state.charge_point, now, row["report"], row["request"], row["command"]),
                *(len(numbers), row["rows"], how == COMPLETE),
            )
        )
    )


def _forgotten(state: ChargePointState, row: Row, now: int, effects: list[Effect]) -> None:
    """A customer is forgotten when the report about them is over, which may be before we heard of the command."""
    if "forgets" in row and row["state"] in (COMPLETE, INCOMPLETE):
        customers.forgotten(state, CustomerForgotten(*row.pop("forgets")), row["command"], now, effects)


def _learn(state: ChargePointState, row: Row, rows: list[Any], now: int) -> None:
    report, command = row["report"], row["command"]
    if report == CONFIGURATION:
        settings = ConfigurationLearned(tuple(settings_of(rows)))
        station_configuration.learn(state, settings, command, now)
    elif report == MONITORING:
        inventory.monitors_set(state, MonitorsSet(tuple(rows)), command, now)
    elif report == PROFILES:
        for profile in rows:
            smart_charging.profile_set(state, ProfileSet(profile), command, now)
    elif report == DISPLAYS:
        for message in rows:
            inventory.display_set(state, DisplaySet(message), command, now)


def settings_of(rows: Iterable[Row]) -> Iterable[Setting]:
    """The attributes of a report's variables."""
    for item in rows:
        place = (item["component"], item["component_instance"], item["evse"], item["connector"], item["instance"])
        for attribute in item["attributes"]:
            value, mutability = attribute.get("value"), attribute.get("mutability") or ""
            yield Setting(item["variable"], value, mutability, *place, attribute.get("type") or "Actual")


def give_up(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """The timer: what has waited too long for its parts ends with gaps."""
    reports = _reports(state)
    waiting = [row for row in reports if row["state"] in (PROMISED, OPEN)]
    overdue = [row for row in waiting if row["latest"] + PATIENCE <= now]
    for row in overdue:
        _finish(state, row, INCOMPLETE, now, effects)
    if overdue:
        _put(state, reports, now, effects)
    arm(state, effects)


def arm(state: ChargePointState, effects: list[Effect]) -> None:
    """Set the timer to when the first report has waited too long."""
    if kept.REPORTS not in state.kept:
        return
    waiting = [row["latest"] for row in _reports(state) if row["state"] in (PROMISED, OPEN)]
    if waiting:
        effects.append(SetTimer(REPORTS_TIMER, min(waiting) + PATIENCE))


def _wake(effects: list[Effect], now: int) -> None:
    """One timer for the whole report: it looks again then, instead of being moved with every part."""
    effects.append(SetTimer(REPORTS_TIMER, now + PATIENCE))


def _put(state: ChargePointState, reports: list[Row], now: int, effects: list[Effect]) -> None:
    while len(reports) > MAX_REPORTS:
        oldest = next((r for r in reports if r["state"] in (COMPLETE, INCOMPLETE)), reports[0])
        if oldest["state"] in (PROMISED, OPEN):
            _finish(state, oldest, INCOMPLETE, now, effects)
        _forget(state, oldest)
        reports.remove(oldest)
    # All reports with all their digests: one that fell out of the list would leave its pieces behind for ever.
    kept.store(state, kept.REPORTS, {"reports": reports}, MAX_BYTES)


def _forget(state: ChargePointState, row: Row) -> None:
    for number in _numbers(row):
        kept.drop(state, _piece(row, number))
    kept.drop(state, _whole(row))


def _new(report: str, request: int, command: str, now: int) -> Row:
    return {
        "report": report,
        "request": request,
        "command": command,
        "state": PROMISED,
        "first": now,
        "latest": now,
        "below": 0,
        "ahead": [],
        "digests": [],
        "end": None,
        "parts": 0,
        "rows": 0,
        "bytes": 0,
        "truncated": False,
    }


def _reports(state: ChargePointState) -> list[Row]:
    reports: list[Row] = kept.load(state, kept.REPORTS).get("reports", [])
    return reports


def _find(reports: list[Row], report: str, request: int) -> Row | None:
    return next((row for row in reversed(reports) if (row["report"], row["request"]) == (report, request)), None)


def _piece(row: Row, number: int) -> str:
    return f"{kept.PIECE}{row['report']}:{row['request']}:{number}"


def _whole(row: Row) -> str:
    return f"{kept.WHOLE}{row['report']}:{row['request']}"


def view(state: ChargePointState, request: int | None = None) -> list[Row]:
    """The reports, or those of one number with their rows as far as they have come, newest first."""
    found = [row for row in reversed(_reports(state)) if request in (None, row["request"])]
    return [_shown(row) | ({} if request is None else {"items": _items(state, row)}) for row in found]


def _shown(row: Row) -> Row:
    over = row["state"] in (COMPLETE, INCOMPLETE)
    names = ("report", "request", "command", "state", "first", "latest", "rows", "truncated")
    parts = row["parts"] if over else row["below"] + len(row["ahead"])
    return {name: row[name] for name in names} | {"parts": parts, "complete": row["state"] == COMPLETE}


def _items(state: ChargePointState, row: Row) -> list[Any]:
    if _whole(row) in state.kept:
        whole: list[Any] = kept.load(state, _whole(row))["rows"]
        return whole
    return [item for number in _numbers(row) for item in _rows_of_piece(state, row, number)]


def _numbers(row: Row) -> list[int]:
    return [*range(row["below"]), *sorted(row["ahead"])]


def _rows_of_piece(state: ChargePointState, row: Row, number: int) -> list[Any]:
    """Nothing, if the part was left out for its size."""
    rows: list[Any] = kept.read(kept.PIECE, state.kept.get(_piece(row, number))).get("rows", [])
    return rows
