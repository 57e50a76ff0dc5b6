"""The smallest whole system that can be crashed: Valkey, chDB's gateway, SQLite, hosts and consumers, each a process.

No Ray and no launcher: who dies and who comes back is up to the test, and a process can be given a mutant of the
product (a folder with a `sitecustomize.py` in front of its PYTHONPATH).
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx

from actors.config import ClusterConfig
from actors.embedded.ports import free_ports
from engine.journal.redis_streams import RedisJournal
from engine.projections.positions import read_positions
from engine.settings import Settings
from engine.stores.changes import PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.pubsub import RedisPubSub
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sql.engine import connect
from engine.stores.sql.migrations import upgrade
from engine.stores.tokens.repository import Tokens
from engine.stores.tokens.token import Token
from loadtest.audit_check import Findings, audit, clickhouse_query, sqlite_query
from loadtest.crash_load import ID_TAGS, CrashLoad
from tests.actors.chdb_gateway.process import GatewayProcess
from tests.engine.journal.valkey import Valkey

MUTANTS = Path(__file__).parent / "mutants"
PATIENCE_S = 60.0


class SmallSystem:
    """A context manager. Processes are started by the test: `host`, `consumers`; stores run from the start."""

    def __init__(self) -> None:
        # Not pytest's folder: a Unix socket's path may have 107 bytes only.
        self._folder = tempfile.TemporaryDirectory(prefix="rc-small-")
        self.folder = Path(self._folder.name)
        self.valkey = Valkey(self.folder)
        self.gateway = GatewayProcess(self.folder / "chdb")
        (self.ocpp_port,) = free_ports(1)
        settings = Settings(data_dir=self.folder / "data", ocpp_port=self.ocpp_port, partitions=2, offline_grace_s=600)
        self.config = ClusterConfig(settings, self.valkey.url, self.gateway.url, embedded_clickhouse=True)
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        self.config.data_dir.mkdir()
        (self.folder / "config").write_bytes(pickle.dumps(self.config))
        self.start_valkey()
        self.gateway.start()
        asyncio.run(upgrade(self.config.settings.sql_url))
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self.valkey.kill()
        self.gateway.end(signal.SIGKILL)
        self._folder.cleanup()

    # processes --------------------------------------------------------------------------------------------------------

    def start_valkey(self) -> None:
        asyncio.run(self.valkey.start())

    def host(self, name: str, mutant: str = "") -> subprocess.Popen[str]:
        """Start a host on the one OCPP port and wait until it listens."""
        return self._start("host", name, mutant)

    def consumers(self, *names: str, mutant: str = "", fault: str = "") -> subprocess.Popen[str]:
        """Start consumers in one process and wait until they read, or until they die at the fault point."""
        return self._start("consumers", ",".join(names), mutant, fault)

    def _start(self, kind: str, names: str, mutant: str, fault: str = "") -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAYCHARGE_")}
        environment["RAY_ENABLE_AUTO_CONNECT"] = "0"
        if mutant:
            # A mutant puts other functions in place of ours, which only the sources' form takes notice of.
            environment |= {"PYTHONPATH": str(MUTANTS / mutant), "RAYCHARGE_COMPILED": "0"}
        if fault:
            environment |= {"RAYCHARGE_FAULT_POINT": fault, "RAYCHARGE_FAULT_DIR": str(self.folder)}
        command = [sys.executable, "-m", "tests.system.crash.residents", kind, names, str(self.folder / "config")]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self._processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        if line != "ready\n" and process.wait() != -signal.SIGKILL:
            raise RuntimeError(f"{kind} {names} ended with {process.returncode} before it was ready.")
        return process

    # stations ---------------------------------------------------------------------------------------------------------

    def load(self, prefix: str, chargers: int, **more: Any) -> CrashLoad:
        """Stations with ids and an audit file of their own, registered; say `until("ready")` to it."""
        asyncio.run(self._register([f"{prefix}{number:04d}" for number in range(1, chargers + 1)]))
        url = f"ws://127.0.0.1:{self.ocpp_port}/ocpp"
        return CrashLoad(url, self.folder / f"{prefix}audit.jsonl", chargers=chargers, prefix=prefix, **more)

    async def _register(self, charge_points: Sequence[str]) -> None:
        database = connect(self.config.settings.sql_url)
        bus = RedisPubSub.from_url(self.valkey.url)
        feed = PubSubChangeFeed(bus)
        registry = Registry(database, feed, InstallationKey.load(self.config.data_dir))
        await registry.create_many([NewChargePoint(name) for name in charge_points], None)
        await Tokens(database, feed).put(*(Token(tag) for tag in ID_TAGS))
        await bus.aclose()
        await database.aclose()

    # the audit --------------------------------------------------------------------------------------------------------

    def audit(self, load: CrashLoad) -> Findings:
        """Wait until the consumers have read everything and the stores change no more, then tell what is there."""
        sql = sqlite_query(self.config.data_dir / "raycharge.sqlite3")
        clickhouse = clickhouse_query(f"http://127.0.0.1:{self.gateway.port}/")
        until(lambda: asyncio.run(self._caught_up()), "caught up")
        findings = audit([load.audit], sql, clickhouse)
        since = time.monotonic()
        while not findings.green and time.monotonic() - since < 2.0:
            time.sleep(0.2)
            again = audit([load.audit], sql, clickhouse)
            if again != findings:
                findings, since = again, time.monotonic()
        return findings

    async def _caught_up(self) -> bool:
        """Whether the ledger has read everything and the analytics at least intend to write it."""
        journal = await RedisJournal.open(self.valkey.url, partitions=self.config.settings.partitions)
        database = connect(self.config.settings.sql_url)
        try:
            heads = await journal.heads()
            ledger = await read_positions(database, "ledger")
        finally:
            await database.aclose()
            await journal.aclose()
        try:
            rows = clickhouse_query(f"http://127.0.0.1:{self.gateway.port}/")(
                "SELECT partition_no, max(up_to) FROM projection_intents WHERE sink = 'analytics' GROUP BY partition_no"
            )
        except httpx.HTTPStatusError:
            return False  # the consumers make the tables when they start
        return heads == ledger == {int(row[0]): int(row[1]) for row in rows}


def until(condition: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait for a condition. Raises RuntimeError when it does not come true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not {what} within {timeout_s:.0f} s")
        time.sleep(0.05)


def stop(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    """Send a signal that ends a process, and wait for the end."""
    with suppress(ProcessLookupError):
        process.send_signal(number)
    process.wait()
