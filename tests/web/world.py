"""A façade with its pages over the in-memory ports and SQLite, filled through the API as an operator would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import insert

from api.app import create_app
from api.memory import facade as memory
from api.ports.facade import FacadePorts
from api.sources.ledger import SqlLedger
from api.ui.client import Api
from api.ui.front import Front
from engine.clock import SystemClock
from engine.places.connectors import fresh_code
from engine.settings import Settings
from engine.stores.changes import ACCOUNT, Change
from engine.stores.sql.engine import connect
from engine.stores.sql.tables import places
from tests.books import fresh_books, url_of
from tests.people import PASSWORD as PASSWORD
from tests.people import put_account, put_login
from tests.web import demo
from tests.web.seeds import seed_all

KEY = b"0123456789abcdef0123456789abcdef"


@dataclass
class World:
    """The façade of the pages' tests. `front` is served, `rest` is its API."""

    front: Front
    rest: FastAPI
    ports: FacadePorts
    books: Path

    @property
    def fleet(self) -> memory.MemoryFleet:
        fleet = self.ports.fleet
        assert isinstance(fleet, memory.MemoryFleet)
        return fleet

    def account(self, role: str, network: str | None = None) -> str:
        """Somebody of this role, with the password of all of them; their e-mail address."""
        name = f"{role}.{network}" if network else role
        driver_of = (network or "north") if role == "driver" else None
        email, now = f"{name}@example.org", self.ports.clock.now()
        put_account(self.books, f"u-{name}", email, role, driver_of or network, now=now, driver_of=driver_of)
        self.ports.business.people.known.changed(Change(ACCOUNT, f"u-{name}"))
        return email

    def token(self, role: str, network: str | None = None) -> str:
        """A bearer token of somebody of this role, as sign-in puts it into the cookie."""
        self.account(role, network)
        name = f"{role}.{network}" if network else role
        login = put_login(self.books, f"u-{name}", now=self.ports.clock.now())
        self.ports.business.people.known.changed(Change(ACCOUNT, f"u-{name}"))
        token: str = self.rest.state.context.logins.issue(login)[0]
        return token

    def api(self, role: str = "admin", network: str | None = None) -> Api:
        return Api(self.rest, self.token(role, network), "198.51.100.7")


def empty_world(settings: Settings | None = None) -> World:
    books = fresh_books()
    database = connect(url_of(books))
    ports = replace(memory.ports(KEY, database, SystemClock()), ledger=SqlLedger(database))
    rest = create_app(ports, settings or Settings(payments="off"))
    return World(Front(rest), rest, ports, books)


async def furnished(settings: Settings | None = None, *, charge_points: int = 64) -> World:
    """With everything that the pages show."""
    world = empty_world(settings)
    for book in world.ports.business.books:
        await book.read()
    for role in demo.ROLES:
        world.account(role)
    await _places(world, world.api(), charge_points)
    world.account("support", "north")
    world.account("driver", "north")
    await seed_all(world)
    return world


async def _places(world: World, api: Api, count: int) -> None:
    for network, (name, currency, zone, country) in demo.NETWORKS.items():
        body = {"id": network, "name": name, "currency": currency, "time_zone": zone, "country": country}
        await api.post("/networks", body)
    for station, (network, name, city, latitude, longitude) in demo.STATIONS.items():
        body: dict[str, Any] = {"id": station, "network": network, "name": name, "city": city, "latitude": latitude}
        await api.post("/stations", body | {"longitude": longitude})
    await _charge_points(world, count)


async def _charge_points(world: World, count: int) -> None:
    """Into SQL at once: one by one over the API they would take longer than all tests of a page."""
    now = world.ports.clock.now()
    points, plugs = [], []
    for number, (charge_point, station) in enumerate(demo.charge_points(count)):
        vendor, model, firmware = demo.MAKES[number % len(demo.MAKES)]
        row = {"id": charge_point, "folded": charge_point.lower(), "station_id": station, "name": f"Bay {number + 1}"}
        points.append(row | {"vendor": vendor, "model": model, "firmware": firmware, "created": now, "updated": now})
        for evse in (1, 2):
            at = {"charge_point": charge_point, "evse": evse, "connector": 1, "created": now, "updated": now}
            plugs.append(demo.CONNECTOR | at | {"code": fresh_code()})
        world.fleet.views[charge_point] = demo.view(number, charge_point, now)
    async with world.ports.business.database.write() as connection:
        await connection.execute(insert(places.charge_points), points)
        await connection.execute(insert(places.connector_descriptions), plugs)
    await world.ports.business.places.read_anew()
