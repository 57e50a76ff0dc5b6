"""Alerts whose consumer and clerk are killed between any two steps: each opened, told, escalated and closed once."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from engine.projections.positions import read_positions
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.alerts import alert_events, alerts
from engine.stores.sql.tables.outbox import outbox
from tests.engine.alerts.alerts_process import CONNECTORS, story
from tests.engine.alerts.world import world_of
from tests.warm import Warm

POINTS = (
    "alerts:settled",
    "alerts:opened",
    "alerts:closed",
    "watch:after-rows-before-commit",
    "watch:after-commit",
    "clerk:conditions-before-commit",
    "clerk:conditions-after-commit",
    "clerk:alerts-before-commit",
    "clerk:alerts-after-commit",
)


async def test_a_kill_at_any_step_neither_loses_nor_doubles_an_alert(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await world_of(database)
    armed = os.environ | {"RAYCHARGE_FAULT_POINT": ",".join(POINTS), "RAYCHARGE_FAULT_DIR": str(tmp_path)}
    ends = []
    for _ in range(len(POINTS) + 1):
        ends.append(await Warm("tests.engine.alerts.alerts_process", database_url, env=armed).wait())
    assert ends == [-signal.SIGKILL] * len(POINTS) + [0]
    async with database.read() as connection:
        rows = await connection.execute(select(alerts.c.connector, alerts.c.state))
        states = {row.connector: row.state for row in rows}
        told = Counter((await connection.execute(select(alert_events.c.kind))).scalars())
        letters = Counter(
            (kind, to)
            for kind, to in await connection.execute(
                select(outbox.c.kind, outbox.c.recipient).where(outbox.c.kind.like("alert%"))
            )
        )
    over = (CONNECTORS + 1) // 2
    assert states == {number: "resolved" if number % 2 else "open" for number in range(1, CONNECTORS + 1)}
    assert told == {"opened": CONNECTORS, "resolved": over, "escalated": CONNECTORS - over}
    assert letters == {
        ("alert_opened", "ops@example.org"): CONNECTORS,
        ("alert_resolved", "ops@example.org"): over,
        ("alert_escalated", "boss@example.org"): CONNECTORS - over,
    }
    assert await read_positions(database, "watch") == {0: len(story())}
