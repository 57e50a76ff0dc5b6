"""Security events in SQL: once, whatever the batches, and found page by page."""

from __future__ import annotations

from pathlib import Path

from api.sources.security_events import SqlSecurityEvents
from engine.charging.kept.notice_events import SecurityEventSeen
from engine.projections.ledger import Ledger
from engine.stores.sql.engine import connect
from engine.stores.sql.migrations import upgrade_database
from tests.engine.projections.events import T0, entry


def event(number: int, kind: str = "MemoryExhaustion", charge_point: str = "CP-1") -> SecurityEventSeen:
    return SecurityEventSeen(charge_point, kind, f"event {number}", None, T0 + number, T0 + number)


async def test_they_are_rows_once_and_come_newest_first(tmp_path: Path) -> None:
    database = connect(f"sqlite+aiosqlite:///{tmp_path}/books.sqlite3")
    await upgrade_database(database)
    ledger = Ledger(database)
    await ledger.open(2)
    told = [event(1), event(2, "InvalidMessages"), event(3), event(4, charge_point="CP-2")]
    await ledger.apply([entry(1, told[:2])])
    await ledger.apply([entry(2, [*told[1:], event(3, "ResetOrReboot")])])
    events = SqlSecurityEvents(database)
    first = await events.page("CP-1", type=None, after=None, limit=2)
    assert [(row.type, row.received - T0) for row in first] == [("ResetOrReboot", 3), ("MemoryExhaustion", 3)]
    rest = await events.page("CP-1", type=None, after=(first[-1].received, first[-1].type), limit=9)
    assert [(row.type, row.info) for row in rest] == [("InvalidMessages", "event 2"), ("MemoryExhaustion", "event 1")]
    only = await events.page("CP-1", type="MemoryExhaustion", after=None, limit=9)
    assert [row.received - T0 for row in only] == [3, 1]
    await database.aclose()
