"""Notices in both databases: told once, as the driver wants it, and readable for the browser alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from engine.clock import ManualClock
from engine.deliveries.senders.receivers import Forbidden
from engine.errors import Conflict, InvalidInput, NotFound
from engine.notices.endpoints import Endpoints
from engine.notices.kinds import CASE_ANSWERED, EMAIL, IDLE_FEE, PUSH, RECEIPT
from engine.notices.sending import PushSending
from engine.notices.telling import Notice, tell
from engine.stores.business import Business
from engine.stores.drivers.forgetting import forget_within
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.notices import push_messages
from engine.stores.sql.tables.outbox import outbox
from tests.engine.notices.world import DRIVER, LOOPBACK, business_over, furnish
from tests.push_service import Browser, PushService, sender_of

FACTS = {"place": "Harbour", "from": "14:35 (CEST)", "price": "€0.10", "cap": ""}


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as made:
        yield made


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture
async def business(database: Database, clock: ManualClock) -> Business:
    made = business_over(database, clock)
    await furnish(made)
    return made


@pytest_asyncio.fixture
async def sending(business: Business, clock: ManualClock) -> AsyncIterator[PushSending]:
    made = PushSending(business.database, business.vapid, "ops@example.org", clock, LOOPBACK)
    yield made
    await made.aclose()


async def told(business: Business, key: str = "s-1", kind: str = IDLE_FEE) -> bool:
    facts = FACTS if kind == IDLE_FEE else {"number": "C-1", "subject": "Cable", "answer": "Done.", "amount": "€9"}
    async with business.database.write() as connection:
        notice = Notice(DRIVER, "default", kind, key, facts | {"place": "Harbour"}, "/drive/cases/1")
        return await tell(connection, business.clock.now(), notice, "https://ev.example")


async def letters(business: Business) -> list[str]:
    async with business.database.read() as connection:
        return list((await connection.execute(select(outbox.c.subject).order_by(outbox.c.created))).scalars())


async def messages(business: Business) -> list[tuple[str, str]]:
    async with business.database.read() as connection:
        rows = await connection.execute(select(push_messages.c.state, push_messages.c.body))
        return [(row.state, row.body) for row in rows]


async def subscribed(business: Business, service: PushService, name: str = "a") -> Browser:
    browser = Browser()
    await business.browsers.add(DRIVER, "default", service.endpoint(name), **browser.keys, label="Phone")
    return browser


async def test_a_notice_is_told_once_by_letter_and_to_each_browser(
    business: Business, service: PushService, sending: PushSending
) -> None:
    browser, other = await subscribed(business, service), await subscribed(business, service, "b")
    assert await told(business)
    assert not await told(business)
    assert await letters(business) == ["Idle fee from 14:35 (CEST)"]
    while await sending.send_one():
        pass
    read = {each.path: each for each in service.arrived}
    assert set(read) == {"/push/a", "/push/b"}
    seen = browser.read(read["/push/a"].body)
    assert seen == other.read(read["/push/b"].body)
    assert (seen["kind"], seen["title"], seen["url"]) == (IDLE_FEE, "Idle fee from 14:35 (CEST)", "/drive/cases/1")
    assert "€0.10 a minute" in seen["body"]
    key, claims = sender_of(read["/push/a"])
    assert (key, claims["sub"]) == (business.vapid.application_server_key, "mailto:ops@example.org")
    assert 0 < int(read["/push/a"].headers["ttl"]) <= 1800
    # What was sent is wiped.
    assert await messages(business) == [("sent", ""), ("sent", "")]


async def test_the_driver_chooses_and_the_receipts_letter_is_no_choice(
    business: Business, service: PushService
) -> None:
    await subscribed(business, service)
    await business.preferences.choose(DRIVER, "default", {(IDLE_FEE, EMAIL): False, (CASE_ANSWERED, PUSH): False})
    await told(business)
    await told(business, "c-1", CASE_ANSWERED)
    assert await letters(business) == ["Answer to C-1: Cable"]
    assert [state for state, _ in await messages(business)] == ["waiting"]
    for choice in ((RECEIPT, EMAIL), ("weather", EMAIL), (IDLE_FEE, "pigeon")):
        with pytest.raises(InvalidInput):
            await business.preferences.choose(DRIVER, "default", {choice: False})
    # The receipt's own letter is billing's: a notice adds none to it.
    await told(business, "r-1", RECEIPT)
    assert await letters(business) == ["Answer to C-1: Cable"]


async def test_a_browser_that_has_gone_is_removed(
    business: Business, service: PushService, sending: PushSending
) -> None:
    await subscribed(business, service)
    await told(business)
    service.answer = 410
    assert await sending.send_one()
    assert await business.browsers.of(DRIVER) == []
    assert [state for state, _ in await messages(business)] == ["dead"]


async def test_a_push_service_in_trouble_is_tried_again_and_what_is_late_dies(
    business: Business, service: PushService, sending: PushSending, clock: ManualClock
) -> None:
    await subscribed(business, service)
    await told(business)
    service.answer = 503
    assert await sending.send_one()
    assert not await sending.send_one(), "not at once"
    clock.advance(11)
    service.answer = 201
    assert await sending.send_one()
    assert len(service.arrived) == 2
    assert service.arrived[0].headers["topic"] == service.arrived[1].headers["topic"]
    service.answer = 503
    await told(business, "s-2")
    assert await sending.send_one()
    clock.advance(1801)
    assert not await sending.send_one()
    assert sorted(state for state, _ in await messages(business)) == ["dead", "sent"]


async def test_a_kill_between_sending_and_marking_sends_again_under_the_same_topic(
    business: Business, service: PushService, sending: PushSending, clock: ManualClock
) -> None:
    await subscribed(business, service)
    await told(business)
    assert await sending._hold() is not None, "held, and the holder is gone"
    assert not await sending.send_one()
    clock.advance(61)
    assert await sending.send_one()
    assert len(service.arrived) == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.org/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://10.0.0.7/a",
        "https://169.254.169.254/latest",
        "https://localhost/a",
        "https://push.example.org:8443/a",
        "https://user:word@push.example.org/a",
        "https://push.example.org/ä",
        "ftp://push.example.org/a",
        "https://[/a",
        "https://push.example.org/" + "a" * 1000,
    ],
)
async def test_an_endpoint_cannot_lead_within(endpoint: str) -> None:
    with pytest.raises(InvalidInput):
        Endpoints().check(endpoint)
    with pytest.raises(Forbidden):
        await Endpoints().target(endpoint)


async def test_a_public_name_that_leads_within_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async def within(*_: object, **__: object) -> list[object]:
        return [(2, 1, 6, "", ("192.168.0.9", 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", within)
    Endpoints().check("https://push.example.org/a")
    with pytest.raises(Forbidden):
        await Endpoints().target("https://push.example.org/a")


async def test_keys_are_checked_and_browsers_are_bounded(business: Business, service: PushService) -> None:
    keys = Browser().keys
    for wrong in ({"p256dh": "AAAA"}, {"auth": "AAAA"}, {"p256dh": "ä"}, {"auth": "!"}):
        with pytest.raises(InvalidInput):
            await business.browsers.add(DRIVER, "default", service.endpoint("x"), **(keys | wrong))
    for number in range(20):
        await business.browsers.add(DRIVER, "default", service.endpoint(str(number)), **keys)
    with pytest.raises(Conflict):
        await business.browsers.add(DRIVER, "default", service.endpoint("one more"[:3]), **keys)
    # The same browser again is no other one.
    again = await business.browsers.add(DRIVER, "default", service.endpoint("7"), **keys)
    assert len(await business.browsers.of(DRIVER)) == 20
    with pytest.raises(NotFound):
        await business.browsers.remove("somebody else", "default", again.id)
    await business.browsers.remove(DRIVER, "default", again.id)


async def test_a_driver_who_is_forgotten_leaves_no_browser_and_no_message(
    business: Business, service: PushService
) -> None:
    await subscribed(business, service)
    await told(business)
    async with business.database.write() as connection:
        await connection.execute(update(sessions).values(stopped=business.clock.now()))
        await forget_within(connection, DRIVER, "default", ["asha@example.org"], business.clock.now())
    assert await business.browsers.of(DRIVER) == []
    assert await messages(business) == []
