"""Support's search over real SQL: by whatever the caller on the phone knows, and never beyond what may be seen."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, text

from engine.access.scope import EVERYWHERE, NOWHERE, Scope
from engine.clock import ManualClock
from engine.errors import InvalidInput
from engine.stores.business import Business, open_business
from engine.stores.drivers.driver import Driver, Vehicle
from engine.stores.installation_key import InstallationKey
from engine.stores.search.found import Found, Reach
from engine.stores.search.search import Search
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.billing import issuers, receipts
from engine.stores.sql.tables.people import users
from engine.stores.sql.tables.places import charge_points, networks, stations
from engine.stores.tokens.token import Token
from tests.engine.stores.doors import Noted

ALL = Reach(*[EVERYWHERE] * 6)


def only(network: str) -> Reach:
    return Reach(*[Scope(frozenset({network}))] * 6)


@pytest.fixture
async def business(database: Database) -> Business:
    clock = ManualClock()
    async with database.write() as connection:
        await connection.execute(insert(networks), {"id": "north", "name": "North", "created": 1})
        await connection.execute(
            insert(stations),
            [
                {"id": "mall", "network_id": "default", "name": "Orion Mall", "created": 1},
                {"id": "pier", "network_id": "north", "name": "Orion Pier", "created": 1},
            ],
        )
        for name, station in (("BLR-1", "mall"), ("HAM-1", "pier")):
            row = {"id": name, "folded": name.lower(), "name": f"Bay at {station}", "station_id": station}
            await connection.execute(insert(charge_points), row | {"created": 1, "updated": 1})
        account = {"id": "u-asha", "kind": "driver", "network": "default", "email": "asha@example.org"}
        row = account | {"name": "Asha Rao", "password_hash": "x", "created": 1, "updated": 1}
        await connection.execute(insert(users), row)
    return open_business(database, Noted(), InstallationKey(b"k" * 32), clock=clock)


@pytest.fixture
async def asha(business: Business) -> Driver:
    """A driver with an account, a card and a car, who charged once before and charges now."""
    driver = await business.drivers.of_account("u-asha", "default")
    await business.drivers.change(driver.id, {"phone": "+91 98450-12345"}, own=True)
    await business.vehicles.add(driver, Vehicle("", "", plate="KA-01 ab 1234"))
    await business.tokens.create(Token("CARD-7", driver=driver.id, visual_number="Seven", label="Blue card"))
    assert isinstance(business.clock, ManualClock)
    await charged(business, "session-old", stopped=business.clock.now() + 1)
    business.clock.advance(60)
    await charged(business, "session-now", stopped=None)
    await billed(business, "session-old", driver.id)
    return driver


async def charged(business: Business, session: str, stopped: int | None, at: str = "BLR-1", **more: Any) -> None:
    now = business.clock.now()
    row: dict[str, Any] = {"id": session, "charge_point": at, "evse": 1, "connector": 1, "id_token": "card-7"}
    row |= {"state": "started" if stopped is None else "stopped", "started": now, "updated": now, "stopped": stopped}
    row |= {"transaction_id": f"t-{session}", "network": "default", "energy_wh": Decimal(7000), "doubts": []}
    async with business.database.write() as connection:
        await connection.execute(insert(sessions), row | more)


async def billed(business: Business, session: str, driver: str) -> None:
    issuer: dict[str, Any] = {"id": "i", "network": "default", "name": "Orion", "address": [], "country": "IN"}
    issuer |= {"tax_ids": [], "tax_regime": "NONE", "currency": "INR", "time_zone": "UTC", "number_format": "{n}"}
    row: dict[str, Any] = {"id": "r-1", "kind": "receipt", "session": session, "revision": 0, "issuer": "i"}
    row |= {"number": "INV/26/0007", "period": "", "sequence": 7, "network": "default", "charge_point": "BLR-1"}
    row |= {"driver": driver, "currency": "INR", "net": 1, "tax": 0, "gross": 1, "energy_wh": 1, "document": {}}
    row |= {"started": 1, "ended": 2, "issued": 3, "day": "2026-01-01"}
    async with business.database.write() as connection:
        await connection.execute(insert(issuers), issuer | {"credit_format": "{n}", "created": 1})
        await connection.execute(insert(receipts), row)


def kinds(found: list[Found]) -> list[str]:
    return [row.kind for row in found]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("+91 98450 12345", "phone"),
        ("098450-12345", "phone"),
        ("Asha@example.org", "email"),
        ("ka01ab 1234", "plate"),
        ("card-7", "token"),
        ("Seven", "card"),
        ("INV/26/0007", "receipt"),
        ("u-asha", "id"),
    ],
)
async def test_what_a_caller_knows_leads_to_the_session_that_is_running(
    business: Business, asha: Driver, said: str, why: str
) -> None:
    found = await Search(business.database).find(said, ALL)
    driver = next(row for row in found if row.kind == "driver")
    assert (driver.id, driver.title, driver.why, driver.exact) == (asha.id, "Asha Rao", why, True)
    assert driver.detail == "…345 · a…@example.org"
    running = next(row for row in found if row.kind == "session")
    assert (running.id, running.driver, running.charge_point) == ("session-now", asha.id, "BLR-1")
    assert {row.id for row in found if row.kind == "session"} == {"session-now", "session-old"}


@pytest.mark.parametrize("said", ["9198", "asha@ex", "Asha", "rao", "KA01", "card"])
async def test_the_beginning_is_enough_and_stands_behind_what_is_whole(
    business: Business, asha: Driver, said: str
) -> None:
    await business.drivers.add(Driver("", "default", name=said))
    found = [row for row in await Search(business.database).find(said, ALL) if row.kind != "session"]
    assert [row.exact for row in found] == sorted((row.exact for row in found), reverse=True)
    assert asha.id in {row.driver for row in found if not row.exact}


async def test_charge_points_and_stations_are_found_by_number_and_name(business: Business) -> None:
    search = Search(business.database)
    (first, *_) = await search.find("blr-1", ALL)
    assert (first.kind, first.id, first.exact, first.detail) == ("charge_point", "BLR-1", True, "Orion Mall")
    assert kinds(await search.find("orion", ALL)) == ["charge_point", "charge_point", "station", "station"]
    assert [row.id for row in await search.find("Bay at m", ALL)] == ["BLR-1"]
    assert [row.id for row in await search.find("LR-1", ALL)] == ["BLR-1"]


async def test_a_session_is_found_by_its_own_and_the_stations_number(business: Business, asha: Driver) -> None:
    search = Search(business.database)
    for said, exact in (("session-old", True), ("t-session-old", True), ("session-o", False)):
        (row,) = await search.find(said, ALL)
        assert (row.kind, row.id, row.exact) == ("session", "session-old", exact)


async def test_nothing_is_found_in_somebody_elses_network(business: Business, asha: Driver) -> None:
    search = Search(business.database)
    for said in ("9845012345", "Asha", "card-7", "INV/26/0007", "session-now", "BLR-1", "KA01", "t-session-now"):
        assert await search.find(said, only("north")) == [], said
    assert [row.id for row in await search.find("orion", only("north"))] == ["HAM-1", "pier"]


async def test_who_reads_no_drivers_and_receipts_finds_none_and_nobody_by_them(
    business: Business, asha: Driver
) -> None:
    search = Search(business.database)
    analyst = Reach(sessions=EVERYWHERE, charge_points=EVERYWHERE, stations=EVERYWHERE)
    for said in ("9845012345", "Asha", "INV/26/0007", "KA01AB1234", "u-asha"):
        assert await search.find(said, analyst) == [], said
    operations = Reach(drivers=EVERYWHERE, sessions=EVERYWHERE, receipts=NOWHERE)
    assert await search.find("INV/26/0007", operations) == []


async def test_who_was_forgotten_is_found_no_more(business: Business, asha: Driver) -> None:
    async with business.database.write() as connection:
        await connection.execute(text("UPDATE sessions SET stopped = started, state = 'stopped'"))
    await business.erasure.forget(asha.id, EVERYWHERE)
    for said in ("9845012345", "Asha", "KA01AB1234"):
        assert await Search(business.database).find(said, ALL) == [], said


async def test_signs_of_sql_are_letters_like_any(business: Business, asha: Driver) -> None:
    search = Search(business.database)
    for said in ("%", "%%%", "___", "a_ha", "\\\\", "'; --"):
        found = [] if len(said) < 2 else await search.find(said, ALL)
        assert found == [], said


async def test_one_letter_is_no_search(business: Business) -> None:
    for said in (" a ", "x" * 101):
        with pytest.raises(InvalidInput, match="2 to 100") as caught:
            await Search(business.database).find(said, ALL)
        assert caught.value.field == "q"


async def test_numbers_are_looked_up_in_an_index(business: Business) -> None:
    """The plan names the index: otherwise a hundred thousand drivers would be read for each search."""
    if business.database.dialect == "sqlite":
        explained = {
            "ix_drivers_phone_tail": "SELECT id FROM drivers WHERE substr(phone_digits, -8) = '45012345'",
            "ix_drivers_name_lower": "SELECT id FROM drivers WHERE lower(name) >= 'as' AND lower(name) < 'at'",
            "ix_sessions_transaction_id": "SELECT id FROM sessions WHERE transaction_id = '7'",
        }
        prefix = "EXPLAIN QUERY PLAN "
    else:
        explained = {
            "ix_drivers_phone_tail": "SELECT id FROM drivers WHERE right(phone_digits, 8) = '45012345'",
            "ix_drivers_name_lower": "SELECT id FROM drivers WHERE lower(name) LIKE 'as%'",
            "ix_sessions_transaction_id": "SELECT id FROM sessions WHERE transaction_id = '7'",
        }
        prefix = "EXPLAIN "
    async with business.database.write() as connection:
        if business.database.dialect == "postgresql":
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        for index, query in explained.items():
            plan = str((await connection.execute(text(prefix + query))).all())
            assert index in plan, plan
