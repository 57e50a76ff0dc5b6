"""Requests with an idempotency key in SQL: one of many gets to do it, and its answer outlives the façade."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from engine.clock import ManualClock
from engine.stores.installation_key import InstallationKey
from engine.stores.keyed_requests import HOLD_S, KEPT_S, Answer, Claim, KeyedRequests, Standing, keep_clean
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.requests import keyed_requests

KEY = InstallationKey(b"k" * 32)
ANSWER = Answer(201, {"location": "/api/v1/things/1"}, b'{"secret":"s3cret-once"}')


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def requests(database: Database, clock: ManualClock) -> KeyedRequests:
    return KeyedRequests(database, KEY, clock)


async def claim(requests: KeyedRequests, key: str = "k1", digest: str = "d1", who: str = "user:u1") -> Claim:
    return await requests.claim(who, "POST /api/v1/things", key, digest)


async def test_one_of_many_at_once_gets_to_do_it(requests: KeyedRequests) -> None:
    claims = await asyncio.gather(*(claim(requests) for _ in range(5)))
    assert sorted(each.standing for each in claims) == ["fresh", *["running"] * 4]
    assert (await claim(requests, digest="d2")).standing is Standing.OTHER
    assert (await claim(requests, key="k2")).standing is Standing.FRESH
    assert (await claim(requests, who="api_key:u1")).standing is Standing.FRESH


async def test_an_answer_is_kept_for_a_day_and_nobody_reads_it_in_the_books(
    requests: KeyedRequests, database: Database, clock: ManualClock
) -> None:
    first = await claim(requests)
    await requests.answered(first, ANSWER)
    again = await claim(KeyedRequests(database, KEY, clock))
    assert (again.standing, again.id, again.answer) == (Standing.ANSWERED, first.id, ANSWER)
    async with database.read() as connection:
        kept = (await connection.execute(select(keyed_requests.c.answer))).scalar_one()
    assert b"s3cret-once" not in kept
    assert b"/api/v1/things" not in kept
    other_key = KeyedRequests(database, InstallationKey(b"x" * 32), clock)
    assert (await claim(other_key)).standing is Standing.UNKNOWN
    clock.advance(KEPT_S)
    assert (await claim(requests, digest="d2")).standing is Standing.FRESH


async def test_what_was_broken_off_is_never_tried_again(requests: KeyedRequests, clock: ManualClock) -> None:
    first = await claim(requests)
    clock.advance(HOLD_S - 1)
    await requests.renew(first)
    clock.advance(HOLD_S - 1)
    assert (await claim(requests)).standing is Standing.RUNNING
    clock.advance(1)
    assert (await claim(requests)).standing is Standing.UNKNOWN
    given_up = await claim(requests, key="k2")
    await requests.given_up(given_up)
    assert (await claim(requests, key="k2")).standing is Standing.UNKNOWN


async def test_what_did_nothing_may_be_tried_again_under_the_same_id(requests: KeyedRequests) -> None:
    first = await claim(requests)
    await requests.released(first)
    second = await claim(requests)
    assert (second.standing, second.id) == (Standing.FRESH, first.id)
    # The first try comes back from the dead: it has nothing to say any more.
    await requests.answered(first, ANSWER)
    assert (await claim(requests)).standing is Standing.RUNNING
    await requests.dropped(second)
    assert (await claim(requests, digest="d2")).standing is Standing.FRESH


async def test_expired_keys_are_forgotten_by_the_back_office(
    requests: KeyedRequests, database: Database, clock: ManualClock
) -> None:
    await requests.answered(await claim(requests), ANSWER)
    clock.advance(KEPT_S)
    await claim(requests, key="k2")
    stop = asyncio.Event()
    cleaning = asyncio.create_task(keep_clean(requests, stop))
    async with asyncio.timeout(10):
        while True:
            async with database.read() as connection:
                if (await connection.execute(select(keyed_requests.c.key))).scalars().all() == ["k2"]:
                    break
            await asyncio.sleep(0.01)
    stop.set()
    await cleaning
    assert await requests.forget_expired() == 0
