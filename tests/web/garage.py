"""One station with a charger, a payment provider over real HTTP and the back office's workers: for whole stories of
`/drive` in a browser without Ray.

What the charger does is told by the test (`tests/engine/starts/fleet.py`), and seen by the pages and the workers alike.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from nicegui import app as nicegui_app
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.live.image import ChargePointImage, ConnectorImage
from api.memory import facade as memory
from api.sources.ledger import SqlLedger
from api.ui import mounting, signing_in
from api.ui.door import Door
from api.web.middleware import Frame
from api.web.serve import Serving, start
from engine.access.scope import EVERYWHERE
from engine.clock import SystemClock
from engine.payments.cashier import Cashier
from engine.payments.collector import Collector
from engine.settings import Settings
from engine.starts.runner import StartRunner
from engine.starts.standing import forgetting_in, standing_in
from engine.starts.surroundings import Surroundings
from engine.stores.business import Business
from engine.stores.listing import Wanted
from engine.stores.places.stations import Station
from engine.stores.registry import NewChargePoint
from engine.stores.sql.engine import connect
from engine.stores.starts import StartRow
from engine.stores.tariffs.assignments import Assigned
from engine.stores.tariffs.catalogue import Validity
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Tariff
from tests.api.conftest import view
from tests.api.places.examples import CCS
from tests.books import fresh_books, url_of
from tests.engine.payments.shop import Shop
from tests.engine.starts.fleet import OneStation
from tests.system.eventually import eventually
from tests.web.world import KEY, World

CHARGER = "CP-1"
TARIFF = Tariff(
    "",
    1,
    "EUR",
    (Element((PriceComponent(Dimension.ENERGY, Decimal("0.50")),)),),
    name="Garage",
    idle=IdleFee(Decimal("0.10"), grace_s=600),
    tax_included=True,
)


class Plain:
    """The pages of plain HTML and the API: what `Front` serves, without NiceGUI's own life."""

    def __init__(self, rest: FastAPI) -> None:
        mounting.load()
        self.state, self._rest = rest.state, rest
        routes = [each for each in nicegui_app.routes if getattr(each, "path", "").startswith("/drive")]
        context = rest.state.context
        pages: ASGIApp = Door(Starlette(routes=[*routes, *signing_in.routes()]), rest, context)
        self._pages = Frame(pages, duration=context.duration)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and scope["path"].startswith(("/drive", "/sign-"))
        await (self._pages if ours else self._rest)(scope, receive, send)


@dataclass
class Garage:
    world: World
    serving: Serving
    shop: Shop
    station: OneStation
    codes: list[str]
    working: asyncio.Task[None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.serving.port}"

    @property
    def business(self) -> Business:
        return self.world.ports.business

    def show(self, status: str = "Available", link: str = "connected", **session: Any) -> None:
        """What the charger's first connector tells, to the pages and to the back office; the second one is free."""
        if self.station.session is not None:
            self.station.session |= session
        self.station.status, self.station.link = status, link
        one = {"evse": 1, "connector": 1, "status": status, "session": self.station.session}
        two = {"evse": 2, "connector": 1, "status": "Available", "session": None}
        self.world.fleet.views[CHARGER] = view(CHARGER, connectors=[one, two], link=link)
        running = str((self.station.session or {}).get("id", ""))
        connectors = [ConnectorImage(1, 1, status, session=running), ConnectorImage(2, 1, "Available")]
        seen = ChargePointImage(CHARGER, link, None, "accepted", connectors=connectors)
        self.world.rest.state.context.image.put(seen)

    async def the_start(self) -> StartRow:
        """The one that was asked for last, once the charger was asked."""
        await eventually(lambda: self.station.asked, "the charger asked to start")
        [row] = (await self.business.starts.page(EVERYWHERE, Wanted("", None, 1))).items
        return row

    async def close(self) -> None:
        self.working.cancel()
        await asyncio.gather(self.working, return_exceptions=True)
        await self.serving.stop()
        await self.shop.close()


async def open_garage(folder: Path) -> Garage:
    books = fresh_books()
    database = connect(url_of(books))
    ports = replace(memory.ports(KEY, database, SystemClock()), ledger=SqlLedger(database))
    shop = await Shop.open(ports.business.database, folder)
    ports = replace(ports, payment_provider=shop.provider)
    await _furnish(ports.business)
    for book in ports.business.books:
        await book.read()
    rest = create_app(ports, Settings())
    plain = Plain(rest)
    world = World(plain, rest, ports, books)  # type: ignore[arg-type]
    serving = await start(plain, "127.0.0.1", 0)
    station = OneStation(ports.business.database)
    found = (await ports.business.connectors.of([CHARGER]))[CHARGER]
    working = asyncio.create_task(_work(ports.business, shop, station))
    garage = Garage(world, serving, shop, station, [each.code for each in found], working)
    garage.show()
    return garage


async def _furnish(business: Business) -> None:
    place = Station("garage", "default", "Old Town Garage", street="Avenue 3", city="Berlin", country="DE")
    place = replace(place, latitude=52.52, longitude=13.405, time_zone="Europe/Berlin", hours={"twentyfourseven": True})
    await business.stations.create(place, scope=EVERYWHERE)
    await business.charge_points.create(NewChargePoint(CHARGER, station_id="garage"))
    for evse in (1, 2):
        await business.connectors.put(CHARGER, evse, 1, CCS)
    tariff = await business.tariffs.create("default", TARIFF, publish=Validity())
    await business.tariff_assignments.assign(Assigned(tariff.id))


async def _work(business: Business, shop: Shop, station: OneStation) -> None:
    """The back office, over and over."""
    surroundings = Surroundings(business.database, station, business.payments, standing_in(business))
    runner = StartRunner(business.starts, surroundings, station, business.owed, business.clock, forgetting_in(business))
    policies, owed = business.payment_policies, business.owed
    collector = Collector(owed, business.payments, business.starts, policies, owed.running)
    cashier = Cashier(business.payment_desk, business.payments, shop.provider)
    while True:
        for due in await business.starts.due():
            await runner.advance(due)
        await collector.look()
        for payment in await business.payment_desk.due():
            await cashier.settle(payment)
        await asyncio.sleep(0.2)
