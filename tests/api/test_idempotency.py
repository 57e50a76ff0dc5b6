"""A POST with an idempotency key is carried out once, whatever the network does to its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from api.memory.facade import MemoryResult
from engine.errors import StoreUnavailable, Unavailable
from tests.api.conftest import Facade, assert_problem

RESET = {"action": "Reset", "payload": {"type": "Soft"}}
COMMANDS = "/api/v1/charge-points/CP-1/commands"


async def send(client: httpx.AsyncClient, key: str, body: Mapping[str, Any] = RESET) -> httpx.Response:
    return await client.post(COMMANDS, json=body, headers={"Idempotency-Key": key})


async def test_a_command_is_sent_once_and_its_answer_repeated(facade: Facade, admin: httpx.AsyncClient) -> None:
    first = await send(admin, "8f2d")
    again = await send(admin, '"8f2d"')
    assert (first.status_code, "idempotency-replayed" in first.headers) == (200, False)
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.json(), again.headers["location"]) == (first.json(), first.headers["location"])
    assert again.headers["content-type"] == "application/json"
    assert len(facade.fleet.asked) == 1
    other = await send(admin, "8f2d", {"action": "Reset", "payload": {"type": "Hard"}})
    assert_problem(other, 422, field="Idempotency-Key")
    assert_problem(await send(admin, "with space"), 422, field="Idempotency-Key")
    assert (await send(admin, "another")).json()["id"] != first.json()["id"]


async def test_a_key_is_its_callers_own(facade: Facade, admin: httpx.AsyncClient) -> None:
    first = await send(admin, "k")
    async with facade.client(facade.token("operations")) as other:
        second = await send(other, "k", {"action": "Reset", "payload": {"type": "Hard"}})
    assert second.status_code == 200
    assert second.json()["id"] != first.json()["id"]
    async with facade.client() as nobody:
        assert_problem(await send(nobody, "k"), 401)
        login = {"email": "a@example.org", "password": "wrong"}
        tries = [await nobody.post("/api/v1/login", json=login, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [each.headers.get("idempotency-replayed") for each in tries] == [None, None]


async def test_while_the_first_is_under_way_the_second_is_told_to_come_back(
    facade: Facade, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, goes_on = asyncio.Event(), asyncio.Event()
    carried_out = facade.fleet.command

    async def slow(*args: Any, **more: Any) -> MemoryResult:
        reached.set()
        await goes_on.wait()
        return await carried_out(*args, **more)

    monkeypatch.setattr(facade.fleet, "command", slow)
    first = asyncio.create_task(send(admin, "k"))
    await reached.wait()
    second = await send(admin, "k")
    assert second.headers["retry-after"] == "2"
    assert_problem(second, 409, type="urn:raycharge:problem:in-flight", field="Idempotency-Key")
    goes_on.set()
    assert (await first).status_code == 200
    assert (await send(admin, "k")).json() == (await first).json()


async def test_what_no_host_answered_may_be_tried_again_and_has_the_same_id(
    facade: Facade, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids: list[str] = []
    carried_out = facade.fleet.command

    async def away_once(*args: Any, **more: Any) -> MemoryResult:
        ids.append(more["command_id"])
        if len(ids) == 1:
            raise Unavailable("no host answers")
        return await carried_out(*args, **more)

    monkeypatch.setattr(facade.fleet, "command", away_once)
    assert_problem(await send(admin, "k"), 503)
    assert (await send(admin, "k")).status_code == 200
    assert ids[0] == ids[1]


async def test_what_broke_off_is_not_done_again(
    facade: Facade, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    async def crash(*_: Any, **__: Any) -> MemoryResult:
        nonlocal calls
        calls += 1
        raise ZeroDivisionError

    monkeypatch.setattr(facade.fleet, "command", crash)
    assert_problem(await send(admin, "k"), 500)
    told = assert_problem(await send(admin, "k"), 409, type="urn:raycharge:problem:outcome-unknown")
    assert "/api/v1/commands/" in told["remedy"]
    assert calls == 1


@pytest.mark.parametrize("answer", [404, 403])
async def test_what_was_not_begun_may_be_sent_again(facade: Facade, answer: int) -> None:
    path = COMMANDS.replace("CP-1", "CP-2")
    async with facade.client(facade.token("admin" if answer == 404 else "analyst")) as client:
        assert_problem(await client.post(path, json=RESET, headers={"Idempotency-Key": "k"}), answer)
    await facade.registry.add_charge_point("CP-2", name="Back", isolation="shared", password=b"\xff" * 20)
    async with facade.client(facade.token("admin")) as client:
        assert (await client.post(path, json=RESET, headers={"Idempotency-Key": "k"})).status_code == 200


async def test_without_the_books_nothing_is_done(
    facade: Facade, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise StoreUnavailable("SQL")

    monkeypatch.setattr(type(facade.ports.business.keyed_requests), "claim", away)
    assert_problem(await send(admin, "k"), 503)
    assert facade.fleet.asked == []
