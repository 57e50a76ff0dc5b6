"""The demonstration: a small simulated fleet beside the system, registered like real chargers, with passwords, at
stations that are described (`demo_places.py`).

Two of them are of `isolation: dedicated`, and they speak the three versions in turn. They run in a process of their
own, which ends with the launcher.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from pathlib import Path

import structlog

from actors.cluster import Cluster
from actors.embedded.processes import record_process
from api.demo_books import bill, price
from api.demo_places import describe
from engine.clock import SystemClock
from engine.errors import NotFound
from engine.stores.changes import PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.places.connectors import Connectors
from engine.stores.places.stations import Stations
from engine.stores.pubsub import RedisPubSub
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sql.engine import connect
from engine.stores.tokens.repository import Tokens
from engine.stores.tokens.token import Token
from loadtest.speech import VERSIONS

log = structlog.get_logger("demo")
DEDICATED = 2
TAGS = ("DEMO-TAG-1", "DEMO-TAG-2", "DEMO-TAG-3", "DEMO-TAG-4")
PREFIX = "DEMO-"
_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG


async def run_demo(cluster: Cluster) -> None:
    """Register the fleet and run it until cancelled; started again if it should end by itself."""
    settings = cluster.settings
    names = [f"{PREFIX}{n:03d}" for n in range(1, settings.demo + 1)]
    passwords = await _register(cluster, names)
    folder = settings.data_dir / "run"
    secrets = folder / "demo-passwords"
    _write_private(secrets, "".join(f"{name}:{password}\n" for name, password in passwords.items()))
    host = "127.0.0.1" if settings.bind in ("0.0.0.0", "::", "") else settings.bind
    url = f"ws://{host}:{settings.ocpp_port}/ocpp"
    command = ["-m", "loadtest.fleet", "--url", url, "--count", str(len(names)), "--prefix", PREFIX]
    command += ["--password-file", str(secrets), "--speed", "30", "--meter-interval", "5"]
    for version in VERSIONS:
        command += ["--version", version]
    while True:
        with (settings.data_dir / "log" / "demo.log").open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *command, stdout=output, stderr=output, preexec_fn=_die_with_parent
            )
        record_process(folder, "demo", process.pid)
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        log.warning("demo_fleet_ended", code=code)
        await asyncio.sleep(5.0)


async def _register(cluster: Cluster, names: list[str]) -> dict[str, str]:
    """Register what is not there yet. Passwords are made from the installation's key: the same at every start."""
    config = cluster.config
    key = InstallationKey.load(config.data_dir)
    passwords = {name: key.digest("demo charge point", name).hex()[:20] for name in names}
    database = connect(config.settings.sql_url)
    bus = RedisPubSub.from_url(config.redis_url)
    try:
        feed = PubSubChangeFeed(bus)
        registry = Registry(database, feed, key)
        for number, name in enumerate(names):
            try:
                await registry.get(name)
            except NotFound:
                isolation = "dedicated" if number < DEDICATED else "shared"
                new = NewChargePoint(name, name=f"Demo charger {number + 1}", isolation=isolation)
                await registry.create(new, passwords[name])
        clock = SystemClock()
        await describe(Stations(database, feed, clock), registry, Connectors(database, feed, clock), names)
        await price(database, feed)
        await bill(database)
        await Tokens(database, feed).put(*(Token(tag, label="demo") for tag in TAGS))
    finally:
        await bus.aclose()
        await database.aclose()
    return passwords


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _die_with_parent() -> None:
    """Ask the kernel to end the fleet when the launcher dies, however it dies. Ctrl-C is the launcher's to handle."""
    ctypes.CDLL(None, use_errno=True).prctl(_DEATH_SIGNAL, signal.SIGTERM)
    os.setpgid(0, 0)
