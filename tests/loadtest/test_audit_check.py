"""The audit finds what is missing, what is there twice, and what is wrong, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from loadtest.audit import AuditLine, AuditLog
from loadtest.audit_check import Findings, audit

CP = "CP-1"
SAID = {
    "start": "2026-05-01T10:00:00.001Z",
    "meter": "2026-05-01T10:00:00.002Z",
    "stop": "2026-05-01T10:00:00.003Z",
    "status": "2026-05-01T10:00:00.004Z",
    "unanswered": "2026-05-01T10:00:00.005Z",
}
_SCHEMA = """
CREATE TABLE sql_sessions (charge_point, connector, started_said, stopped_said, transaction_id, meter_start_wh,
    energy_wh, state);
CREATE TABLE sessions (charge_point, connector, said, energy_wh, "transaction");
CREATE TABLE meter_values (charge_point, connector, said);
CREATE TABLE connector_status (charge_point, connector, said);
"""


class Stores:
    """SQLite plays both stores: the audit's questions are plain enough for it."""

    def __init__(self, files: list[Path]) -> None:
        self.database = sqlite3.connect(":memory:")
        self.database.executescript(_SCHEMA)
        self.database.create_function("toString", 1, str)
        self._files = files
        self.insert("sql_sessions", CP, 1, SAID["start"], SAID["stop"], "7", "1000", "500", "stopped")
        self.insert("sessions", CP, 1, SAID["stop"], "500", "7")
        for _ in range(4):
            self.insert("meter_values", CP, 1, SAID["meter"])
        self.insert("connector_status", CP, 1, SAID["status"])

    def insert(self, table: str, *values: object) -> None:
        self.database.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(values))})", values)

    def run(self, statement: str) -> None:
        self.database.execute(statement)

    def audit(self) -> Findings:
        def sql(query: str) -> Sequence[Sequence[Any]]:
            return self.clickhouse(query.replace("FROM sessions", "FROM sql_sessions"))

        return audit(self._files, sql, self.clickhouse)

    def clickhouse(self, query: str) -> Sequence[Sequence[Any]]:
        return self.database.execute(
            query.replace("count()", "count(*)").replace("min(transaction)", 'min("transaction")')
        ).fetchall()


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    file = tmp_path / "audit.jsonl"
    log = AuditLog(file)

    def note(kind: str, said: str, samples: int = 0, acknowledged: bool = True, **detail: object) -> None:
        for event in ("said", "ack") if acknowledged else ("said",):
            log.append(AuditLine(event, kind, f"{kind}:{said}", CP, 1, 7, said, samples, 0, detail))

    note("StartTransaction", SAID["start"], meterStart=1000)
    note("MeterValues", SAID["meter"], samples=4)
    note("StopTransaction", SAID["stop"], meterStop=1500)
    note("StatusNotification", SAID["status"])
    note("MeterValues", SAID["unanswered"], samples=4, acknowledged=False)
    log.close()
    stores = Stores([file])
    yield stores
    stores.database.close()


def test_what_was_acknowledged_and_is_there_once_is_green(stores: Stores) -> None:
    found = stores.audit()
    assert found.green
    assert sum(found.acknowledged.values()) == 4
    assert (found.samples, found.unacknowledged) == (4, 1)


@pytest.mark.parametrize("table", ["sql_sessions", "sessions", "meter_values", "connector_status"])
def test_a_missing_row_of_any_kind_is_lost(stores: Stores, table: str) -> None:
    stores.run(f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")
    found = stores.audit()
    assert found.lost
    assert not found.doubled


@pytest.mark.parametrize("table", ["sql_sessions", "sessions", "meter_values", "connector_status"])
def test_a_second_row_of_any_kind_is_doubled(stores: Stores, table: str) -> None:
    stores.run(f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1")
    found = stores.audit()
    assert found.doubled
    assert not found.lost


def test_what_was_not_acknowledged_may_be_there_once_but_not_twice(stores: Stores) -> None:
    for _ in range(4):
        stores.insert("meter_values", CP, 1, SAID["unanswered"])
    assert stores.audit().green
    stores.insert("meter_values", CP, 1, SAID["unanswered"])
    assert stores.audit().doubled


def test_what_no_station_said_is_wrong(stores: Stores) -> None:
    stores.insert("connector_status", CP, 1, "2020-01-01T00:00:00Z")
    assert stores.audit().wrong


@pytest.mark.parametrize("change", ["energy_wh = '499'", "transaction_id = '8'", "state = 'charging'"])
def test_a_session_with_other_contents_is_wrong(stores: Stores, change: str) -> None:
    stores.run(f"UPDATE sql_sessions SET {change}")
    assert stores.audit().wrong


def test_other_stations_rows_are_nobodys_business(stores: Stores) -> None:
    stores.insert("meter_values", "ANOTHER", 1, SAID["meter"])
    assert stores.audit().green
