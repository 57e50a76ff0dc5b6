"""Support cases in both databases: asked, answered, closed, with the driver told and nothing internal shown."""

from __future__ import annotations

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from engine.access.acting import Actor, acting_as
from engine.access.scope import EVERYWHERE, Scope
from engine.cases.canned import facts_of, filled
from engine.cases.case import NewCase
from engine.cases.course import times_of
from engine.cases.reading import CaseFilter
from engine.clock import SECOND, ManualClock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.stores.business import Business
from engine.stores.listing import Wanted
from engine.stores.sql.engine import Database
from engine.stores.sql.models import commands
from engine.stores.sql.tables.outbox import outbox
from engine.stores.sql.tables.tokens import drivers
from tests.engine.notices.world import DRIVER, SESSION, business_over, furnish

ASKED = NewCase("charging", "It stopped", "My car stopped charging after ten minutes.", session=SESSION)
HELP = Actor("user", "u-help", "help@example.org")
ELSEWHERE = Scope(frozenset({"elsewhere"}))


@pytest_asyncio.fixture
async def business(database: Database) -> Business:
    made = business_over(database, ManualClock())
    await furnish(made, language="de")
    return made


def later(business: Business, seconds: float) -> None:
    assert isinstance(business.clock, ManualClock)
    business.clock.advance(seconds)


async def letters(business: Business) -> list[tuple[str, str]]:
    query = select(outbox.c.subject, outbox.c.body).order_by(outbox.c.created)
    async with business.database.read() as connection:
        return [(row.subject, row.body) for row in await connection.execute(query)]


async def test_a_driver_asks_support_answers_and_closes(business: Business) -> None:
    own = await business.asking.open(DRIVER, "default", "de", ASKED)
    case = own.case
    assert (case.state, case.charge_point, case.station, case.evse) == ("new", "CP-1", "default", 1)
    later(business, 100)
    with acting_as(HELP):
        await business.helping.answer(case.id, "Looks like ground fault.", internal=True)
        later(business, 20)
        await business.helping.answer(case.id, "Wir haben neu gestartet.")
    ((subject, body),) = await letters(business)
    assert subject == f"Antwort zu {case.number}: It stopped"
    assert f"https://ev.example/drive/cases/{case.id}" in body
    whole = await business.case_reader.whole(case.id)
    assert (whole.case.state, whole.case.assignee, whole.case.first_answer) == (
        "answered",
        "u-help",
        case.created + 120 * SECOND,
    )
    assert [(each.side, each.internal) for each in whole.messages] == [
        ("driver", False),
        ("support", True),
        ("support", False),
    ]
    assert (whole.contact.name, whole.contact.email) == ("Asha", "asha@example.org")
    seen = await business.asking.own(DRIVER, case.id)
    assert [each.text for each in seen.messages] == [ASKED.text, "Wir haben neu gestartet."]
    later(business, 60)
    closed = await business.helping.change(case.id, {"state": "closed", "resolution": "Restarted"})
    assert closed.closed == case.created + 180 * SECOND
    again = await business.asking.write(DRIVER, case.id, "It has happened again.")
    assert (again.case.state, again.case.closed) == ("waiting", None)
    assert again.case.waiting_since == closed.closed
    assert (await business.case_reader.summary(EVERYWHERE)).to_answer.p50_s == 120


async def test_support_opens_a_case_for_who_has_called(business: Business) -> None:
    note = NewCase("charging", "Cable is stuck", "She called from the car.", session=SESSION)
    with acting_as(HELP):
        case = await business.helping.open(note)
        told = await business.helping.open(NewCase("account", "Your card", "It is blocked."), DRIVER, internal=False)
    assert (case.driver, case.network, case.charge_point, case.station) == (DRIVER, "default", "CP-1", "default")
    assert (case.state, case.assignee, case.waits, case.first_answer) == ("new", "u-help", True, None)
    assert (await business.asking.own(DRIVER, case.id)).messages == ()
    assert (told.state, told.first_answer, told.charge_point) == ("answered", told.created, "")
    ((subject, body),) = await letters(business)
    assert subject.endswith(f"{told.number}: Your card")
    assert "It is blocked." in body
    again = await business.asking.write(DRIVER, case.id, "It is out now.")
    assert again.case.state == "new"
    of_charger = await business.helping.open(NewCase("charger", "Lamp", "It is dark.", charge_point="cp-1", evse=1))
    assert (of_charger.driver, of_charger.charge_point) == ("", "CP-1")
    within = Scope(frozenset({"default"}))
    assert (await business.helping.open(note, DRIVER, within)).driver == DRIVER


async def test_support_opens_no_case_about_what_is_not_there_or_not_theirs(business: Business) -> None:
    of_session = NewCase("charging", "A", "B", session=SESSION)
    of_charger = NewCase("charger", "A", "B", charge_point="CP-1")
    of_driver = NewCase("account", "A", "B")
    for attempt in (
        business.helping.open(of_session, "", ELSEWHERE),
        business.helping.open(of_charger, "", ELSEWHERE),
        business.helping.open(of_driver, DRIVER, ELSEWHERE),
        business.helping.open(of_driver, "nobody"),
        business.helping.open(NewCase("charging", "A", "B", session="s-9")),
        business.helping.open(NewCase("charger", "A", "B", charge_point="CP-9")),
    ):
        with pytest.raises(NotFound):
            await attempt
    wrong = [(of_driver, True, "session"), (of_charger, False, "internal"), (NewCase("x", "A", "B"), True, "category")]
    for new, internal, field in wrong:
        with pytest.raises(InvalidInput) as raised:
            await business.helping.open(new, internal=internal)
        assert raised.value.field == field
    async with business.database.write() as connection:
        now = business.clock.now()
        other = {"id": "u-bo", "network": "default", "created": now, "updated": now}
        await connection.execute(insert(drivers), other)
    with pytest.raises(InvalidInput) as raised:
        await business.helping.open(of_session, "u-bo")
    assert raised.value.field == "driver"
    assert (await business.case_reader.page(CaseFilter(), EVERYWHERE, Wanted())).items == []


async def test_who_has_no_account_confirms_first_and_comes_back_by_the_letters_link(business: Business) -> None:
    new = NewCase("charger", "Broken", "The cable is cut.", charge_point="cp-1", evse=1, connector=1)
    await business.asking.open_openly("bo@example.org", "default", "en", new)
    ((subject, body),) = await letters(business)
    assert subject.startswith("Please confirm your message C-")
    (link,) = [line for line in body.splitlines() if line.startswith("https://ev.example/")]
    secret = link.split("/")[-2]
    assert (await business.case_reader.page(CaseFilter(), EVERYWHERE, Wanted())).items == []
    with pytest.raises(NotFound):
        await business.asking.openly(secret)
    for wrong in ("0" * 80, secret[:-1] + ("0" if secret[-1] != "0" else "1"), "x"):
        with pytest.raises(NotFound):
            await business.asking.confirm(wrong)
    case = await business.asking.confirm(secret)
    assert (await business.asking.confirm(secret)).id == case.id
    (listed,) = (await business.case_reader.page(CaseFilter(waiting=True), EVERYWHERE, Wanted())).items
    assert (listed.id, listed.state) == (case.id, "new")
    with acting_as(HELP):
        await business.helping.answer(case.id, "Thank you, we are on the way.")
    assert secret in (await letters(business))[1][1]
    await business.asking.write_openly(secret, "Great.")
    assert (await business.asking.openly(secret)).case.state == "waiting"


async def test_what_nobody_confirms_is_deleted(business: Business) -> None:
    new = NewCase("charger", "Broken", "The cable is cut.", charge_point="CP-1")
    await business.asking.open_openly("bo@example.org", "default", "en", new)
    assert await business.asking.sweep() == 0
    later(business, 8 * 86_400)
    assert await business.asking.sweep() == 1


async def test_nobody_sees_a_case_of_somebody_else(business: Business) -> None:
    case = (await business.asking.open(DRIVER, "default", "en", ASKED)).case
    for attempt in (
        business.asking.own("another", case.id),
        business.asking.write("another", case.id, "x"),
        business.asking.open("another", "default", "en", ASKED),
        business.asking.open(DRIVER, "elsewhere", "en", NewCase("charger", "A", "B", charge_point="CP-1")),
        business.case_reader.whole(case.id, ELSEWHERE),
        business.helping.answer(case.id, "x", ELSEWHERE),
        business.helping.change(case.id, {"category": "other"}, ELSEWHERE),
        business.helping.link(case.id, "session", SESSION, ELSEWHERE),
        business.helping.link(case.id, "session", "no-such-session"),
        business.helping.change(case.id, {"assignee": DRIVER}),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert (await business.case_reader.page(CaseFilter(), ELSEWHERE, Wanted())).items == []


async def test_what_cannot_be_is_refused_by_name(business: Business) -> None:
    case = (await business.asking.open(DRIVER, "default", "en", ASKED)).case
    wrong = [
        ({"state": "answered"}, "state"),
        ({"category": "weather"}, "category"),
        ({"subject": ""}, "subject"),
        ({"resolution": "x"}, "resolution"),
        ({"number": "1"}, "number"),
    ]
    for changes, field in wrong:
        with pytest.raises(InvalidInput) as raised:
            await business.helping.change(case.id, changes)
        assert raised.value.field == field
    with pytest.raises(Changed):
        await business.helping.answer(case.id, "x", version=case.version + 1)
    for text in ("", " ", "x" * 4001):
        with pytest.raises(InvalidInput):
            await business.asking.write(DRIVER, case.id, text)
    for _ in range(9):
        await business.asking.open(DRIVER, "default", "en", ASKED)
    with pytest.raises(Conflict):
        await business.asking.open(DRIVER, "default", "en", ASKED)


async def test_what_was_done_since_is_shown_and_linked(business: Business) -> None:
    case = (await business.asking.open(DRIVER, "default", "en", ASKED)).case
    later(business, 5)
    now = business.clock.now()
    command = {"id": "c-1", "charge_point": "CP-1", "action": "Reset", "state": "ended", "outcome": "Accepted"}
    async with business.database.write() as connection:
        await connection.execute(
            insert(commands), command | {"requested_by": "help@example.org", "requested": now, "updated": now}
        )
    with acting_as(HELP):
        for _ in range(2):
            await business.helping.link(case.id, "command", "c-1")
    whole = await business.case_reader.whole(case.id)
    assert [(each.kind, each.subject, each.author) for each in whole.links] == [("command", "c-1", "u-help")]
    assert [(each.id, each.outcome) for each in whole.commands] == [("c-1", "Accepted")]
    assert whole.since < case.created < whole.until


async def test_an_answer_that_is_ready_is_filled_from_the_case(business: Business) -> None:
    case = (await business.asking.open(DRIVER, "default", "en", ASKED)).case
    text = "Hello {driver_name}, {case_number}: {station_name}, {session_start}, receipt {receipt_number}."
    canned = await business.canned_answers.create("default", "en", "Greeting", text)
    facts = facts_of(await business.case_reader.whole(case.id), "Harbour", "Europe/Berlin")
    told = filled(canned.text, facts)
    assert told.startswith(f"Hello Asha, {case.number}: Harbour, 01:00 (CET), receipt ….")
    with pytest.raises(InvalidInput) as raised:
        await business.canned_answers.create("default", "en", "Greeting", "Dear {name}")
    assert raised.value.field == "text"
    changed = await business.canned_answers.change(canned.id, {"title": "Hi"}, version=1)
    with pytest.raises(Changed):
        await business.canned_answers.remove(canned.id, version=1)
    with pytest.raises(NotFound):
        await business.canned_answers.get(canned.id, ELSEWHERE)
    await business.canned_answers.create(None, "en", "For all", "Hello")
    page = await business.canned_answers.page(Scope(frozenset({"default"})), Wanted(), shared=True)
    assert [each.title for each in page.items] == ["For all", "Hi"]
    await business.canned_answers.remove(canned.id, version=changed.version)


@given(st.lists(st.integers(0, 10**12)))
def test_percentiles_are_waits_that_were(waits: list[int]) -> None:
    times = times_of(waits)
    assert times.cases == len(waits)
    if not waits:
        assert (times.p50_s, times.p90_s) == (None, None)
        return
    seconds = {-(-each // SECOND) for each in waits}
    assert times.p50_s in seconds
    assert times.p90_s in seconds
    assert times.p50_s is not None
    assert times.p90_s is not None
    assert times.p50_s <= times.p90_s
    assert 2 * sum(-(-each // SECOND) <= times.p50_s for each in waits) >= len(waits)
    assert 10 * sum(-(-each // SECOND) <= times.p90_s for each in waits) >= 9 * len(waits)
