"""Chargers that nobody has registered at the door: refused and noted, or let in where their network wants that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from actors.doorkeeper import CREDENTIALS, Doorkeeper
from actors.gateway.listener import Admitted, Knock, Refused
from engine.access.scope import EVERYWHERE
from engine.clock import ManualClock
from engine.stores.business import Business, open_business
from engine.stores.changes import CHARGE_POINT, Change, PubSubChangeFeed
from engine.stores.credentials import Credentials
from engine.stores.installation_key import InstallationKey
from engine.stores.kept_book import HeardAtOnce
from engine.stores.places import arrivals as module
from engine.stores.places.arrivals import Arrivals
from engine.stores.pubsub import MemoryPubSub
from engine.stores.registration import NewChargePoint
from engine.stores.sql.engine import connect
from tests.books import fresh_books, url_of

KEY = InstallationKey(bytes(range(32)))


@dataclass
class Door:
    business: Business
    arrivals: Arrivals
    keeper: Doorkeeper
    credentials: Credentials

    async def knock(self, charge_point: str, secret: bytes | None = None) -> Admitted | Refused:
        return await self.keeper.admit(Knock(charge_point, secret, address="203.0.113.9", subprotocols=("ocpp1.6",)))

    async def waiting(self) -> list[str]:
        await self.arrivals.write_down()
        return [row.charge_point for row in (await self.business.inbox.page(scope=EVERYWHERE)).items]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    database = connect(url_of(fresh_books()))
    feed = HeardAtOnce(PubSubChangeFeed(MemoryPubSub()))
    business = open_business(database, feed, KEY, clock=ManualClock())
    feed.books = (business.places,)
    credentials = Credentials(database, KEY)
    arrivals = Arrivals(business.inbox, business.charge_points, business.places, business.clock)
    yield Door(business, arrivals, Doorkeeper(credentials, lambda *_: None, arrivals=arrivals), credentials)
    credentials.close()
    await database.aclose()


async def test_an_unknown_charger_is_refused_like_a_wrong_one_and_waits_in_the_inbox(door: Door) -> None:
    await door.business.charge_points.create(NewChargePoint("CP-1"), "the right password")
    unknown, wrong = await door.knock("CP-9", b"some password 123"), await door.knock("CP-1", b"some password 123")
    assert isinstance(unknown, Refused)
    assert isinstance(wrong, Refused)
    assert unknown.event_type == wrong.event_type == CREDENTIALS
    checks = door.credentials.argon2_checks
    assert checks == 2, "a password was checked for each"
    assert await door.waiting() == ["CP-9"]
    (arrival,) = (await door.business.inbox.page(scope=EVERYWHERE)).items
    assert (arrival.credentials, arrival.address) == ("password", "203.0.113.9")


async def test_where_its_network_accepts_by_itself_it_is_let_in_at_that_very_knock(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WELCOMES", 4)
    changes = {"accepts_automatically": True, "arrival_station": "default"}
    await door.business.networks.change("default", changes)
    assert await door.knock("CP-7", b"its own password") == Admitted("CP-7", False)
    row = await door.business.charge_points.get("CP-7")
    assert (row.station_id, row.security_profile, row.commissioning) == ("default", 1, "commissioning")
    assert await door.knock("cp-7", b"its own password") == Admitted("CP-7", False)
    assert isinstance(await door.knock("CP-7", b"somebody else's"), Refused), "its password is its own from then on"
    assert await door.knock("CP-8") == Admitted("CP-8", False)
    assert await door.waiting() == []
    await door.business.charge_points.retire("CP-8")
    door.credentials.changed(Change(CHARGE_POINT, "CP-8"))
    assert isinstance(await door.knock("CP-8"), Refused), "retired is retired"
    assert await door.knock("CP-4") == Admitted("CP-4", False)
    assert isinstance(await door.knock("CROWD-X"), Refused), "nobody registers a crowd at once"
    assert await door.waiting() == ["CROWD-X"]
