"""A whole installation of one's own, started as a user would: for tests, crash tests and benchmarks.

It has a data folder and free ports of its own, is one process session (so that everything can be ended together), and
is spoken to only through the outward contract: OCPP, REST, SQL and the ClickHouse port.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from actors.embedded.ports import free_ports
from actors.embedded.valkey import running_url
from engine.stores.changes import PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.pubsub import RedisPubSub
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sql.engine import connect
from engine.stores.tokens.repository import Tokens
from engine.stores.tokens.token import Token
from loadtest import books

ADMIN = "admin@raycharge.local"
PASSWORD = "a-password-for-tests"
METRICS_TOKEN = "a-token-for-tests"
READY_WITHIN_S = 320.0


class Installation:
    """`with Installation(folder) as system:` starts one and ends it. `settings` are RAYCHARGE_* without the prefix."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.ocpp_port, self.api_port, self.clickhouse_port = free_ports(3)
        self.settings = {
            "DATA_DIR": str(self.data_dir),
            "OCPP_PORT": str(self.ocpp_port),
            "API_PORT": str(self.api_port),
            "CLICKHOUSE_PORT": str(self.clickhouse_port),
            "ADMIN_PASSWORD": PASSWORD,
            "METRICS_TOKEN": METRICS_TOKEN,
            **(settings or {}),
        }
        self._server = "" if "DATABASE_URL" in self.settings else books.server_url()
        if self._server:
            self.settings["DATABASE_URL"] = books.make_database(self._server)
        self.launcher: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.api_port}", timeout=60.0, trust_env=False)
        self._token = ""

    def __enter__(self) -> Installation:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.http.close()
        if self._server:
            books.drop_database(self._server, self.settings["DATABASE_URL"])

    # life ------------------------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """The environment that `raycharge` runs in here."""
        ours = {f"RAYCHARGE_{name}": value for name, value in self.settings.items()}
        others = {name: value for name, value in os.environ.items() if not name.startswith("RAYCHARGE_")}
        # How the code runs is the caller's choice, what it runs with is ours.
        form = {name: os.environ[name] for name in ("RAYCHARGE_COMPILED",) if name in os.environ}
        return others | form | ours

    @property
    def log(self) -> Path:
        return self.folder / "launcher.log"

    def launch(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `raycharge up` and return at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.launcher = subprocess.Popen(
                [sys.executable, "-m", "api.command_line.main", "up", *arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self.launcher

    def start(self, *arguments: str) -> None:
        """Start it and wait until it says that it is ready. Raises RuntimeError with its last words."""
        self.launch(*arguments)
        self.until_ready()

    def until_ready(self, timeout_s: float = READY_WITHIN_S) -> None:
        """Wait until every component answers."""
        self.until(self.is_ready, timeout_s, "ready")

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        if self.launcher is not None and self.launcher.poll() is not None:
            raise RuntimeError(f"the launcher ended with {self.launcher.returncode}:\n{self.last_words()}")
        try:
            return self.http.get("/readyz", timeout=5.0).status_code == 200
        except httpx.HTTPError:
            return False

    def until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait for a condition. Raises RuntimeError when it does not come true in time."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"not {what} within {timeout_s:.0f} s:\n{self.last_words()}")
            time.sleep(0.1)

    def stop(self, timeout_s: float = 60.0) -> int:
        """Ctrl-C, and SIGKILL for the whole session if that does not help. Returns the launcher's exit code."""
        launcher, self.launcher = self.launcher, None
        if launcher is None:
            return 0
        if launcher.poll() is None:
            launcher.send_signal(signal.SIGINT)
        try:
            code = launcher.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = -1
        for pid in self.pids().values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(launcher.pid, signal.SIGKILL)
        launcher.wait()
        return code

    def last_words(self) -> str:
        """The end of the launcher's output."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def pids(self) -> dict[str, int]:
        """The processes that have written themselves down and still run: name → pid."""
        found = {}
        for path in (self.data_dir / "run").glob("*.json"):
            with suppress(OSError, ValueError):
                record = json.loads(path.read_text())
                if _started(record["pid"]) == record["started"]:
                    found[record["name"]] = record["pid"]
        return found

    # REST ------------------------------------------------------------------------------------------------------------

    def login(self) -> str:
        """The admin's token; one login serves for all, since only a few a minute are let in."""
        if not self._token:
            answer = self.http.post("/api/v1/login", json={"email": ADMIN, "password": PASSWORD})
            answer.raise_for_status()
            self._token = answer.json()["access_token"]
        return self._token

    def api(self, method: str, path: str, *, tries: int = 3, **arguments: Any) -> httpx.Response:
        """A request as the admin; logs in when needed."""
        for attempt in range(tries):
            try:
                token = self.login()
                answer = self.http.request(
                    method, f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"}, **arguments
                )
            except httpx.TransportError:
                if attempt == tries - 1:
                    raise
                time.sleep(1.0)
                continue
            if answer.status_code == 401:
                self._token = ""
                continue
            return answer
        raise RuntimeError("not logged in")

    def get(self, path: str, **arguments: Any) -> Any:
        """The JSON of a GET. Raises httpx.HTTPStatusError."""
        return self.api("GET", path, **arguments).raise_for_status().json()

    def metrics(self) -> str:
        """The text of /metrics. Raises httpx.HTTPError."""
        answer = self.http.get(
            "/metrics", headers={"Authorization": f"Bearer {self.settings['METRICS_TOKEN']}"}, timeout=15.0
        )
        return answer.raise_for_status().text

    def command(self, charge_point: str, action: str, payload: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Send an OCPP call through the raw-command endpoint and return how it ended."""
        body = {"action": action, "payload": dict(payload), **more}
        answer = self.api("POST", f"/charge-points/{charge_point}/commands", json=body)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def register(
        self,
        charge_points: Sequence[str],
        *,
        isolation: str = "shared",
        password: str | None = None,
        tokens: Sequence[str] = (),
    ) -> None:
        """Register many charge points at once (no password: profile 0), and accepted tokens."""
        asyncio.run(self._register(charge_points, isolation, password, tokens))

    async def _register(
        self, charge_points: Sequence[str], isolation: str, password: str | None, tokens: Sequence[str]
    ) -> None:
        database = connect(
            self.settings.get("DATABASE_URL") or f"sqlite+aiosqlite:///{self.data_dir}/raycharge.sqlite3"
        )
        bus = RedisPubSub.from_url(self.settings.get("REDIS_URL") or running_url(self.data_dir) or "")
        try:
            feed = PubSubChangeFeed(bus)
            registry = Registry(database, feed, InstallationKey.load(self.data_dir))
            news = [NewChargePoint(name, isolation=isolation) for name in charge_points]
            await registry.create_many(news, password)
            await Tokens(database, feed).put(*(Token(token) for token in tokens))
        finally:
            await bus.aclose()
            await database.aclose()

    # stores ----------------------------------------------------------------------------------------------------------

    def clickhouse(self, sql: str, timeout_s: float = 60.0) -> list[list[Any]]:
        """Rows of a query over the ClickHouse port, as an analyst would ask."""
        answer = httpx.post(
            f"http://127.0.0.1:{self.clickhouse_port}/",
            params={"default_format": "JSONCompact"},
            content=sql.encode(),
            timeout=timeout_s,
            trust_env=False,
        )
        answer.raise_for_status()
        rows: list[list[Any]] = answer.json()["data"]
        return rows

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the books, whichever database they are in."""
        url = self.settings.get("DATABASE_URL")
        return books.postgres_rows(url, query) if url else books.sqlite_rows(self.data_dir / "raycharge.sqlite3", query)


def own_installation(settings: Mapping[str, str] | None = None) -> Installation:
    """An installation in a fresh temporary folder."""
    return Installation(Path(tempfile.mkdtemp(prefix="raycharge-")), settings)


def _started(pid: int) -> int:
    """Start time of a process in clock ticks; 0 if there is none."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0
