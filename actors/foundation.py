"""What stands before Ray does: locks, the end of what the last run left, Valkey, SQL, the installation's key."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import structlog

from actors.clickhouse import LOOPBACK, WRITER, writer_password
from actors.config import ClusterConfig
from actors.embedded.locks import FolderLock, launcher_lock
from actors.embedded.ports import Wanted, refuse_taken
from actors.embedded.processes import descendants, forget_all, record_descendants, record_process
from actors.embedded.remains import await_ports, end_remains
from actors.embedded.valkey import RunningValkey, start_valkey
from actors.gateway.tls_material import TlsFiles
from engine.clock import SystemClock
from engine.errors import ConfigurationError
from engine.journal.redis_info import check_durability
from engine.ocpp.quirks import load_quirks
from engine.settings import Settings
from engine.stores.changes import PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.passwords import Passwords
from engine.stores.people.directory import open_people
from engine.stores.pubsub import MemoryPubSub
from engine.stores.sql.engine import connect
from engine.stores.sql.migrations import upgrade

log = structlog.get_logger("foundation")


class Foundation:
    """What the launcher holds for as long as the installation runs."""

    def __init__(self, config: ClusterConfig, lock: FolderLock, valkey: RunningValkey | None) -> None:
        self.config = config
        self.first_login: tuple[str, str] | None = None
        self._lock = lock
        self._valkey = valkey
        self._watch: asyncio.Task[None] | None = None
        # Who was there before is not ours to end, whoever started us (a test's other children, say).
        self._strangers = set(descendants(os.getpid()))
        if valkey is not None:
            self._watch = asyncio.create_task(valkey.watch())

    def record_descendants(self) -> None:
        """Note all processes that are ours, so that the next start can end what a SIGKILL would leave."""
        record_descendants(self.config.run_dir, "child", but=self._strangers)

    async def close(self) -> None:
        """Stop Valkey and let go of the data folder."""
        if self._valkey is not None:
            await self._valkey.stop()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        forget_all(self.config.run_dir)
        self._lock.close()


async def lay_foundation(settings: Settings, say: Callable[[str], None]) -> Foundation:
    """Make the data folder fit to run on. Raises ConfigurationError naming what is in the way."""
    load_quirks(settings.quirks)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    lock = launcher_lock(settings.data_dir)
    valkey: RunningValkey | None = None
    try:
        await _clear_the_way(settings, say)
        record_process(settings.data_dir / "run", "launcher")
        if settings.redis_url:
            await _check_remote_journal(settings)
        else:
            say("Starting Valkey")
            valkey = await start_valkey(settings)
        config = _resolve(settings, valkey)
        _check_tls(settings)
        say("Preparing the database")
        await upgrade(settings.sql_url)
        foundation = Foundation(config, lock, valkey)
        foundation.first_login = await _first_admin(settings)
        return foundation
    except BaseException:
        if valkey is not None:
            await valkey.stop()
        lock.close()
        raise


async def _clear_the_way(settings: Settings, say: Callable[[str], None]) -> None:
    wanted = [
        Wanted("RAYCHARGE_OCPP_PORT", settings.bind, settings.ocpp_port),
        Wanted("RAYCHARGE_API_PORT", settings.bind, settings.api_port),
    ]
    if TlsFiles.of(settings).configured:
        wanted.append(Wanted("RAYCHARGE_OCPP_TLS_PORT", settings.bind, settings.ocpp_tls_port))
        if settings.ocpp_legacy_tls_port:
            wanted.append(Wanted("RAYCHARGE_OCPP_LEGACY_TLS_PORT", settings.bind, settings.ocpp_legacy_tls_port))
    if settings.takes_payments == "local":
        wanted.append(Wanted("RAYCHARGE_PAYMENTS_PORT", settings.bind, settings.payments_port))
    if not settings.clickhouse_url:
        wanted.append(Wanted("RAYCHARGE_CLICKHOUSE_PORT", LOOPBACK, settings.clickhouse_port))
    ended = await end_remains(settings.data_dir)
    if ended:
        say(f"Ended what the last run left: {', '.join(ended)}")
        await await_ports(wanted)
    else:
        refuse_taken(wanted)


def _check_tls(settings: Settings) -> None:
    """Say at once what is wrong with certificates; a host could only try again and again."""
    files = TlsFiles.of(settings)
    if files.configured:
        files.load()


async def _check_remote_journal(settings: Settings) -> None:
    """Refuse a Redis that would lose what was acknowledged, unless the operator has said that it may."""
    errors = [
        f"{finding.message} {finding.remedy}"
        for finding in await check_durability(settings.redis_url, replicas=settings.redis_replicas)
        if finding.level == "error"
    ]
    if errors and not settings.allow_not_durable:
        raise ConfigurationError(
            " ".join(errors) + " Or set RAYCHARGE_ALLOW_NOT_DURABLE=true to run all the same; every page will say so."
        )


def _resolve(settings: Settings, valkey: RunningValkey | None) -> ClusterConfig:
    key = InstallationKey.load(settings.data_dir)
    embedded = not settings.clickhouse_url
    url = settings.clickhouse_url
    if embedded:
        url = f"http://{WRITER}:{writer_password(key)}@{LOOPBACK}:{settings.clickhouse_port}/default"
    return ClusterConfig(settings, valkey.url if valkey is not None else settings.redis_url, url, embedded)


async def _first_admin(settings: Settings) -> tuple[str, str] | None:
    """Make the first admin if there is no user at all; e-mail and password if one was made."""
    database = connect(settings.sql_url)
    passwords = Passwords()
    try:
        key = InstallationKey.load(settings.data_dir)
        # Nobody listens yet, so nobody has to be told.
        feed = PubSubChangeFeed(MemoryPubSub())
        people = open_people(database, feed, key, passwords, SystemClock())
        made = await people.accounts.create_first_admin(settings.admin_password)
        return (made[0].email, made[1]) if made is not None else None
    finally:
        passwords.close()
        await database.aclose()
