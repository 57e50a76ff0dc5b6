"""A façade over SQL with two networks that have the same of everything, each thing named after its network.

So whatever names the one network where only the other may be seen is a leak, and whatever row names it must stay as it
is while the other's people try what they like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch

from sqlalchemy import BigInteger, Boolean, Float, Integer, LargeBinary, Table, Text, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from api.app import create_app
from api.memory import facade as memory
from api.ports.facade import MeterPoint
from api.ports.messages import MemoryMessages, MessageRow
from api.ports.security import Certificate
from api.sources.ledger import SqlLedger
from api.sources.security_events import SqlSecurityEvents
from engine.access.scope import EVERYWHERE, Scope
from engine.billing.issuer import VAT, Profile
from engine.clock import SECOND, ManualClock
from engine.outbox import letter
from engine.projections.billing import Billing
from engine.settings import Settings
from engine.stores.audit import keep_line
from engine.stores.business import Business
from engine.stores.campaigns import Campaigns
from engine.stores.certificates import Certificates, Issued
from engine.stores.files.catalogue import SqlCatalogue
from engine.stores.files.exchange import FileExchange
from engine.stores.files.port import MemoryFiles
from engine.stores.signing_requests import SigningRequest, SigningRequests
from engine.stores.sql.columns import Exact, metadata
from engine.stores.sql.engine import connect
from engine.stores.sql.tables.outbox import outbox
from tests.api.billing.examples import EUROS
from tests.api.conftest import KEY, Facade, kept_views, view
from tests.api.network_rows import root_of, rows_of
from tests.books import fresh_books, url_of
from tests.engine.billing.world import settled
from tests.engine.projections.events import entry

NORTH, SOUTH = "north", "south"
NOW = 1_767_225_600 * SECOND
NOT_COMPARED = frozenset({"keyed_requests", "long_work", "rate_limits"})
"""Tables that hold what was asked, not what there is."""


async def two_networks() -> Facade:
    """Everything there is twice; nobody is logged in yet."""
    clock, books = ManualClock(), fresh_books()
    database = connect(url_of(books))
    async with database.write() as connection:
        for network in (NORTH, SOUTH):
            for table, values in rows_of(network, NOW):
                await put(connection, table, values)
        for table, values in root_of(NOW):
            await put(connection, table, values)
    ports = memory.ports(KEY, database, clock)
    files = MemoryFiles()
    exchange = FileExchange(files, SqlCatalogue(database), "http://facade", clock=clock)
    fleet, analytics, messages = (
        memory.MemoryFleet(keep=partial(keep_line, database)),
        memory.MemoryAnalytics(),
        MemoryMessages(),
    )
    ports = replace(
        ports,
        fleet=fleet,
        ledger=SqlLedger(database),
        analytics=analytics,
        messages=messages,
        campaigns=Campaigns(database),
        files=exchange,
        security_events=SqlSecurityEvents(database),
        authority=_Authority(database, ports.business.feed, clock),
    )
    for network in (NORTH, SOUTH):
        charge_point = f"CP-{network}"
        fleet.views[charge_point] = view(charge_point, remote=network, subprotocol="ocpp2.0.1")
        fleet.kept_views |= kept_views(charge_point)
        analytics.points[f"session-{network}"] = [MeterPoint(NOW, f"Voltage-{network}", "", "Outlet", "230", "V")]
        messages.rows.append(_frame(charge_point))
        files.files |= {f"image-{network}": network.encode(), f"file-{network}": network.encode()}
        await _billed(ports.business, clock, network)
    for book in (*ports.business.books, ports.business.offers):
        await book.read()
    app = create_app(ports, Settings())
    live, health, metrics = ports.live, ports.health, ports.metrics
    assert isinstance(live, memory.MemoryLive)
    assert isinstance(health, memory.MemoryHealth)
    assert isinstance(metrics, memory.MemoryMetrics)
    assert isinstance(ports.registry, memory.MemoryRegistry)
    return Facade(
        app, ports, clock, fleet, ports.registry, memory.MemoryLedger(), analytics, live, health, metrics, books
    )


async def rows_naming(facade: Facade, network: str) -> dict[str, list[str]]:
    """Every row of every table that names the network, as text."""
    found: dict[str, list[str]] = {}
    async with facade.ports.business.database.read() as connection:
        for table in metadata.sorted_tables:
            if table.name not in NOT_COMPARED:
                rows = [repr(tuple(row)) for row in await connection.execute(select(table))]
                found[table.name] = sorted(row for row in rows if network in row)
    return found


async def put(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a row; what must be there and is not given gets any value of its type."""
    row = dict(values)
    for column in table.columns:
        if column.name not in row and not column.nullable and column.server_default is None:
            row[column.name] = _any_value(column.type)
    await connection.execute(insert(table), row)


def _any_value(kind: Any) -> Any:
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Exact):
        return Decimal(1)
    if isinstance(kind, (BigInteger, Integer, Float)):
        return 1
    if isinstance(kind, Text):
        return "x"
    return b"x" if isinstance(kind, LargeBinary) else {}


async def _billed(business: Business, clock: ManualClock, n: str) -> None:
    """An issuer with a receipt, a doubtful session that waits for finance, and a letter that did not arrive."""
    profile = Profile(f"Power {n}", ("Weg 1",), "DE", "EUR", "Europe/Berlin", tax_regime=VAT)
    with patch("engine.billing.issuers.new_id", lambda: f"issuer-{n}"):
        await business.billing.issuers.create(EVERYWHERE, n, profile)
    billing = Billing(business.database, clock)
    position = (await billing.open(1))[0]
    where = {"charge_point": f"CP-{n}", "id_token": f"TAG-{n}", "tariff": EUROS}
    said = [settled(f"session-{n}", **where), settled(f"doubtful-{n}", doubts=("no_stop",), **where)]
    with (
        patch("engine.billing.issuing.new_id", lambda: f"receipt-{n}"),
        patch("engine.billing.settling.new_id", lambda: f"review-{n}"),
    ):
        await billing.apply([entry(position + 1, said)])
    async with business.database.write() as connection:
        with patch("engine.outbox.letter.new_id", lambda: f"letter-{n}"):
            await letter.put(connection, 1, letter.Letter(f"ann@{n}.example", "receipt", "Receipt", n, network=n))
        await connection.execute(update(outbox).values(state="dead", error="550 No such mailbox"))


def _frame(charge_point: str) -> MessageRow:
    return MessageRow(charge_point, 1, NOW, "in", 2, "Heartbeat", "m1", "[2]", "[3]", ["no_zone"], 1, "")


class _Authority:
    """The book in SQL, without the Ray actor that holds the key."""

    def __init__(self, database: Any, feed: Any, clock: ManualClock) -> None:
        self._book, self._requests = Certificates(database, feed, clock), SigningRequests(database, clock)

    async def certificates(
        self, *, scope: Scope, charge_point: str | None, after: str, limit: int
    ) -> list[Certificate]:
        return [_shown(row) for row in (await self._book.page(charge_point=charge_point, scope=scope)).items]

    async def requests(self, *, scope: Scope, charge_point: str | None, after: Any, limit: int) -> list[SigningRequest]:
        return list(await self._requests.latest(charge_point=charge_point, scope=scope))

    async def revoke(self, serial_number: str, reason: str, scope: Scope) -> Certificate:
        await self._book.get(serial_number, scope)
        return _shown(await self._book.revoke(serial_number, reason))

    async def roots(self) -> bytes:
        return b""

    async def revocation_lists(self) -> bytes:
        return b""


def _shown(row: Issued) -> Certificate:
    names = "serial_number subject issuer charge_point kind not_before not_after revoked revocation_reason pem"
    return Certificate(*(getattr(row, name) for name in names.split()))
