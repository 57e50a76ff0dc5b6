"""Channels, subscriptions and deliveries over REST: what is shown, what is never shown again, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from engine.clock import SECOND
from engine.deliveries.queue import enqueue
from engine.deliveries.senders.configured import open_senders
from engine.deliveries.worker import DeliveryWorker
from engine.settings import Settings
from tests.api.conftest import Facade, assert_problem, facade_with, furnish
from tests.engine.deliveries.receiver import Receiver, webhook_receiver
from tests.engine.deliveries.verifier import verified

SETTINGS = Settings(private_receivers="127.0.0.0/8")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with webhook_receiver() as server:
        yield server


@pytest.fixture
async def near() -> Facade:
    """A façade that may reach receivers on this machine."""
    return await furnish(facade_with(SETTINGS))


@pytest.fixture
async def admin(near: Facade) -> AsyncIterator[httpx.AsyncClient]:
    async with near.client(near.token()) as client:
        yield client


async def made(admin: httpx.AsyncClient, address: str, **more: Any) -> dict[str, Any]:
    """A webhook that wants everything."""
    said = {"kind": "webhook", "name": "Our ERP", "address": address}
    answer = await admin.post("/api/v1/channels", json=said | more)
    assert answer.status_code == 201, answer.text
    channel: dict[str, Any] = answer.json()
    wanted = {"channel": channel["id"], "kinds": ["*"]}
    assert (await admin.post("/api/v1/subscriptions", json=wanted)).status_code == 201
    return channel


async def deliver(near: Facade) -> None:
    clock = near.ports.clock
    worker = DeliveryWorker(near.ports.business.delivery_desk, open_senders(SETTINGS, clock), clock)
    while await worker.deliver_due():
        await worker.settle()


async def put(near: Facade, key: str) -> None:
    async with near.ports.business.database.write() as connection:
        said: dict[str, Any] = {"network": "default", "kind": "alert.opened", "subject": key, "payload": {"id": key}}
        await enqueue(connection, near.clock.now(), key=key, text="It is broken.", severity="major", **said)


async def test_a_secret_is_shown_once_and_an_address_never(
    near: Facade, admin: httpx.AsyncClient, receiver: Receiver
) -> None:
    address = receiver.url + "/token-in-the-address"
    channel = await made(admin, address)
    assert channel["secret"].startswith("whsec_")
    for path in (f"/api/v1/channels/{channel['id']}", "/api/v1/channels", "/api/v1/audit"):
        text = (await admin.get(path)).text
        assert "whsec_" not in text
        assert "token-in-the-address" not in text
    host = receiver.url.removesuffix("/hook")
    assert channel["address"] == f"{host}/…"
    assert address.encode() not in near.books.read_bytes()


async def test_a_test_gives_the_receivers_own_answer(admin: httpx.AsyncClient, receiver: Receiver) -> None:
    channel = await made(admin, receiver.url)
    receiver.answer(204)
    receiver.answer(418, text="I am a teapot")
    well = (await admin.post(f"/api/v1/channels/{channel['id']}/test")).json()
    ill = (await admin.post(f"/api/v1/channels/{channel['id']}/test")).json()
    assert (well["delivered"], well["status"], well["error"]) == (True, 204, "")
    assert (ill["delivered"], ill["status"], ill["error"]) == (False, 418, "It answers 418: I am a teapot")
    assert [each.json["type"] for each in receiver.got] == ["test", "test"]
    lines = (await admin.get("/api/v1/audit", params={"action": "tested"})).json()["items"]
    # Both at the same moment of the tests' clock: their order is nobody's.
    assert sorted(line["after"]["delivered"] for line in lines) == [False, True]


async def test_the_log_tells_each_try_and_dead_letters_are_replayed(
    near: Facade, admin: httpx.AsyncClient, receiver: Receiver
) -> None:
    channel = await made(admin, receiver.url)
    for key in ("a", "b"):
        await put(near, key)
    for _ in range(10):
        receiver.answer(500, 500, 500, 500)
        await deliver(near)
        near.clock.advance(86_400 * 1.3)
    # Logins do not live that long.
    admin.headers["Authorization"] = f"Bearer {near.token()}"
    dead = (await admin.get("/api/v1/deliveries", params={"state": "dead"})).json()["items"]
    assert sorted(each["subject"] for each in dead) == ["a", "b"]
    receiver.answers.clear()
    one = (await admin.get(f"/api/v1/deliveries/{dead[0]['id']}")).json()
    assert (one["text"], one["payload"], one["severity"]) == ("It is broken.", {"id": one["subject"]}, "major")
    assert {(each["delivered"], each["status"]) for each in one["tries"]} == {(False, 500)}
    again = await admin.post(f"/api/v1/deliveries/{one['id']}/replay")
    assert (again.status_code, again.json()["state"], again.json()["attempts"]) == (200, "waiting", 0)
    assert_problem(await admin.post(f"/api/v1/deliveries/{one['id']}/replay"), 409, field="state")
    since = {"channel": channel["id"], "since": "2025-12-31T00:00:00Z"}
    assert (await admin.post("/api/v1/deliveries/replay", json=since)).json() == {"replayed": 1}
    await deliver(near)
    page = (await admin.get("/api/v1/deliveries", params={"state": "delivered", "sort": "created"})).json()
    assert sorted(each["id"] for each in page["items"]) == sorted(each["id"] for each in dead)
    assert set(receiver.ids[-2:]) == {each["id"] for each in dead}


async def test_a_new_secret_signs_beside_the_old_one(
    near: Facade, admin: httpx.AsyncClient, receiver: Receiver
) -> None:
    channel = await made(admin, receiver.url)
    fresh = (await admin.post(f"/api/v1/channels/{channel['id']}/secret")).json()
    assert fresh["former_secret_until"] == "2026-01-02T00:00:00.000Z"
    await put(near, "a")
    await deliver(near)
    (got,) = receiver.got
    then = near.clock.now() / SECOND
    assert [verified(each, got.headers, got.body, then) for each in (channel["secret"], fresh["secret"])] == [
        True,
        True,
    ]
    mail = (await admin.post("/api/v1/channels", json={"kind": "email", "name": "M", "address": "a@b.example"})).json()
    assert mail["secret"] is None
    assert_problem(await admin.post(f"/api/v1/channels/{mail['id']}/secret"), 409, field="kind")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "webhook", "address": "ftp://example.org/x"}, "address"),
        ({"kind": "webhook", "address": "https://user:pw@example.org/"}, "address"),
        ({"kind": "email", "address": "nobody"}, "email"),
        ({"kind": "apprise", "address": "nosuch://x"}, "address"),
        ({"kind": "apprise", "address": "syslog://"}, "address"),
        ({"kind": "webhook", "address": "https://example.org/", "name": " "}, "name"),
        ({"kind": "pigeon", "address": "https://example.org/"}, "kind"),
    ],
)
async def test_what_cannot_be_a_channel_is_refused(admin: httpx.AsyncClient, body: dict[str, str], field: str) -> None:
    problem = assert_problem(await admin.post("/api/v1/channels", json={"name": "X"} | body), 422)
    assert problem["field"] == field
    assert problem["remedy"]


async def test_http_is_refused_where_no_private_network_is_named(facade: Facade) -> None:
    async with facade.client(facade.token()) as client:
        said = {"kind": "webhook", "name": "X", "address": "http://example.org/"}
        assert_problem(await client.post("/api/v1/channels", json=said), 422, field="address")


async def test_subscriptions_are_checked_and_changed(admin: httpx.AsyncClient) -> None:
    channel = await made(admin, "https://example.org/")
    url = "/api/v1/subscriptions"
    bad = await admin.post(url, json={"channel": channel["id"], "kinds": ["session.exploded"]})
    assert_problem(bad, 422, field="kinds[0]")
    assert_problem(await admin.post(url, json={"channel": "nobody", "kinds": ["*"]}), 404)
    (one,) = (await admin.get(url, params={"channel": channel["id"]})).json()["items"]
    tag = (await admin.get(f"{url}/{one['id']}")).headers["etag"]
    changed = await admin.patch(f"{url}/{one['id']}", json={"severity": "critical"}, headers={"If-Match": tag})
    assert (changed.json()["severity"], changed.json()["kinds"]) == ("critical", ["*"])
    stale = await admin.patch(f"{url}/{one['id']}", json={"severity": ""}, headers={"If-Match": tag})
    assert_problem(stale, 412)
    assert (await admin.delete(f"{url}/{one['id']}")).status_code == 204
    assert (await admin.get(url)).json()["items"] == []


async def test_a_deleted_channel_takes_all_of_it_along(near: Facade, admin: httpx.AsyncClient) -> None:
    channel = await made(admin, "https://example.org/")
    await put(near, "a")
    assert (await admin.delete(f"/api/v1/channels/{channel['id']}")).status_code == 204
    assert (await admin.get("/api/v1/deliveries")).json()["items"] == []
    assert (await admin.get("/api/v1/subscriptions")).json()["items"] == []
