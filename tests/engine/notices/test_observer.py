"""What a driver is told of events of a session: each once, and of an idle fee before it begins."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert, select, update

from engine.charging.events import Event, SessionChanged, SessionSettled, SessionStopped, StatusChanged
from engine.clock import SECOND, ManualClock
from engine.notices.kinds import CHARGING_COMPLETE, EMAIL, START_FAILED
from engine.notices.observer import Notices
from engine.notices.occasions import start_failed
from engine.notices.pending import PendingNotices
from engine.projections.watch import Watch
from engine.stores.business import Business
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.outbox import outbox
from engine.stores.sql.tables.tariffs import tariff_versions, tariffs
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Tariff
from engine.tariffs.stored import stored_tariff
from tests.engine.notices.world import CARD, DRIVER, SESSION, business_over, furnish
from tests.engine.projections.events import entry

ENERGY = Element((PriceComponent(Dimension.ENERGY, Decimal("0.4")),))
FEE = IdleFee(Decimal("0.10"), grace_s=1800, cap=Decimal(12))


class Story:
    """One session, and what is told of it. Numbers of entries go up by one."""

    def __init__(self, business: Business, clock: ManualClock) -> None:
        self.business, self.clock, self._number = business, clock, 0
        self.watch = Watch(business.database, [Notices("https://ev.example")], clock)
        self.pending = PendingNotices(business.database, clock, "https://ev.example")

    async def tell(self, *events: Event) -> None:
        self._number += 1
        await self.watch.apply([entry(self._number, events)])
        assert self.watch.dead == 0

    def changed(self, state: str, energy: str = "7000") -> SessionChanged:
        now = self.clock.now()
        return SessionChanged("CP-1", SESSION, 1, 1, state, energy, None, now, now)

    def stopped(self, reason: str = "Local", energy: str | None = "7000") -> SessionStopped:
        now = self.clock.now()
        meter = (None, None, energy, now, None, now, now, 60)
        return SessionStopped("CP-1", SESSION, 1, 1, "1", CARD, CARD, *meter, reason, ())

    def status(self, status: str, previous: str = "Charging", vendor_error: str = "") -> StatusChanged:
        now = self.clock.now()
        return StatusChanged("CP-1", 1, 1, status, previous, "GroundFailure", "", "", vendor_error, None, now, now)

    async def letters(self) -> list[tuple[str, str]]:
        query = select(outbox.c.kind, outbox.c.body).order_by(outbox.c.created)
        async with self.business.database.read() as connection:
            return [(row.kind, row.body) for row in await connection.execute(query)]

    async def kinds(self) -> list[str]:
        return [kind for kind, _ in await self.letters()]


@pytest_asyncio.fixture
async def story(database: Database) -> Story:
    clock = ManualClock()
    business = business_over(database, clock)
    await furnish(business)
    now = clock.now()
    content = stored_tariff(Tariff("t-1", 1, "EUR", (ENERGY,), idle=FEE))
    async with database.write() as connection:
        tariff = {"id": "t-1", "network_id": "default", "name": "Day", "currency": "EUR", "created": now}
        await connection.execute(insert(tariffs), tariff | {"updated": now})
        version = {"tariff": "t-1", "number": 1, "state": "published", "content": content, "created": now}
        await connection.execute(insert(tariff_versions), version | {"updated": now})
        await connection.execute(update(sessions).values(tariff="t-1", tariff_version=1))
    await business.preferences.choose(
        DRIVER, "default", {(CHARGING_COMPLETE, EMAIL): True, (START_FAILED, EMAIL): True}
    )
    made = Story(business, clock)
    await made.watch.open(1)
    return made


async def test_charging_is_complete_once_and_the_fee_is_told_before_it_begins(story: Story) -> None:
    await story.tell(story.changed("metered"))
    assert await story.letters() == []
    await story.tell(story.changed("suspended_ev"), story.changed("suspended_ev", "7001"))
    ((kind, body),) = await story.letters()
    assert kind == CHARGING_COMPLETE
    assert body.startswith("Harbour: 7.00 kWh since 01:00 (CET).\n")
    assert "https://ev.example/drive/sessions/s-1" in body
    story.clock.advance(1190)
    assert await story.pending.tell_due() == 0
    # Ten minutes before the half hour of grace is over.
    story.clock.advance(11)
    assert await story.pending.tell_due() == 1
    assert await story.pending.tell_due() == 0
    kind, body = (await story.letters())[1]
    assert kind == "idle_fee"
    assert "From 01:30 (CET) the connector costs €0.10 a minute. At most €12.00 in all." in body
    # A new incarnation, which remembers nothing, tells nothing again.
    story.watch = Watch(story.business.database, [Notices()], story.clock)
    await story.watch.open(1)
    await story.tell(story.changed("suspended_ev", "7001"))
    await story.tell(story.stopped())
    assert await story.kinds() == [CHARGING_COMPLETE, "idle_fee"]


@pytest.mark.parametrize("end", ["charges again", "unplugged", "settled"])
async def test_no_fee_is_told_of_a_car_that_charges_again_or_is_gone(story: Story, end: str) -> None:
    await story.tell(story.changed("suspended_ev"))
    story.clock.advance(300)
    if end == "charges again":
        await story.tell(story.changed("metered"))
    elif end == "unplugged":
        await story.tell(story.stopped("EVDisconnected"))
    else:
        now = story.clock.now()
        parts: Any = (None, None, None, "EUR", now)
        place = ("CP-1", SESSION, 1, 1, "1", CARD, "", now, now, now, "7000", "Local", ())
        await story.tell(SessionSettled(*place, *parts))
    story.clock.advance(3600)
    assert await story.pending.tell_due() == 0


async def test_a_fault_that_stops_a_session_is_told_as_one(story: Story) -> None:
    await story.tell(story.status("Faulted", vendor_error="E17"))
    assert await story.letters() == []
    await story.tell(story.stopped("Other", "1234"))
    ((kind, body),) = await story.letters()
    assert kind == "fault"
    assert "Harbour reports a fault (E17); charging ended at 1.23 kWh." in body


@pytest.mark.parametrize(("reason", "kind"), [("EmergencyStop", "fault"), ("Local", CHARGING_COMPLETE)])
async def test_what_was_faulted_before_has_not_stopped_it(story: Story, reason: str, kind: str) -> None:
    await story.tell(story.status("Faulted"), story.status("Charging", "Faulted"))
    await story.tell(story.stopped(reason))
    assert await story.kinds() == [kind]


async def test_nothing_is_told_of_a_session_without_energy_or_a_driver(story: Story) -> None:
    await story.tell(story.changed("suspended_ev", "0"), story.stopped(energy="0"))
    assert await story.letters() == []
    async with story.business.database.write() as connection:
        await connection.execute(update(sessions).values(id_token="SOMEBODY"))
    await story.tell(story.stopped())
    assert await story.letters() == []


async def test_a_session_that_the_ledger_does_not_know_yet_is_told_of_when_it_does(story: Story) -> None:
    async with story.business.database.write() as connection:
        await connection.execute(update(sessions).values(id="late"))
    await story.tell(story.changed("suspended_ev"))
    assert await story.letters() == []
    async with story.business.database.write() as connection:
        await connection.execute(update(sessions).values(id=SESSION))
    story.clock.advance(60)
    await story.tell(story.changed("suspended_ev"))
    assert await story.kinds() == [CHARGING_COMPLETE]


async def test_a_start_that_went_nowhere_is_told_in_the_drivers_language(story: Story) -> None:
    await story.business.drivers.change(DRIVER, {"language": "de-AT"}, own=True)

    class Start:
        id, driver, network, charge_point = "st-1", DRIVER, "default", "CP-1"

    async with story.business.database.write() as connection:
        for _ in range(2):
            await start_failed(connection, story.clock.now() + SECOND, Start(), "not_plugged_in", "")
    ((_, body),) = await story.letters()
    assert body.startswith("Harbour: Das Kabel wurde nicht rechtzeitig eingesteckt.")
