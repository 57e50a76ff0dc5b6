"""The audit: what stations were told is stored, against what the stores hold, message by message.

It reads the stations' own files of acknowledgements (`loadtest/audit.py`) and asks SQL and ClickHouse with plain
`count()`, no DISTINCT and no FINAL. What was acknowledged must be there exactly once, what was not, at most once.

    python -m loadtest.audit_check --sqlite raycharge.sqlite3 --clickhouse http://127.0.0.1:8123/ audit-*.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from loadtest.audit import AUDITED, AuditBook, AuditLine
from loadtest.books import sqlite_rows

Query = Callable[[str], Sequence[Sequence[Any]]]
Place = tuple[str, int, str]
"""Charge point, connector and the timestamp as said: no two messages of one kind share them."""

SHOWN = 5


@dataclass(slots=True)
class Findings:
    """What the audit found; each finding is one line for people. `acknowledged` counts messages by action."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    unacknowledged: int = 0
    samples: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def green(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)

    def __str__(self) -> str:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(self.acknowledged.items()))
        lines = [f"acknowledged: {told} ({self.samples} sampled values); not acknowledged: {self.unacknowledged}"]
        for name in ("lost", "doubled", "wrong"):
            found: list[str] = getattr(self, name)
            lines.append(f"{name}: {len(found)}")
            lines += [f"  {line}" for line in found[:SHOWN]]
        return "\n".join(lines)


def audit(files: Iterable[Path], sql: Query, clickhouse: Query) -> Findings:
    """Compare the files with the stores. `sql` and `clickhouse` return a query's rows."""
    books = [AuditBook(path) for path in files]
    findings = Findings(acknowledged={kind: sum(len(book.must(kind)) for book in books) for kind in sorted(AUDITED)})
    findings.unacknowledged = sum(len(book.may(kind)) for book in books for kind in AUDITED)
    findings.wrong += [f"acknowledged twice: {line.key}" for book in books for line in book.twice]
    must = _Lines(line for book in books for kind in AUDITED for line in book.must(kind))
    may = _Lines(line for book in books for kind in AUDITED for line in book.may(kind))
    _starts(must, may, sql, findings)
    _stops(must, may, sql, clickhouse, findings)
    _meters(must, may, clickhouse, findings)
    _statuses(must, may, clickhouse, findings)
    return findings


class _Lines(dict[str, list[AuditLine]]):
    """Audit lines by action."""

    def __init__(self, lines: Iterable[AuditLine]) -> None:
        super().__init__({kind: [] for kind in AUDITED})
        for line in lines:
            self[line.kind].append(line)


def _place(line: AuditLine) -> Place:
    return line.charge_point, line.connector, line.timestamp


def _compare(
    what: str,
    must: Mapping[Place, int],
    may: Mapping[Place, int],
    found: Mapping[Place, int],
    findings: Findings,
) -> None:
    """Exactly `must` of each place, of the others nothing, or at most `may`."""
    for place, count in must.items():
        there = found.get(place, 0)
        if there < count:
            findings.lost.append(f"{what} of {place}: {there} instead of {count}")
        elif there > count:
            findings.doubled.append(f"{what} of {place}: {there} instead of {count}")
    for place, count in found.items():
        if place in must:
            continue
        if place not in may:
            findings.wrong.append(f"{what} of {place}: {count}, but no station said it")
        elif count > may[place]:
            findings.doubled.append(f"{what} of {place}: {count}, at most {may[place]} were said")


def _by_charge_point(
    what: str, must: Mapping[Place, int], may: Mapping[Place, int], found: Mapping[str, int], findings: Findings
) -> None:
    """The same by plain totals, so that rows which the finer query would not place are counted too."""
    least: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for place, count in must.items():
        least[place[0]] += count
        most[place[0]] += count
    for place, count in may.items():
        most[place[0]] += count
    for charge_point in most:
        there = found.get(charge_point, 0)
        if there < least[charge_point]:
            findings.lost.append(f"{what} of {charge_point} in all: {there} of {least[charge_point]}")
        elif there > most[charge_point]:
            findings.doubled.append(f"{what} of {charge_point} in all: {there} instead of {most[charge_point]}")


def _counted(rows: Iterable[Sequence[Any]]) -> dict[Place, int]:
    return {(str(row[0]), int(row[1]), str(row[2])): int(row[3]) for row in rows}


def _ones(lines: Iterable[AuditLine]) -> dict[Place, int]:
    return {_place(line): 1 for line in lines}


# --- Start and Stop ---------------------------------------------------------------------------------------------------


def _starts(must: _Lines, may: _Lines, sql: Query, findings: Findings) -> None:
    """One session row in SQL for each, with the transaction number that the station was told."""
    kind = "StartTransaction"
    rows = sql(
        "SELECT charge_point, connector, started_said, count(*), min(transaction_id), min(meter_start_wh) "
        "FROM sessions WHERE started_said IS NOT NULL GROUP BY charge_point, connector, started_said"
    )
    known = _known(must, may)
    rows = [row for row in rows if row[0] in known]
    _compare("SQL sessions", _ones(must[kind]), _ones(may[kind]), _counted(rows), findings)
    by_place = {(str(row[0]), int(row[1]), str(row[2])): row for row in rows}
    for line in must[kind]:
        row = by_place.get(_place(line))
        if row is None:
            continue
        if row[4] != str(line.transaction):
            findings.wrong.append(f"transaction of {line.key}: {row[4]} in SQL, {line.transaction} was answered")
        if Decimal(str(row[5])) != Decimal(str(line.detail["meterStart"])):
            findings.wrong.append(f"meter start of {line.key}: {row[5]}")


def _stops(must: _Lines, may: _Lines, sql: Query, clickhouse: Query, findings: Findings) -> None:
    """The session stopped in SQL with meterStop - meterStart, and one row of it in ClickHouse."""
    kind = "StopTransaction"
    started = {
        (line.charge_point, line.transaction): Decimal(str(line.detail["meterStart"]))
        for line in must["StartTransaction"]
    }
    known = _known(must, may)
    columns = "charge_point, connector, stopped_said, count(*), min(state), min(energy_wh), min(transaction_id)"
    group = "GROUP BY charge_point, connector, stopped_said"
    in_sql = sql(f"SELECT {columns} FROM sessions WHERE stopped_said IS NOT NULL {group}")
    in_clickhouse = clickhouse(
        "SELECT charge_point, connector, said, count(), 'stopped', toString(min(energy_wh)), min(transaction) "
        "FROM sessions WHERE said IS NOT NULL GROUP BY charge_point, connector, said"
    )
    for what, rows in (("SQL stops", in_sql), ("ClickHouse sessions", in_clickhouse)):
        ours = [row for row in rows if row[0] in known]
        _compare(what, _ones(must[kind]), _ones(may[kind]), _counted(ours), findings)
        by_place = {(str(row[0]), int(row[1]), str(row[2])): row for row in ours}
        for line in must[kind]:
            row = by_place.get(_place(line))
            start = started.get((line.charge_point, line.transaction))
            if row is None or start is None:
                continue
            energy = Decimal(str(line.detail["meterStop"])) - start
            if row[4] != "stopped" or row[6] != str(line.transaction) or Decimal(str(row[5])) != energy:
                findings.wrong.append(f"{what} of {line.key}: {row[4]}, {row[5]} Wh instead of {energy}, of {row[6]}")
    totals = clickhouse("SELECT charge_point, count() FROM sessions WHERE said IS NOT NULL GROUP BY charge_point")
    found = {str(row[0]): int(row[1]) for row in totals}
    _by_charge_point("ClickHouse sessions", _ones(must[kind]), _ones(may[kind]), found, findings)


# --- MeterValues and StatusNotification -------------------------------------------------------------------------------


def _samples(lines: _Lines) -> dict[Place, int]:
    """Sampled values by where they were said; a Stop's last readings are told by their own timestamp."""
    said: dict[Place, int] = {}
    for line in lines["MeterValues"]:
        said[_place(line)] = line.samples
    for line in lines["StopTransaction"]:
        if line.samples:
            said[line.charge_point, line.connector, str(line.detail["reading"])] = line.samples
    return said


def _meters(must: _Lines, may: _Lines, clickhouse: Query, findings: Findings) -> None:
    """Each sampled value exactly once in ClickHouse."""
    wanted, possible = _samples(must), _samples(may)
    findings.samples = sum(wanted.values())
    known = _known(must, may)
    totals = clickhouse("SELECT charge_point, count() FROM meter_values GROUP BY charge_point")
    found = {str(row[0]): int(row[1]) for row in totals}
    _by_charge_point("sampled values", wanted, possible, found, findings)
    rows = clickhouse(
        "SELECT charge_point, connector, ifNull(said, ''), count() FROM meter_values "
        "GROUP BY charge_point, connector, said"
    )
    _compare("sampled values", wanted, possible, _counted(row for row in rows if row[0] in known), findings)


def _statuses(must: _Lines, may: _Lines, clickhouse: Query, findings: Findings) -> None:
    """One row in ClickHouse for each. Statuses that no station said (offline) carry no `said`."""
    kind = "StatusNotification"
    known = _known(must, may)
    rows = clickhouse(
        "SELECT charge_point, connector, said, count() FROM connector_status WHERE said IS NOT NULL "
        "GROUP BY charge_point, connector, said"
    )
    ours = _counted(row for row in rows if row[0] in known)
    _compare("statuses", _ones(must[kind]), _ones(may[kind]), ours, findings)


def _known(*books: _Lines) -> set[str]:
    """The charge points that the files speak of: others' rows are nobody's business here."""
    return {line.charge_point for book in books for lines in book.values() for line in lines}


# --- the stores by address --------------------------------------------------------------------------------------------


def sqlite_query(path: Path) -> Query:
    """Queries on a SQLite file that others are writing to."""
    return partial(sqlite_rows, path)


def clickhouse_query(url: str) -> Query:
    """Queries over ClickHouse's HTTP interface, as an analyst asks. Raises httpx.HTTPError."""

    def query(statement: str) -> list[list[Any]]:
        answer = httpx.post(
            url,
            params={"default_format": "JSONCompact"},
            content=statement.encode(),
            timeout=120.0,
            trust_env=False,
        )
        answer.raise_for_status()
        rows: list[list[Any]] = answer.json()["data"]
        return rows

    return query


def main(argv: Sequence[str] | None = None) -> int:
    """Audit from the command line; exit code 1 when it is red."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.audit_check", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sqlite", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--clickhouse", required=True, help="ClickHouse's HTTP address")
    parser.add_argument("files", type=Path, nargs="+", help="audit files of stations")
    options = parser.parse_args(argv)
    findings = audit(options.files, sqlite_query(options.sqlite), clickhouse_query(options.clickhouse))
    sys.stdout.write(f"{findings}\n")
    summary = {"acknowledged": findings.acknowledged, "lost": len(findings.lost), "doubled": len(findings.doubled)}
    sys.stdout.write(json.dumps(summary | {"wrong": len(findings.wrong)}) + "\n")
    return 0 if findings.green else 1


if __name__ == "__main__":
    sys.exit(main())
