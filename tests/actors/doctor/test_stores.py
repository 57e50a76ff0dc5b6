"""What the doctor finds in real stores: durable ones are well, the others are told what to change."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio

from actors.doctor import stores
from actors.doctor.examination import examine
from actors.embedded.remains import end_remains
from actors.embedded.valkey import RunningValkey, start_valkey
from engine.settings import Settings

POSTGRES_URL = os.environ.get("RAYCHARGE_TEST_POSTGRES_URL", "")


@pytest.fixture
async def valkey() -> AsyncIterator[RunningValkey]:
    with tempfile.TemporaryDirectory(prefix="rc-") as folder:
        running = await start_valkey(Settings(data_dir=Path(folder), redis_max_memory_mb=64))
        yield running
        await running.stop()
        await end_remains(Path(folder))


async def test_our_own_running_valkey_is_found_by_its_record_and_is_well(valkey: RunningValkey) -> None:
    [check] = await stores.check_journal(Settings(data_dir=valkey.folder.parent))
    assert (check.name, check.level) == ("journal (embedded)", "ok")


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [("appendonly", "no", "appendonly yes"), ("appendfsync", "everysec", "appendfsync always"),
     ("maxmemory-policy", "allkeys-lru", "noeviction")],
)  # fmt: skip
async def test_a_redis_that_could_lose_data_fails_with_the_setting_to_change(
    valkey: RunningValkey, setting: str, value: str, told: str
) -> None:
    async with redis.asyncio.from_url(valkey.url) as client:
        await client.config_set(setting, value)
    checks = await stores.check_journal(Settings(redis_url=valkey.url))
    assert [told in check.remedy for check in checks if check.level == "fail"] == [True]


async def test_a_store_whose_clock_is_not_ours_is_told(valkey: RunningValkey, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr("actors.doctor.stores.time.time", lambda: now - 60)
    [check] = await stores.check_journal(Settings(redis_url=valkey.url))
    assert check.level == "fail"
    told = re.fullmatch(r"Its clock is ([\d.]+) s ahead of ours\.", check.finding)
    assert told is not None
    # At least what we set; more only by how long the store was waited for.
    assert 59.0 <= float(told[1]) < 120.0


async def test_sqlite_outside_of_wal_is_told_and_garbage_fails(tmp_path: Path) -> None:
    settings, path = Settings(data_dir=tmp_path), tmp_path / "raycharge.sqlite3"
    sqlite3.connect(path).execute("CREATE TABLE t (x)").connection.close()
    [check] = await stores.check_sql(settings)
    assert (check.level, "WAL" in check.finding) == ("warn", True)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    [check] = await stores.check_sql(settings)
    assert check.level == "ok"
    path.write_bytes(b"no database at all" * 100)
    [check] = await stores.check_sql(settings)
    assert check.level == "fail"


if POSTGRES_URL:

    async def test_a_durable_postgresql_is_well() -> None:
        [check] = await stores.check_sql(Settings(database_url=POSTGRES_URL))
        assert check.level == "ok"


async def test_a_check_that_breaks_is_a_finding_and_the_others_still_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> list[object]:
        raise RuntimeError("no such device")

    monkeypatch.setattr("actors.doctor.machine.check_disk", broken)
    checks = {check.name: check for check in await examine(Settings(data_dir=tmp_path), 10)}
    assert checks["disk"].level == "fail"
    assert "no such device" in checks["disk"].finding
    assert checks["Python"].level == "ok"
    assert "ClickHouse" in checks
