"""Charging over REST: a driver's app, a stranger with a QR code, finance; the payment provider over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from actors.payment_provider.webhooks import signature
from api.app import create_app
from engine.clock import SECOND
from engine.errors import InvalidInput
from engine.payments.cashier import Cashier
from engine.payments.collector import Collector
from engine.settings import Settings
from engine.starts.runner import StartRunner
from engine.starts.standing import forgetting_in, standing_in
from engine.starts.surroundings import Surroundings
from engine.stores.business import Business
from engine.stores.registry import NewChargePoint
from engine.stores.tariffs.book import TariffBook
from engine.tariffs.flat import price_per_kwh
from tests.api.conftest import Facade, assert_problem, facade_with, view
from tests.api.places.examples import CCS
from tests.engine.payments.shop import PAYS, SECRET, Shop, bill
from tests.engine.starts.fleet import OneStation

API = "/api/v1"


@dataclass
class Mall:
    """A façade with one described connector at which charging costs something, and the back office's workers."""

    facade: Facade
    shop: Shop
    station: OneStation
    code: str

    @property
    def business(self) -> Business:
        return self.facade.ports.business

    async def work(self) -> None:
        """Whatever the back office has to do now."""
        business, clock = self.business, self.facade.clock
        surroundings = Surroundings(business.database, self.station, business.payments, standing_in(business))
        forget = forgetting_in(business)
        runner = StartRunner(business.starts, surroundings, self.station, business.owed, clock, forget)
        policies = business.payment_policies
        collector = Collector(business.owed, business.payments, business.starts, policies, business.owed.running)
        cashier = Cashier(business.payment_desk, business.payments, self.shop.provider)
        for _ in range(4):
            clock.advance(1)
            for start in await business.starts.due():
                await runner.advance(start)
            await asyncio.gather(*runner._asking.values())
            await collector.look()
            for payment in await business.payment_desk.due():
                await cashier.settle(payment)

    def show(self, status: str = "Preparing", link: str = "connected") -> None:
        """What the station tells, to the façade and to the back office."""
        connectors = [{"evse": 1, "connector": 1, "status": status, "session": self.station.session}]
        self.facade.fleet.views["CP-01"] = view("CP-01", connectors=connectors, link=link)
        self.station.status, self.station.link = status, link


@pytest_asyncio.fixture
async def mall(tmp_path: Path) -> AsyncIterator[Mall]:
    facade = facade_with()
    shop = await Shop.open(facade.ports.business.database, tmp_path, facade.clock)
    book = TariffBook(fallback=price_per_kwh(Decimal("0.5"), "EUR"))
    ports = replace(
        facade.ports,
        payment_provider=shop.provider,
        business=replace(facade.ports.business, tariff_book=book),
    )
    app = create_app(ports, Settings())
    business = ports.business
    await business.charge_points.create(NewChargePoint("CP-01"))
    code = (await business.connectors.put("CP-01", 1, 1, CCS)).code
    made = Mall(replace(facade, app=app, ports=ports), shop, OneStation(business.database), code)
    made.show()
    yield made
    await shop.close()


async def told(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_driver_pays_charges_stops_and_finance_gives_some_back(mall: Mall) -> None:
    body = {"charge_point": "cp-01"}
    async with mall.facade.client(mall.facade.token("driver")) as driver:
        made = await told(await driver.post(f"{API}/me/charging", json=body), 201)
        assert (made["state"], made["payment"], made["charge_point"]) == ("requested", None, "CP-01")
        again = await told(await driver.post(f"{API}/me/charging", json=body), 201)
        assert again["id"] == made["id"], "the same request twice is one start"
        await mall.work()
        [current] = await told(await driver.get(f"{API}/me/charging"))
        assert (current["state"], current["message"]) == ("waiting", "Plug in now.")
        start = await mall.business.starts.get(made["id"])
        await mall.station.begin("s1", start)
        mall.show("Charging")
        await mall.work()
        path = f"{API}/me/charging/{made['id']}"
        assert (await told(await driver.get(path)))["session"] == "s1"
        assert (await told(await driver.post(f"{path}/stop")))["stopping"]
        await mall.work()
        assert mall.station.stops == ["t-s1"]
        await mall.station.finish("s1", 22_000)
        await mall.work()
        ended = await told(await driver.get(path))
        assert (ended["ended_as"], ended["energy_kwh"], ended["payment"]) == ("completed", "22", None)
        assert await told(await driver.get(f"{API}/me/charging")) == []
    async with mall.facade.client(mall.facade.token("driver", "elsewhere")) as other:
        assert_problem(await other.get(path), 404)
        assert_problem(await other.post(f"{path}/stop"), 404)
        assert_problem(await other.post(f"{API}/me/charging", json=body), 404)
        foreign = body | {"id_token": start.id_token}
        assert_problem(await other.post(f"{API}/me/charging", json=foreign), 404)


async def test_a_stranger_pays_by_the_qr_code_and_gets_a_receipt(mall: Mall) -> None:
    async with mall.facade.client() as stranger, mall.facade.client(mall.facade.token("finance")) as finance:
        seen = await told(await stranger.get(f"{API}/ad-hoc/{mall.code.lower()}"))
        assert (seen["available"], seen["payment_needed"], seen["hold"], seen["currency"]) == (True, True, "30", "EUR")
        assert seen["tariff"]["example"] == {"kwh": "20", "minutes": 60, "amount": "10.00"}
        made = await told(await stranger.post(f"{API}/ad-hoc/{mall.code}/starts"), 201)
        page, path = made["payment"]["action_url"], f"{API}/ad-hoc/starts/{made['secret']}"
        assert (made["state"], mall.station.asked) == ("paying", [])
        start = await mall.business.starts.get(made["id"])
        assert (await mall.business.tokens.get(start.id_token)).kind == "ad_hoc"
        async with httpx.AsyncClient(trust_env=False) as payer:
            assert "no real card is needed" in (await payer.get(page)).text
            await payer.post(page, data={"card": PAYS, "do": "pay"})
        await mall.shop.until(start.payment, lambda row: row.state == "authorised")
        await mall.work()
        assert (await told(await stranger.get(path)))["state"] == "waiting"
        assert_problem(await stranger.get(f"{path}/receipt"), 404)
        await mall.station.begin("s1", await mall.business.starts.get(start.id))
        await mall.work()
        await told(await stranger.post(f"{path}/stop"))
        await mall.work()
        await mall.station.finish("s1", 20_000)
        await mall.work()
        await bill(mall.business.database, "s1", 1000)
        await mall.work()
        ended = await told(await stranger.get(path))
        assert ended["payment"] | {"action_url": None} == {
            "state": "captured",
            "currency": "EUR",
            "held": "0",
            "charged": "10.00",
            "given_back": "0",
            "message": None,
            "action_url": None,
        }
        assert ended["price"] == {"amount": "10.00", "currency": "EUR", "final": True}
        with pytest.raises(InvalidInput):
            await mall.business.tokens.get(start.id_token)

        story = await finance.get(f"{API}/payments/{start.payment}")
        assert [order["kind"] for order in (await told(story))["orders"]] == ["authorise", "capture"]
        refund, stale = {"amount": "2.50", "reason": "Slow charger."}, {"If-Match": '"1"'}
        assert_problem(await finance.post(f"{API}/payments/{start.payment}/refunds", json=refund, headers=stale), 412)
        await told(
            await finance.post(
                f"{API}/payments/{start.payment}/refunds", json=refund, headers={"If-Match": story.headers["ETag"]}
            ),
            202,
        )
        await mall.work()
        assert (await told(await stranger.get(path)))["payment"]["given_back"] == "2.50"
        [listed] = (await told(await finance.get(f"{API}/payments", params={"state": "captured"})))["items"]
        assert (listed["refunded"], listed["session"]) == ("2.50", "s1")
        too_much = await finance.post(f"{API}/payments/{start.payment}/refunds", json={"amount": "7.51"})
        assert_problem(too_much, 422, field="amount", remedy="Give an amount above 0, at most 7.50.")
    async with mall.facade.client(mall.facade.token("finance", "elsewhere")) as foreign:
        assert (await told(await foreign.get(f"{API}/payments")))["items"] == []
        assert_problem(await foreign.get(f"{API}/payments/{start.payment}"), 404)
        assert_problem(await foreign.post(f"{API}/payments/{start.payment}/refunds", json=refund), 404)
        assert_problem(await foreign.get(f"{API}/starts/{start.id}"), 404)


async def test_a_start_with_a_secret_of_ones_own_is_one_start_however_often_it_is_sent(mall: Mall) -> None:
    secret = "s" * 40
    async with mall.facade.client() as stranger:
        both = [await told(await stranger.post(f"{API}/ad-hoc/{mall.code}/starts", json={"secret": secret}), 201)] * 2
        both[1] = await told(await stranger.post(f"{API}/ad-hoc/{mall.code}/starts", json={"secret": secret}), 201)
        assert both[0]["id"] == both[1]["id"]
        assert both[1]["secret"] == secret
        short = await stranger.post(f"{API}/ad-hoc/{mall.code}/starts", json={"secret": "guess"})
        assert_problem(short, 422)


async def test_who_watches_is_told_where_how_much_power_and_when_the_idle_fee_begins(mall: Mall) -> None:
    async with mall.facade.client(mall.facade.token("driver")) as driver:
        made = await told(await driver.post(f"{API}/me/charging", json={"code": mall.code}), 201)
        assert (made["where"]["label"], made["where"]["code"], made["live"]) == ("CP-01 / 1", mall.code, None)
        await mall.work()
        await mall.station.begin("s1", await mall.business.starts.get(made["id"]))
        mall.show("SuspendedEV")
        await mall.work()
        fee = {"begins": mall.facade.clock.now(), "per_minute": "3"}
        session = {"id": "s1", "power_w": "0", "metered": mall.facade.clock.now(), "idle_fee": fee}
        connector = {"evse": 1, "connector": 1, "status": "SuspendedEV", "session": session}
        mall.facade.fleet.views["CP-01"] = view("CP-01", connectors=[connector])
        path = f"{API}/me/charging/{made['id']}"
        live = (await told(await driver.get(path)))["live"]
        assert (live["status"], live["power_w"], live["idle_fee"]["per_minute"]) == ("SuspendedEV", "0", "3")
        mall.facade.fleet.views["CP-01"] = view("CP-01", connectors=[connector], link="offline")
        assert (await told(await driver.get(path)))["live"]["status"] == "Offline"
        assert (await told(await driver.get(f"{path}/curve"))) == {"points": []}


@pytest.mark.parametrize(
    ("status", "link", "end"),
    [
        ("Preparing", "offline", "offline"),
        ("Faulted", "connected", "connector_unavailable"),
        ("Charging", "connected", "connector_taken"),
    ],
)
async def test_what_is_in_the_way_is_told_at_once_and_nobody_pays(mall: Mall, status: str, link: str, end: str) -> None:
    mall.show(status, link)
    async with mall.facade.client() as stranger:
        assert not (await told(await stranger.get(f"{API}/ad-hoc/{mall.code}")))["available"]
        made = await told(await stranger.post(f"{API}/ad-hoc/{mall.code}/starts"), 201)
    assert (made["state"], made["ended_as"]) == ("ended", end)
    assert made["message"].endswith("Nothing was charged.")
    assert (made["payment"]["state"], made["payment"]["action_url"]) == ("voided", None)


async def test_finance_says_who_pays_and_strangers_are_limited(mall: Mall) -> None:
    policy = {"required": "all", "currency": "EUR", "hold": "25.00", "step": "10", "ceiling": "50"}
    async with mall.facade.client(mall.facade.token("finance")) as finance:
        path = f"{API}/networks/default/payment-policy"
        assert (await told(await finance.get(path)))["version"] == 0
        assert_problem(await finance.put(path, json=policy | {"ceiling": "20"}), 422, field="hold")
        assert_problem(await finance.put(path, json=policy | {"currency": "ABC"}), 422)
        assert (await told(await finance.put(path, json=policy)))["version"] == 1
    async with mall.facade.client(mall.facade.token("driver")) as driver:
        made = await told(await driver.post(f"{API}/me/charging", json={"code": mall.code}), 201)
        assert (made["state"], made["payment"]["held"]) == ("paying", "0")
        await told(await driver.post(f"{API}/me/charging/{made['id']}/stop"))
        await mall.work()
        ended = await told(await driver.get(f"{API}/me/charging/{made['id']}"))
        assert (ended["ended_as"], ended["payment"]["state"]) == ("cancelled", "voided")
    async with mall.facade.client() as stranger:
        answers = [(await stranger.post(f"{API}/ad-hoc/{mall.code}/starts")).status_code for _ in range(11)]
        assert answers == [201] * 10 + [429]
        assert_problem(await stranger.get(f"{API}/ad-hoc/starts/{'x' * 32}"), 404)
        assert_problem(await stranger.get(f"{API}/ad-hoc/2222222222"), 404)


async def test_where_no_payments_are_taken_nobody_is_asked_for_one(mall: Mall) -> None:
    ports = replace(mall.facade.ports, payment_provider=None)
    without = replace(mall.facade, app=create_app(ports, Settings()), ports=ports)
    async with without.client() as stranger:
        assert not (await told(await stranger.get(f"{API}/ad-hoc/{mall.code}")))["available"]
        assert_problem(await stranger.post(f"{API}/ad-hoc/{mall.code}/starts"), 409)
        assert_problem(await stranger.post(f"{API}/payments/webhooks", json={}), 404)


async def test_webhooks_are_taken_from_the_provider_and_nobody_else(mall: Mall) -> None:
    async with mall.facade.client() as provider:
        made = await told(await provider.post(f"{API}/ad-hoc/{mall.code}/starts"), 201)
        payment = (await mall.business.starts.get(made["id"])).payment
        await mall.shop.pay(payment)
        row = await mall.business.payments.get(payment)
        body = b'{"id": "evt_1", "payment": "%b"}' % row.reference.encode()
        signed = signature(SECRET, mall.facade.clock.now() // SECOND, body)
        headers = {"Payment-Signature": signed, "Content-Type": "application/json"}
        mall.facade.clock.advance(5)
        for _ in range(2):
            taken = await provider.post(f"{API}/payments/webhooks", content=body, headers=headers)
            assert taken.status_code == 204
        forged = await provider.post(f"{API}/payments/webhooks", content=body + b" ", headers=headers)
        assert_problem(forged, 401)
        assert payment in await mall.business.payment_desk.due()
