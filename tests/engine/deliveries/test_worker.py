"""The way of a message to real receivers: signed, in order, apart from others', again under the same id, or dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from engine.access.scope import EVERYWHERE
from engine.clock import SECOND
from engine.deliveries.course import GIVE_UP_US, RETRY_S
from engine.deliveries.desk import DeliveryDesk
from engine.deliveries.senders.receivers import Receivers
from engine.stores.sql.engine import Database
from tests.engine.deliveries.receiver import Receiver, webhook_receiver
from tests.engine.deliveries.verifier import verified
from tests.engine.deliveries.world import KEY, World, world
from tests.engine.outbox.mail_server import mail_server


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with webhook_receiver() as server:
        yield server


@pytest_asyncio.fixture
async def here(database: Database) -> AsyncIterator[World]:
    async with world(database) as made:
        yield made


async def test_a_webhook_arrives_signed_and_is_in_the_log(here: World, receiver: Receiver) -> None:
    channel, secret = await here.channel(receiver.url)
    await here.put("a", network="default", severity="major", payload={"id": "alert-1"})
    assert await here.deliver() == 1
    (got,) = receiver.got
    (delivery,) = await here.all()
    assert got.json == {
        "id": delivery.id,
        "type": "alert.opened",
        "version": 1,
        "timestamp": "2026-01-01T00:00:00.000Z",
        "network": "default",
        "severity": "major",
        "data": {"id": "alert-1"},
    }
    assert (got.headers["webhook-id"], got.headers["content-type"]) == (delivery.id, "application/json")
    assert verified(secret, got.headers, got.body, here.clock.now() / SECOND)
    assert not verified(secret, got.headers, got.body + b" ", here.clock.now() / SECOND)
    story = await here.log.get(EVERYWHERE, delivery.id)
    assert (delivery.state, delivery.attempts, delivery.status) == ("delivered", 1, 204)
    assert [(each.delivered, each.status, each.at) for each in story.attempts] == [(True, 204, here.clock.now())]
    assert (await here.channels.get(EVERYWHERE, channel.id)).last_success == here.clock.now()


async def test_both_secrets_sign_for_a_day_after_a_change(here: World, receiver: Receiver) -> None:
    channel, old = await here.channel(receiver.url)
    _, new = await here.channels.rotate(EVERYWHERE, channel.id)
    await here.put("a")
    await here.deliver()
    here.clock.advance(86_401)
    await here.put("b")
    await here.deliver()
    first, second = receiver.got
    then = here.clock.now() / SECOND
    assert [verified(each, first.headers, first.body, then - 86_401) for each in (old, new)] == [True, True]
    assert [verified(each, second.headers, second.body, then) for each in (old, new)] == [False, True]


async def test_what_fails_comes_again_under_the_same_id_until_it_is_dead_and_is_replayed(
    here: World, receiver: Receiver
) -> None:
    await here.channel(receiver.url)
    await here.put("a")
    receiver.answer(*[500] * 10)
    for tried, pause in enumerate(RETRY_S, 1):
        assert await here.deliver() == 1
        (delivery,) = await here.all(state="waiting")
        assert delivery.attempts == tried
        assert abs(delivery.due - here.clock.now() - pause * SECOND) <= pause * SECOND * 0.2
        here.clock.advance(pause * 0.79)
        assert await here.deliver() == 0
        here.clock.advance(max(pause * 0.42, 720))
    assert await here.deliver() == 1
    (dead,) = await here.all(state="dead")
    assert (len(receiver.got), set(receiver.ids), dead.status) == (10, {dead.id}, 500)
    assert [each.headers["webhook-attempt"] for each in receiver.got] == [str(n) for n in range(1, 11)]
    await here.log.replay(EVERYWHERE, dead.id)
    assert await here.deliver() == 1
    assert [each.state for each in await here.all()] == ["delivered"]
    assert receiver.ids[-1] == dead.id
    assert len((await here.log.get(EVERYWHERE, dead.id)).attempts) == 11


async def test_a_receiver_that_wants_nothing_any_more_is_left_alone(here: World, receiver: Receiver) -> None:
    channel, _ = await here.channel(receiver.url)
    await here.put("a")
    await here.put("b")
    receiver.answer(410, 410)
    await here.deliver()
    known = await here.channels.get(EVERYWHERE, channel.id)
    assert (known.enabled, "410" in known.disabled_because) == (False, True)
    here.clock.advance(3600)
    await here.put("c")
    assert await here.deliver() == 0
    assert {each.key for each in await here.all()} == {"a", "b"}, "nothing more is put for it"


async def test_redirects_and_other_answers_are_failures_and_the_receivers_wish_for_rest_counts(
    here: World, receiver: Receiver
) -> None:
    await here.channel(receiver.url)
    await here.put("a")
    receiver.answer(302, headers={"Location": receiver.url + "2"})
    await here.deliver()
    (delivery,) = await here.all()
    assert (delivery.status, "redirect" in delivery.error, [each.path for each in receiver.got]) == (
        302,
        True,
        ["/hook"],
    )
    here.clock.advance(10)
    receiver.answer(429, headers={"Retry-After": "100"}, text="slow down")
    await here.deliver()
    (delivery,) = await here.all()
    assert (delivery.due, "slow down" in delivery.error) == (here.clock.now() + 100 * SECOND, True)


async def test_a_receiver_that_is_silent_holds_up_nobody_else(here: World, receiver: Receiver) -> None:
    async with webhook_receiver() as silent:
        silent.free.clear()
        await here.channel(silent.url)
        await here.channel(receiver.url)
        for n in range(20):
            await here.put(f"m{n}")
        while len(receiver.got) < 20:
            if not await here.worker.deliver_due():
                await asyncio.sleep(0.01)
        assert len(silent.got) <= 4, "and has few in hand itself"
        silent.free.set()
        await here.worker.settle()
        await here.deliver()
        assert (len(set(silent.ids)), len(silent.got)) == (20, 20)


async def test_who_does_not_answer_in_time_has_failed(database: Database, receiver: Receiver) -> None:
    receiver.free.clear()
    async with world(database, timeout_s=0.5) as here:
        await here.channel(receiver.url)
        await here.put("a")
        await here.deliver()
        assert [each.error for each in await here.all()] == ["No answer within 0.5 s."]


async def test_messages_of_one_stream_arrive_in_order_and_others_pass(here: World, receiver: Receiver) -> None:
    await here.channel(receiver.url)
    for n in range(5):
        await here.put(f"s{n}", stream="session:1")
    receiver.answer(500)
    await here.deliver()
    await here.put("other", stream="session:2")
    await here.deliver()
    assert [each.json["data"]["k"] for each in receiver.got] == ["s0", "other"]
    here.clock.advance(10)
    await here.deliver()
    assert [each.json["data"]["k"] for each in receiver.got if each.json["data"]["k"] != "other"] == [
        *("s0", "s0", "s1", "s2", "s3", "s4")
    ]


async def test_what_a_receiver_refuses_again_and_again_holds_up_its_stream_for_minutes_only(
    here: World, receiver: Receiver
) -> None:
    await here.channel(receiver.url)
    await here.put("refused", stream="session:1")
    await here.put("next", stream="session:1")
    receiver.answer(400, 400, 400, 400)
    for pause in RETRY_S[:3]:
        await here.deliver()
        assert {each.json["data"]["k"] for each in receiver.got} == {"refused"}
        here.clock.advance(pause * 1.2 + 6)
    await here.deliver()
    assert len(receiver.got) == 4
    here.clock.advance(30)
    await here.deliver()
    assert receiver.got[4].json["data"]["k"] == "next"


async def test_a_dead_receiver_is_asked_by_one_message_at_a_time_and_gets_all_when_it_is_back(
    here: World, receiver: Receiver
) -> None:
    channel, _ = await here.channel(receiver.url)
    for n in range(30):
        await here.put(f"m{n:02}")
    receiver.answer(*[503] * 6)
    asked = []
    for _ in range(8):
        asked.append(await here.deliver())
        known = await here.channels.get(EVERYWHERE, channel.id)
        if not known.failures:
            break
        here.clock.advance(max((known.paused_until or 0) - here.clock.now(), 0) / SECOND + 0.001)
    assert asked[0] == 4, "until it was known to fail"
    assert asked[1:3] == [1, 1]
    assert sum(asked) == 36
    assert {each.state for each in await here.all()} == {"delivered"}


async def test_what_waits_for_a_receiver_that_was_away_for_two_days_is_dead_with_it(
    here: World, receiver: Receiver
) -> None:
    await here.channel(receiver.url)
    for n in range(30):
        await here.put(f"m{n:02}")
    receiver.answer(*[500] * 1000)
    await here.deliver()
    here.clock.advance(GIVE_UP_US / SECOND + 1)
    await here.put("fresh")
    await here.deliver()
    assert {(each.key == "fresh", each.state) for each in await here.all() if each.attempts < 2} == {
        *((False, "dead"), (True, "waiting"))
    }


async def test_who_dies_with_a_message_in_hand_leaves_it_to_the_next_under_its_id(
    here: World, receiver: Receiver
) -> None:
    await here.channel(receiver.url)
    await here.put("a")
    desk = DeliveryDesk(here.database, KEY, here.clock)
    (held,) = await desk.take(25 * SECOND, {})
    assert await here.deliver() == 0, "it is in somebody's hand"
    here.clock.advance(26)
    assert await here.deliver() == 1
    assert receiver.ids == [held.message.id]
    assert receiver.got[0].headers["webhook-attempt"] == "2"


async def test_email_has_one_message_id_for_ever(database: Database) -> None:
    async with mail_server() as mails, world(database, mails.url) as here:
        await here.channel("ops@example.org", "email")
        await here.put("a", text="Connector 1 is faulted.")
        mails.answers = ["451 4.3.0 Later"]
        await here.deliver()
        here.clock.advance(10)
        await here.deliver()
        (delivery,) = await here.all()
        (mail,) = mails.inbox
        assert (mail["To"], mail["Subject"]) == ("ops@example.org", "About a")
        assert mail["Message-ID"] == f"<{delivery.id}@city.example>"
        assert "Connector 1 is faulted." in mail.get_content()
        mails.unknown = {"ops@example.org"}
        await here.put("b")
        await here.deliver()
        assert [(each.state, each.status) for each in await here.all()] == [("delivered", 250), ("dead", 550)]


async def test_without_a_mail_server_e_mail_waits_and_says_why(here: World) -> None:
    await here.channel("ops@example.org", "email")
    await here.put("a")
    await here.deliver()
    (delivery,) = await here.all()
    assert (delivery.state, delivery.error) == ("waiting", "RAYCHARGE_SMTP_URL is not set: no e-mail leaves.")


async def test_a_chat_service_is_told_and_a_possible_repeat_says_so(here: World, receiver: Receiver) -> None:
    await here.channel(receiver.url.replace("http://", "json://"), "apprise")
    await here.put("a", severity="critical", text="Fire")
    await here.put("b")
    receiver.answer(500)
    await here.deliver()
    here.clock.advance(10)
    desk = DeliveryDesk(here.database, KEY, here.clock)
    assert len(await desk.take(25 * SECOND, {})) == 1
    here.clock.advance(26)
    await here.deliver()
    assert [each.json["title"] for each in receiver.got] == ["About a", "About b", "[perhaps again] About a"]
    assert (receiver.got[0].json["message"], receiver.got[0].json["type"]) == ("Fire", "failure")
    assert [each.state for each in await here.all()] == ["delivered", "delivered"]


async def test_nobody_is_asked_who_only_we_can_see(database: Database, receiver: Receiver) -> None:
    async with world(database, receivers=Receivers()) as here:
        await here.channel(receiver.url)
        await here.channel(receiver.url.replace("http://", "json://"), "apprise")
        await here.put("a")
        await here.deliver()
        assert receiver.got == []
        assert all("127.0.0.1" in each.error and "not public" in each.error for each in await here.all())
