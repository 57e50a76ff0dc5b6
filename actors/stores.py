"""The stores that a host or the façade works with, opened together and closed together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from actors.config import ClusterConfig
from engine.deliveries.senders.receivers import Receivers
from engine.errors import StoreUnavailable
from engine.journal.redis_streams import RedisJournal
from engine.notices.endpoints import Endpoints
from engine.settings import Settings
from engine.stores.admissions import AdmissionBook, Admissions
from engine.stores.business import Business, open_business
from engine.stores.certificates import Certificates
from engine.stores.changes import ACCOUNT, ALL, CHARGE_POINT, CREDENTIAL, Change, PubSubChangeFeed
from engine.stores.credentials import Credentials
from engine.stores.files.catalogue import SqlCatalogue
from engine.stores.files.exchange import FileExchange, Limits
from engine.stores.files.folder import FolderFiles
from engine.stores.installation_key import InstallationKey
from engine.stores.kept_book import HeardAtOnce, KeptBook
from engine.stores.places.arrivals import Arrivals
from engine.stores.pubsub import RedisPubSub
from engine.stores.registry import Registry
from engine.stores.revocation_book import RevocationBook
from engine.stores.secret_changes import SecretChanges
from engine.stores.sql.engine import Database, connect
from engine.stores.tariffs.book import fallback_of
from engine.stores.tokens.book import TokenBook
from engine.stores.tokens.held import SqlTokenSource
from engine.stores.tokens.openings import Openings

log = structlog.get_logger("stores")


@dataclass(slots=True)
class Stores:
    """Open connections. The books are read already; what this process changes they know when it is announced."""

    journal: RedisJournal
    database: Database
    bus: RedisPubSub
    changes: HeardAtOnce
    registry: Registry
    credentials: Credentials
    tokens: TokenBook
    certificates: Certificates
    revocations: RevocationBook
    secret_changes: SecretChanges
    admission_registry: Admissions
    admissions: AdmissionBook
    key: InstallationKey
    business: Business
    arrivals: Arrivals
    more_books: list[KeptBook] = field(default_factory=list)

    async def keep(self, book: KeptBook) -> None:
        """Read another book, and keep it current: to be called before `follow_changes`. Raises StoreUnavailable."""
        await book.read_anew()
        self.more_books.append(book)
        self.changes.books = self.books

    async def follow_changes(self) -> None:
        """Keep the caches true, for ever: told by the change feed, read anew whenever the feed was away."""
        books = self.books
        reading = [asyncio.create_task(book.keep_current()) for book in books]
        reading.append(asyncio.create_task(Openings(self.tokens.open, self.database, self.bus).keep_current()))
        reading.append(asyncio.create_task(self.arrivals.keep_writing()))
        try:
            while True:
                try:
                    async with self.changes.listen() as changes:
                        self._forget_all()
                        for book in books:
                            await book.read_anew()
                        async for change in changes:
                            self.credentials.changed(change)
                            self.business.people.known.changed(change)
                            for book in books:
                                book.changed(change)
                except StoreUnavailable as error:
                    log.warning("change_feed_away", error=str(error))
                    await asyncio.sleep(0.5)
        finally:
            for task in reading:
                task.cancel()

    @property
    def books(self) -> tuple[KeptBook, ...]:
        """All that this process keeps in memory."""
        return (self.tokens, self.revocations, self.admissions, *self.business.books, *self.more_books)

    def _forget_all(self) -> None:
        for kind in (CHARGE_POINT, CREDENTIAL):
            self.credentials.changed(Change(kind, ALL))
        self.business.people.known.changed(Change(ACCOUNT, ALL))

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
    changes = HeardAtOnce(PubSubChangeFeed(bus))
    key = InstallationKey.load(config.data_dir)
    business = _business(settings, database, changes, key)
    certificates = Certificates(database, changes)
    admission_registry = Admissions(database, changes)
    stores = Stores(
        journal,
        database,
        bus,
        changes,
        business.charge_points,
        Credentials(database, key, feed=changes),
        TokenBook(SqlTokenSource(database), network_of=business.places.network_of),
        certificates,
        RevocationBook(certificates),
        SecretChanges(database, key, changes),
        admission_registry,
        AdmissionBook(admission_registry),
        key,
        business,
        Arrivals(business.inbox, business.charge_points, business.places, business.clock),
    )
    changes.books = stores.books
    try:
        for book in stores.books:
            await book.read_anew()
    except BaseException:
        await stores.aclose()
        raise
    return stores


def _business(settings: Settings, database: Database, changes: HeardAtOnce, key: InstallationKey) -> Business:
    return open_business(
        database,
        changes,
        key,
        fallback=fallback_of(settings),
        inbox_network=settings.inbox_network,
        facade_url=settings.facade_url,
        endpoints=Endpoints(Receivers.of(settings.private_receivers)),
    )


def file_exchange(config: ClusterConfig, database: Database) -> FileExchange:
    """Firmware images, what stations upload, and the links by which they come and go."""
    settings = config.settings
    limits = Limits(settings.max_firmware_mb << 20, settings.max_upload_mb << 20, settings.upload_days)
    return FileExchange(FolderFiles(config.data_dir / "files"), SqlCatalogue(database), settings.facade_url, limits)
