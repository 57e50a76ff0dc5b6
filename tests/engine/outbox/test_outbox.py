"""Letters: put with their cause, delivered at least once, known again, dead after the last try."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import SECOND, ManualClock
from engine.errors import Changed, ConfigurationError, Conflict, InvalidInput, NotFound
from engine.outbox.delivery import HOLD_US, RETRY_S, Delivery
from engine.outbox.letter import Attachment, Letter, put
from engine.outbox.smtp import SmtpPost
from engine.outbox.store import Outbox
from engine.stores.listing import Wanted
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.outbox import outbox
from tests.engine.outbox.mail_server import MailServer, mail_server
from tests.warm import Warm

SENDER = "City Charge <no-reply@city.example>"
CLOCK = ManualClock()


@pytest_asyncio.fixture
async def mails() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


async def post(database: Database, letter: Letter) -> str:
    async with database.write() as connection:
        return await put(connection, CLOCK.now(), letter)


async def receipt(id: str) -> bytes:
    return b"%PDF-1.7 " + id.encode()


def delivery(database: Database, mails: MailServer) -> tuple[Outbox, Delivery]:
    store = Outbox(database, CLOCK)
    return store, Delivery(store, SmtpPost(mails.url), SENDER, CLOCK, {"receipt": receipt})


async def test_a_letter_goes_out_with_its_html_and_attachment(database: Database, mails: MailServer) -> None:
    attachment = Attachment("receipt", "r1", "receipt RC-1.pdf")
    letter = Letter("ann@example.org", "receipt", "Your\nreceipt ₹ 444", "Dear Ann", "<p>Ann</p>", "en", "default")
    id = await post(database, replace(letter, attachments=(attachment,)))
    store, worker = delivery(database, mails)
    assert await worker.deliver_one()
    assert not await worker.deliver_one()
    (mail,) = mails.inbox
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, "ann@example.org", "Your receipt ₹ 444")
    assert mail["Message-ID"] == f"<{id}@city.example>"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert (plain.get_content().strip(), html.get_content().strip()) == ("Dear Ann", "<p>Ann</p>")
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("receipt RC-1.pdf", "application/pdf")
    assert file.get_content() == b"%PDF-1.7 r1"
    sent = await store.letter(EVERYWHERE, id)
    assert (sent.state, sent.attempts, sent.ended) == ("sent", 1, CLOCK.now())


async def test_what_is_rolled_back_writes_nobody_and_a_key_writes_once(database: Database, mails: MailServer) -> None:
    async def undone() -> None:
        async with database.write() as connection:
            await put(connection, 1, Letter("ann@example.org", "sign_up", "Welcome", "Hello"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await undone()
    for _ in range(2):
        await post(database, Letter("ann@example.org", "receipt", "Receipt", "Text", key="receipt:1"))
    store, _ = delivery(database, mails)
    assert await store.counts() == {"waiting": 1}
    with pytest.raises(InvalidInput):
        await post(database, Letter("ann@example.org\r\nBcc: all@example.org", "receipt", "Receipt", "Text"))


async def test_a_server_that_is_busy_is_asked_again_later_until_the_letter_is_dead(
    database: Database, mails: MailServer
) -> None:
    id = await post(database, Letter("ann@example.org", "receipt", "Receipt", "Text"))
    store, worker = delivery(database, mails)
    for attempt, pause in enumerate(RETRY_S, 1):
        mails.answers = ["451 4.3.0 Later"]
        assert await worker.deliver_one()
        known = await store.letter(EVERYWHERE, id)
        assert (known.state, known.attempts, known.due) == ("waiting", attempt, CLOCK.now() + pause * SECOND)
        assert "451" in known.error
        assert not await worker.deliver_one()
        CLOCK.advance(pause)
    mails.answers = ["451 4.3.0 Later"]
    assert await worker.deliver_one()
    dead = await store.letter(EVERYWHERE, id)
    assert (dead.state, "451" in worker.trouble) == ("dead", True)
    with pytest.raises(Changed):
        await store.redeliver(EVERYWHERE, id, dead.version - 1)
    with pytest.raises(NotFound):
        await store.redeliver(Scope(frozenset({"default"})), id)
    await store.redeliver(EVERYWHERE, id, dead.version)
    assert await worker.deliver_one()
    assert (len(mails.inbox), worker.trouble) == (1, "")
    with pytest.raises(Conflict):
        await store.redeliver(EVERYWHERE, id)


async def test_what_is_refused_for_good_is_dead_at_once_and_holds_nobody_up(
    database: Database, mails: MailServer
) -> None:
    mails.unknown = {"nobody@example.org"}
    lost = await post(database, Letter("nobody@example.org", "receipt", "Receipt", "Text", network="default"))
    await post(database, Letter("ann@example.org", "receipt", "Receipt", "Text"))
    store, worker = delivery(database, mails)
    while await worker.deliver_one():
        pass
    assert [mail["To"] for mail in mails.inbox] == ["ann@example.org"]
    page = await store.letters(Scope(frozenset({"default"})), Wanted(), state="dead")
    assert [(letter.id, "550" in letter.error) for letter in page.items] == [(lost, True)]


async def test_secrets_do_not_stay_and_late_ones_do_not_leave(database: Database, mails: MailServer) -> None:
    link = "https://city.example/reset/abc"
    kept = await post(database, Letter("ann@example.org", "password_reset", "Reset", link, secret=True))
    late = Letter("ben@example.org", "password_reset", "Reset", link, secret=True, expires=CLOCK.now() + 600 * SECOND)
    store, worker = delivery(database, mails)
    assert await worker.deliver_one()
    gone = await post(database, late)
    CLOCK.advance(601)
    assert not await worker.deliver_one()
    assert [mail.get_content().strip() for mail in mails.inbox] == [link]
    async with database.read() as connection:
        rows = {row.id: (row.state, row.body) for row in await connection.execute(select(outbox))}
    assert rows == {kept: ("sent", ""), gone: ("dead", "")}
    with pytest.raises(Conflict):
        await store.redeliver(EVERYWHERE, gone)


async def test_without_a_server_or_with_a_broken_one_letters_wait(database: Database, mails: MailServer) -> None:
    id = await post(database, Letter("ann@example.org", "receipt", "Receipt", "Text"))
    store = Outbox(database, CLOCK)
    assert await Delivery(store, SmtpPost("smtp://127.0.0.1:1"), SENDER, CLOCK).deliver_one()
    known = await store.letter(EVERYWHERE, id)
    assert (known.state, bool(known.error)) == ("waiting", True)
    for url in ("http://mail.example", "smtp://host:port", "smtp://host?tls=perhaps", "smtp:///"):
        with pytest.raises(ConfigurationError):
            SmtpPost(url)


@pytest.mark.parametrize("point", ["outbox:held", "outbox:sent-before-mark"])
async def test_a_kill_with_a_letter_in_hand_sends_it_again_with_the_same_id(
    point: str, database: Database, database_url: str, mails: MailServer, tmp_path: Path
) -> None:
    id = await post(database, Letter("ann@example.org", "receipt", "Receipt", "Text"))
    armed = os.environ | {"RAYCHARGE_FAULT_POINT": point, "RAYCHARGE_FAULT_DIR": str(tmp_path)}
    command = ("tests.engine.outbox.deliverer", database_url, mails.url, "1000000")
    assert await Warm(*command, env=armed).wait() == -signal.SIGKILL
    assert await Warm(*command, env=armed).wait() == 0
    sent = 2 if point == "outbox:sent-before-mark" else 1
    assert [mail["Message-ID"] for mail in mails.inbox] == [f"<{id}@city.example>"] * sent
    assert (await Outbox(database, CLOCK).counts()) == {"sent": 1}


async def test_two_workers_share_the_letters(database: Database, mails: MailServer) -> None:
    for number in range(12):
        await post(database, Letter(f"p{number}@example.org", "receipt", "Receipt", "Text"))

    async def work() -> None:
        _, worker = delivery(database, mails)
        while await worker.deliver_one():
            pass

    await asyncio.gather(work(), work())
    assert sorted(str(mail["To"]) for mail in mails.inbox) == sorted(f"p{n}@example.org" for n in range(12))
    assert HOLD_US > 60 * SECOND
