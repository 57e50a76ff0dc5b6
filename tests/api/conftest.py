"""A façade over the in-memory twins, and clients for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI

from api.app import create_app
from api.memory import facade as memory
from api.memory.security import MemoryAuthority, MemorySecrets
from api.ports.facade import CommandRow, FacadePorts, LiveEvent, MeterPoint, SessionRow
from api.ports.security import Certificate
from engine.campaigns.course import Plan
from engine.campaigns.memory import MemoryCampaigns
from engine.campaigns.port import Campaign
from engine.charging.kept.view import VIEWS, reports_view
from engine.charging.operations import Reset
from engine.clock import SECOND, ManualClock
from engine.settings import Settings
from engine.stores.changes import ACCOUNT, Change
from engine.stores.sql.engine import connect
from engine.stores.tokens.token import Token
from tests.books import fresh_books, url_of
from tests.people import PASSWORD as PASSWORD
from tests.people import put_account, put_login

# structlog's default draws every traceback with all local variables, which takes seconds for a deep stack.
structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=repr)])

REPORT = (
    b'{"v":1,"reports":[{"report":"configuration","request":1,"command":"c0001","state":"open","below":1,"ahead":[],'
    b'"first":1767225600000000,"latest":1767225601000000,"digests":[],"end":null,"parts":0,"rows":1,"bytes":9,'
    b'"truncated":false}]}'
)
KEY = b"0123456789abcdef0123456789abcdef"


@dataclass
class Facade:
    """An application, its twins and the clock that they share."""

    app: FastAPI
    ports: FacadePorts
    clock: ManualClock
    fleet: memory.MemoryFleet
    registry: memory.MemoryRegistry
    ledger: memory.MemoryLedger
    analytics: memory.MemoryAnalytics
    live: memory.MemoryLive
    health: memory.MemoryHealth
    metrics: memory.MemoryMetrics
    books: Path

    @property
    def authority(self) -> MemoryAuthority:
        assert isinstance(self.ports.authority, MemoryAuthority)
        return self.ports.authority

    @property
    def secrets(self) -> MemorySecrets:
        assert isinstance(self.ports.secrets, MemorySecrets)
        return self.ports.secrets

    @property
    def campaigns(self) -> MemoryCampaigns:
        assert isinstance(self.ports.campaigns, MemoryCampaigns)
        return self.ports.campaigns

    def client(self, token: str = "", address: str = "198.51.100.7") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://facade", headers=headers)

    def token(self, role: str = "admin", network: str | None = None, name: str = "") -> str:
        """A bearer token of somebody with this role, in one network or (None) in the whole installation.

        A driver belongs to `network`, or to the network that every installation has.
        """
        name = name or (f"{role}.{network}" if network else role)
        now, driver_of = self.clock.now(), (network or "default") if role == "driver" else None
        put_account(
            self.books, f"u-{name}", f"{name}@example.org", role, driver_of or network, now=now, driver_of=driver_of
        )
        login = put_login(self.books, f"u-{name}", now=now)
        self.ports.business.people.known.changed(Change(ACCOUNT, f"u-{name}"))
        token: str = self.app.state.context.logins.issue(login)[0]
        return token


def view(charge_point: str, **changes: Any) -> dict[str, Any]:
    """A live view in the form of engine/charging/view.py."""
    return {
        "id": charge_point,
        "link": "connected",
        "link_since": 1_767_225_600 * SECOND,
        "subprotocol": "ocpp1.6",
        "remote": "203.0.113.9",
        "registration": "accepted",
        "last_seen": 1_767_225_601 * SECOND,
        "boot": None,
        "clock_drift_s": None,
        "deviations": {},
        "quirks": [],
        "connectors": [],
        "commands": [],
        **changes,
    }


def session_row(number: int, **changes: Any) -> SessionRow:
    started = (1_767_225_600 + number) * SECOND
    values: dict[str, Any] = {
        "id": f"s{number:04d}",
        "charge_point": "CP-1",
        "evse": 1,
        "connector": 1,
        "transaction": str(number),
        "id_token": "TAG",
        "state": "stopped",
        "started": started,
        "stopped": started + 60 * SECOND,
        "meter_start_wh": "1200.0",
        "meter_stop_wh": "9200.5",
        "energy_wh": "8000.5",
        "duration_s": 60,
        "reason": "Local",
        "ordering": started,
    }
    return SessionRow(**(values | changes))


def command_row(number: int, **changes: Any) -> CommandRow:
    at = (1_767_225_600 + number) * SECOND
    values: dict[str, Any] = {
        "id": f"c{number:04d}",
        "charge_point": "CP-1",
        "action": "Reset",
        "state": "ended",
        "outcome": "Accepted",
        "requested_by": "admin@example.org",
        "requested": at,
        "deadline": at + 30 * SECOND,
        "ended": at + SECOND,
        "payload": {"type": "Soft"},
        "answer": {"status": "Accepted"},
    }
    return CommandRow(**(values | changes))


def campaign_row(clock: ManualClock) -> Campaign:
    return Campaign("k0001", "night", Reset(), Plan(), 30.0, "running", "", "me@host", clock.now(), None, 0, {})


def change(charge_point: str, number: int = 1) -> LiveEvent:
    data = b'{"charge_point":"%b","status":"Charging"}' % charge_point.encode()
    return LiveEvent(f"0-{number}", charge_point, "status", data)


def kept_views(charge_point: str) -> dict[tuple[str, str], Any]:
    """What is kept of a station that has told nothing yet, but for one report."""
    parts = {"reports": REPORT, "p:configuration:1:0": b'{"v":1,"rows":[{"variable":"Interval"}]}'}
    found = {(charge_point, name): of_parts(parts) for name, of_parts in VIEWS.items() if name != "reports"}
    return found | {(charge_point, "reports"): reports_view(parts, 1)}


def facade_with(settings: Settings | None = None) -> Facade:
    clock = ManualClock()
    books = fresh_books()
    ports = memory.ports(KEY, connect(url_of(books)), clock)
    fleet, registry, ledger = ports.fleet, ports.registry, ports.ledger
    assert isinstance(fleet, memory.MemoryFleet)
    assert isinstance(registry, memory.MemoryRegistry)
    assert isinstance(ledger, memory.MemoryLedger)
    assert isinstance(ports.analytics, memory.MemoryAnalytics)
    assert isinstance(ports.live, memory.MemoryLive)
    assert isinstance(ports.health, memory.MemoryHealth)
    assert isinstance(ports.metrics, memory.MemoryMetrics)
    app = create_app(ports, settings or Settings())
    return Facade(
        app, ports, clock, fleet, registry, ledger, ports.analytics, ports.live, ports.health, ports.metrics, books
    )


@pytest.fixture
async def facade() -> Facade:
    """One charge point that is connected, a token, a session with two readings and a command."""
    return await furnish(facade_with())


async def furnish(made: Facade) -> Facade:
    """Put in what the fixture has."""
    await made.registry.add_charge_point("CP-1", name="Front", isolation="shared", password=b"\xff" * 20)
    await made.ports.business.tokens.put(Token("TAG", label="Pool car"))
    made.authority.book["a1"] = Certificate("a1", "CN=SN-1", "CN=Root", "CP-1", "V2GCertificate", 0, 9, None, "", "PEM")
    made.campaigns.charge_points["CP-1"] = ("V", "M", "1.4")
    await made.campaigns.create(campaign_row(made.clock), ["CP-1"])
    made.fleet.views["CP-1"] = view("CP-1")
    made.fleet.kept_views = kept_views("CP-1")
    made.ledger.rows.append(session_row(1))
    made.ledger.ended.append(command_row(1))
    made.analytics.points["s0001"] = [
        MeterPoint(1_767_225_600 * SECOND, "Energy.Active.Import.Register", "", "Outlet", "1200.0", "Wh"),
        MeterPoint(1_767_225_630 * SECOND, "Energy.Active.Import.Register", "", "Outlet", "1290.5", "Wh"),
        MeterPoint(1_767_225_630 * SECOND, "Voltage", "L1", "Outlet", "229.9", "V"),
    ]
    return made


@pytest.fixture
async def admin(facade: Facade) -> AsyncIterator[httpx.AsyncClient]:
    async with facade.client(facade.token()) as client:
        yield client


Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def assert_problem(answer: httpx.Response, status: int, **members: Any) -> dict[str, Any]:
    """Check the form that every error has, and the members that are named."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:raycharge:problem:")
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == answer.request.url.path
    for name, value in members.items():
        assert body.get(name) == value, body
    return body
