"""The stores that a host or the façade works with, opened together and closed together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from actors.config import ClusterConfig
from engine.errors import StoreUnavailable
from engine.journal.redis_streams import RedisJournal
from engine.stores.admissions import AdmissionBook, Admissions
from engine.stores.certificates import Certificates
from engine.stores.changes import ALL, CHARGE_POINT, CREDENTIAL, Change, PubSubChangeFeed
from engine.stores.credentials import Credentials
from engine.stores.files.catalogue import SqlCatalogue
from engine.stores.files.exchange import FileExchange, Limits
from engine.stores.files.folder import FolderFiles
from engine.stores.installation_key import InstallationKey
from engine.stores.kept_book import KeptBook
from engine.stores.pubsub import RedisPubSub
from engine.stores.registry import Registry
from engine.stores.revocation_book import RevocationBook
from engine.stores.secret_changes import SecretChanges
from engine.stores.sql.engine import Database, connect
from engine.stores.token_book import TokenBook
from engine.stores.tokens import Tokens

log = structlog.get_logger("stores")


@dataclass(slots=True)
class Stores:
    """Open connections. The books `tokens` and `admissions` are read already."""

    journal: RedisJournal
    database: Database
    bus: RedisPubSub
    changes: PubSubChangeFeed
    registry: Registry
    token_registry: Tokens
    credentials: Credentials
    tokens: TokenBook
    certificates: Certificates
    revocations: RevocationBook
    secret_changes: SecretChanges
    admission_registry: Admissions
    admissions: AdmissionBook
    key: InstallationKey

    async def follow_changes(self) -> None:
        """Keep the caches true, for ever: told by the change feed, read anew whenever the feed was away."""
        books: tuple[KeptBook, ...] = (self.tokens, self.revocations, self.admissions)
        reading = [asyncio.create_task(book.keep_current()) for book in books]
        try:
            while True:
                try:
                    async with self.changes.listen() as changes:
                        self._forget_all()
                        for book in books:
                            await book.read()
                        async for change in changes:
                            self.credentials.changed(change)
                            for book in books:
                                book.changed(change)
                except StoreUnavailable as error:
                    log.warning("change_feed_away", error=str(error))
                    await asyncio.sleep(0.5)
        finally:
            for task in reading:
                task.cancel()

    def _forget_all(self) -> None:
        for kind in (CHARGE_POINT, CREDENTIAL):
            self.credentials.changed(Change(kind, ALL))

    async def aclose(self) -> None:
        """Close everything."""
        self.credentials.close()
        await self.journal.aclose()
        await self.bus.aclose()
        await self.database.aclose()


async def open_stores(config: ClusterConfig) -> Stores:
    """Connect to journal and SQL. Raises Unavailable while one of them does not answer."""
    settings = config.settings
    journal = await RedisJournal.open(
        config.redis_url, partitions=settings.partitions, replicas=settings.redis_replicas
    )
    database = connect(settings.sql_url)
    bus = RedisPubSub.from_url(config.redis_url)
    changes = PubSubChangeFeed(bus)
    key = InstallationKey.load(config.data_dir)
    token_registry = Tokens(database, changes)
    certificates = Certificates(database, changes)
    admission_registry = Admissions(database, changes)
    stores = Stores(
        journal,
        database,
        bus,
        changes,
        Registry(database, changes, key),
        token_registry,
        Credentials(database, key, feed=changes),
        TokenBook(token_registry),
        certificates,
        RevocationBook(certificates),
        SecretChanges(database, key, changes),
        admission_registry,
        AdmissionBook(admission_registry),
        key,
    )
    try:
        await stores.tokens.read()
        await stores.revocations.read()
        await stores.admissions.read()
    except BaseException:
        await stores.aclose()
        raise
    return stores


def file_exchange(config: ClusterConfig, database: Database) -> FileExchange:
    """Firmware images, what stations upload, and the links by which they come and go."""
    settings = config.settings
    limits = Limits(settings.max_firmware_mb << 20, settings.max_upload_mb << 20, settings.upload_days)
    return FileExchange(FolderFiles(config.data_dir / "files"), SqlCatalogue(database), settings.facade_url, limits)
