"""The operator's business in SQL: one place where its repositories are made, for the façade and for the back office."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.alerts.office import AlertOffice, open_alerts
from engine.billing.office import Office, open_office
from engine.cases.asking import Asking
from engine.cases.canned import CannedAnswers
from engine.cases.helping import Helping
from engine.cases.reading import CaseReader
from engine.cases.secret import CaseLinks
from engine.clock import Clock, SystemClock
from engine.deliveries.channels import Channels
from engine.deliveries.desk import DeliveryDesk
from engine.deliveries.log import DeliveryLog
from engine.deliveries.subscriptions import Subscriptions
from engine.long_work.works import LongWorks
from engine.maintenance.book import BlockedBook
from engine.maintenance.jobs import Jobs
from engine.maintenance.reading import JobReader
from engine.maintenance.work import JobWork
from engine.notices.endpoints import Endpoints
from engine.notices.preferences import Preferences
from engine.notices.subscriptions import Browsers
from engine.notices.vapid import Vapid
from engine.outbox.store import Outbox
from engine.stores.audit import AuditLog
from engine.stores.changes import ChangeFeed
from engine.stores.desks.today import Today
from engine.stores.desks.views import SavedViews
from engine.stores.drivers.claims import Claims
from engine.stores.drivers.erasure import Erasure
from engine.stores.drivers.own_receipts import OwnReceipts
from engine.stores.drivers.own_sessions import OwnSessions
from engine.stores.drivers.repository import Drivers
from engine.stores.drivers.vehicles import Vehicles
from engine.stores.installation_key import InstallationKey
from engine.stores.kept_book import KeptBook
from engine.stores.keyed_requests import KeyedRequests
from engine.stores.passwords import Passwords
from engine.stores.payments.desk import Desk
from engine.stores.payments.open_items import OpenItems
from engine.stores.payments.owed import Owed
from engine.stores.payments.policies import PaymentPolicies
from engine.stores.payments.wishes import Payments
from engine.stores.people.colleagues import Colleagues
from engine.stores.people.directory import People, open_people
from engine.stores.places.book import PlaceBook
from engine.stores.places.bulk import Bulk
from engine.stores.places.connectors import Connectors
from engine.stores.places.inbox import Inbox
from engine.stores.places.locations import Locations
from engine.stores.places.networks import Networks
from engine.stores.places.offers import OfferBook
from engine.stores.places.roster import Roster
from engine.stores.places.stations import Stations
from engine.stores.registry import Registry
from engine.stores.search.search import Search
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.places import DEFAULT_NETWORK
from engine.stores.starts import Starts
from engine.stores.tariffs.assignments import TariffAssignments
from engine.stores.tariffs.book import TariffBook
from engine.stores.tariffs.catalogue import Tariffs
from engine.stores.tariffs.settled import SettledPrices
from engine.stores.tariffs.source import HeldSource
from engine.stores.tokens.bulk import TokenBulk
from engine.stores.tokens.groups import TokenGroups
from engine.stores.tokens.repository import Tokens
from engine.stores.whereabouts import Whereabouts
from engine.tariffs.model import Tariff


@dataclass(frozen=True, slots=True)
class Business:
    """The repositories. All of their methods raise StoreUnavailable while SQL does not answer.

    `books` are to be read at start and to be kept current; `offers` only where drivers are told what is there.
    """

    database: Database
    feed: ChangeFeed
    clock: Clock
    whereabouts: Whereabouts
    audit: AuditLog
    people: People
    places: PlaceBook
    networks: Networks
    stations: Stations
    charge_points: Registry
    connectors: Connectors
    inbox: Inbox
    bulk: Bulk
    locations: Locations
    offers: OfferBook
    outbox: Outbox
    channels: Channels
    subscriptions: Subscriptions
    deliveries: DeliveryLog
    delivery_desk: DeliveryDesk
    keyed_requests: KeyedRequests
    billing: Office
    alerts: AlertOffice
    tariff_book: TariffBook
    tariffs: Tariffs
    tariff_assignments: TariffAssignments
    settled_prices: SettledPrices
    tokens: Tokens
    token_groups: TokenGroups
    token_bulk: TokenBulk
    drivers: Drivers
    vehicles: Vehicles
    claims: Claims
    payments: Payments
    payment_desk: Desk
    payment_policies: PaymentPolicies
    open_items: OpenItems
    owed: Owed
    starts: Starts
    own_sessions: OwnSessions
    own_receipts: OwnReceipts
    erasure: Erasure
    saved_views: SavedViews
    roster: Roster
    today: Today
    blocked: BlockedBook
    jobs: Jobs
    long_works: LongWorks
    search: Search
    job_reader: JobReader
    job_work: JobWork
    colleagues: Colleagues
    asking: Asking
    helping: Helping
    case_reader: CaseReader
    canned_answers: CannedAnswers
    preferences: Preferences
    browsers: Browsers
    vapid: Vapid

    @property
    def books(self) -> tuple[KeptBook, ...]:
        """All that is kept in memory."""
        return (self.places, self.tariff_book, self.blocked)


def open_business(
    database: Database,
    feed: ChangeFeed,
    key: InstallationKey,
    passwords: Passwords | None = None,
    clock: Clock | None = None,
    fallback: Tariff | None = None,
    inbox_network: str = DEFAULT_NETWORK,
    facade_url: str = "",
    endpoints: Endpoints | None = None,
) -> Business:
    """Make them all over one database. Changes are announced on `feed`; the books are to be read by the caller.

    `fallback` is the tariff of charge points to which none is assigned, `inbox_network` the network that unregistered
    chargers are given to. `facade_url` is where links in letters lead, `endpoints` says where push messages may go.
    """
    clock, passwords = clock or SystemClock(), passwords or Passwords()
    database.announce = feed.announce
    places, people = PlaceBook(database), open_people(database, feed, key, passwords, clock)
    registry, links = Registry(database, feed, key, passwords, clock), CaseLinks(key, facade_url)
    return Business(
        database=database,
        feed=feed,
        clock=clock,
        whereabouts=Whereabouts(database),
        audit=AuditLog(database),
        places=places,
        charge_points=registry,
        inbox=Inbox(database, registry, clock, inbox_network),
        **_placed(database, feed, clock),
        tariff_book=TariffBook(HeldSource(database), places, fallback),
        tariffs=Tariffs(database, feed, clock),
        tariff_assignments=TariffAssignments(database, feed, clock),
        settled_prices=SettledPrices(database),
        outbox=Outbox(database, clock),
        **_keyed(database, key, clock),
        people=people,
        tokens=Tokens(database, feed, clock),
        token_bulk=TokenBulk(database, feed, clock),
        token_groups=TokenGroups(database, feed, clock),
        drivers=Drivers(database, feed, clock),
        vehicles=Vehicles(database, clock),
        claims=Claims(database, feed, clock),
        **_paying(database, clock) | _caring(database, clock) | _asked(database, clock, links, endpoints),
        billing=open_office(database, clock),
        own_sessions=OwnSessions(database),
        own_receipts=OwnReceipts(database),
        erasure=Erasure(database, feed, clock, people),
        **_shown(database, clock),
        long_works=LongWorks(database, clock),
        search=Search(database),
    )


def _shown(database: Database, clock: Clock) -> dict[str, Any]:
    """What the dashboard asks for."""
    views = SavedViews(database, clock)
    return {"saved_views": views, "roster": Roster(database), "today": Today(database)}


def _placed(database: Database, feed: ChangeFeed, clock: Clock) -> dict[str, Any]:
    """The repositories of what is where."""
    return {
        "networks": Networks(database, feed, clock),
        "stations": Stations(database, feed, clock),
        "connectors": Connectors(database, feed, clock),
        "bulk": Bulk(database, feed, clock),
        "locations": Locations(database),
        "offers": OfferBook(database),
    }


def _paying(database: Database, clock: Clock) -> dict[str, Any]:
    """The repositories of payments, and of starts, which hold one."""
    payments = Payments(database, clock)
    return {
        "payments": payments,
        "payment_desk": Desk(database, clock),
        "payment_policies": PaymentPolicies(database, clock),
        "open_items": OpenItems(database, clock),
        "owed": Owed(database),
        "starts": Starts(database, payments, clock),
    }


def _caring(database: Database, clock: Clock) -> dict[str, Any]:
    """The repositories of what is wrong, and of its repair."""
    return {
        "alerts": open_alerts(database, clock),
        "blocked": BlockedBook(database),
        "jobs": Jobs(database, clock),
        "job_reader": JobReader(database, clock),
        "job_work": JobWork(database, clock),
        "colleagues": Colleagues(database),
    }


def _keyed(database: Database, key: InstallationKey, clock: Clock) -> dict[str, Any]:
    """The repositories of what is answered, and of what leaves for other systems, under the installation's key."""
    return {
        "keyed_requests": KeyedRequests(database, key, clock),
        "channels": Channels(database, key, clock),
        "subscriptions": Subscriptions(database, clock),
        "deliveries": DeliveryLog(database, clock),
        "delivery_desk": DeliveryDesk(database, key, clock),
    }


def _asked(database: Database, clock: Clock, links: CaseLinks, endpoints: Endpoints | None) -> dict[str, Any]:
    """The repositories of support cases, and of what drivers want to be told."""
    return {
        "asking": Asking(database, links, clock),
        "helping": Helping(database, links, clock),
        "case_reader": CaseReader(database, clock),
        "canned_answers": CannedAnswers(database, clock),
        "preferences": Preferences(database, clock),
        "browsers": Browsers(database, endpoints, clock),
        "vapid": Vapid(links.key),
    }
