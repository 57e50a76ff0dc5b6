"""Billing that is killed between any two of its steps has billed every session once, without a gap in the numbers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from engine.projections.positions import read_positions
from engine.stores.sql.engine import Database
from tests.engine.billing.billing_process import SESSIONS
from tests.engine.billing.world import open_city, receipts_of
from tests.warm import Warm

POINTS = (
    "billing:settled-before-receipt",
    "billing:numbered",
    "billing:written-before-letter",
    "billing:after-rows-before-commit",
    "billing:after-commit",
)


async def test_a_kill_at_any_step_neither_loses_nor_doubles_nor_skips(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await open_city(database)
    armed = os.environ | {"RAYCHARGE_FAULT_POINT": ",".join(POINTS), "RAYCHARGE_FAULT_DIR": str(tmp_path)}
    ends = []
    for _ in range(len(POINTS) + 1):
        ends.append(await Warm("tests.engine.billing.billing_process", database_url, env=armed).wait())
    assert ends == [-signal.SIGKILL] * len(POINTS) + [0]
    rows = await receipts_of(database)
    assert sorted(row.session for row in rows) == sorted(f"s{number}" for number in range(1, SESSIONS + 1))
    assert [row.sequence for row in rows] == list(range(1, SESSIONS + 1))
    assert await read_positions(database, "billing") == {0: SESSIONS}
