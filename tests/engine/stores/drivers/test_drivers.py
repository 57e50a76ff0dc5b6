"""Drivers: found by what somebody on the phone knows, their cards and sessions, and how they are forgotten."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import insert, select

from engine.access.scope import Scope
from engine.clock import ManualClock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.stores.business import Business, open_business
from engine.stores.changes import ACCOUNT, TOKEN, Change
from engine.stores.drivers.claims import TRIES
from engine.stores.drivers.driver import Driver, Vehicle
from engine.stores.installation_key import InstallationKey
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.audit import audit_log
from engine.stores.sql.tables.outbox import outbox
from engine.stores.sql.tables.people import logins, users
from engine.stores.sql.tables.places import charge_points, networks, stations
from engine.stores.sql.tables.tokens import drivers, token_holders, tokens, vehicles
from engine.stores.tokens.repository import TokenFilter
from engine.stores.tokens.token import Token
from tests.engine.stores.doors import Noted

ASHA = {"id": "u-asha", "kind": "driver", "network": "default", "email": "asha@example.org", "name": "Asha Rao"}
ACCOUNT_ROW = {"password_hash": "x", "created": 1, "updated": 1, "email_verified": 1}


@pytest.fixture
async def business(database: Database) -> Business:
    async with database.write() as connection:
        await connection.execute(insert(networks), {"id": "north", "name": "North", "created": 1})
        await connection.execute(insert(stations), {"id": "S-N", "network_id": "north", "name": "North", "created": 1})
        for name, station in (("CP-1", "default"), ("CP-N", "S-N")):
            row = {"id": name, "folded": name.lower(), "station_id": station, "created": 1, "updated": 1}
            await connection.execute(insert(charge_points), row)
        await connection.execute(insert(users), ASHA | ACCOUNT_ROW)
    return open_business(database, Noted(), InstallationKey(b"k" * 32), clock=ManualClock())


@pytest.fixture
async def asha(business: Business) -> Driver:
    driver = await business.drivers.of_account("u-asha", "default")
    changes = {"phone": "+91 98450-12345", "language": "en", "address": {"city": "Pune", "country": "IN"}}
    await business.drivers.change(driver.id, changes, own=True)
    await business.vehicles.add(driver, Vehicle("", "", plate="KA-01 ab 1234", make="Tata"))
    return await business.drivers.get(driver.id)


async def charged(business: Business, session: str, id_token: str, at: str = "CP-1", *, over: bool = True) -> None:
    """A session by the token that begins now."""
    now = business.clock.now()
    row = {"id": session, "charge_point": at, "id_token": id_token, "state": "stopped", "started": now, "updated": now}
    row |= {"stopped": now + 1 if over else None, "energy_wh": Decimal(7000), "doubts": []}
    async with business.database.write() as connection:
        await connection.execute(insert(sessions), row)


def later(business: Business) -> None:
    assert isinstance(business.clock, ManualClock)
    business.clock.advance(10)


async def test_who_signs_up_has_a_profile_and_an_apps_token(business: Business, asha: Driver) -> None:
    assert (asha.id, asha.name, asha.email, asha.network) == ("u-asha", "Asha Rao", "asha@example.org", "default")
    (own,) = (await business.tokens.page(TokenFilter(driver=asha.id))).items
    assert (own.kind, own.max_sessions, len(own.id_token)) == ("app", 1, 20)
    assert await business.drivers.of_account("u-asha", "default") == asha
    assert await business.drivers.driver_of("default", own.id_token.lower()) == asha.id
    assert await business.drivers.driver_of("north", own.id_token) is None


@pytest.mark.parametrize("known", ["asha", "RAO", "@example.org", "98450 12345", "ka01AB", "CARD-7", "Seven", "u-asha"])
async def test_support_finds_a_driver_by_what_the_caller_knows(business: Business, asha: Driver, known: str) -> None:
    await business.tokens.create(Token("card-7", driver=asha.id, visual_number="Seven"))
    await business.drivers.add(Driver("", "default", name="Somebody Else", phone="5551234"))
    found = await business.drivers.page(text=known)
    assert [driver.id for driver in found.items] == [asha.id]
    assert (await business.drivers.page(text=known, scope=Scope(frozenset({"north"})))).items == []


async def test_a_driver_of_another_network_is_unknown(business: Business, asha: Driver) -> None:
    north = Scope(frozenset({"north"}))
    for attempt in (
        business.drivers.get(asha.id, north),
        business.drivers.change(asha.id, {"name": "X"}, scope=north),
        business.erasure.forget(asha.id, north),
        business.tokens.create(Token("n", network="north", driver=asha.id)),
        business.drivers.add(Driver("", "default"), north),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_changes_are_versioned_and_the_log_knows_fields_not_values(business: Business, asha: Driver) -> None:
    changed = await business.drivers.change(asha.id, {"name": "Asha R."}, version=asha.version)
    assert changed.name == (await business.drivers.get(asha.id)).name == "Asha R."
    with pytest.raises(Changed):
        await business.drivers.change(asha.id, {"name": "Late"}, version=asha.version)
    with pytest.raises(InvalidInput):
        await business.drivers.change(asha.id, {"credit_limit": Decimal(1)}, own=True)
    with pytest.raises(InvalidInput):
        await business.drivers.change(asha.id, {"email": "other@example.org"})
    async with business.database.read() as connection:
        lines = (await connection.execute(select(audit_log.c.after).where(audit_log.c.kind == "driver"))).scalars()
        told = [line for line in lines if line]
    assert told[-1] == {"fields": ["name"]}
    assert "Asha" not in str(told)


async def test_a_card_is_claimed_with_its_code_and_changes_hands_with_its_future_only(
    business: Business, asha: Driver
) -> None:
    await business.tokens.create(Token("CARD-7"))
    await business.claims.set_code("card-7", "default", "ab 12-cd")
    await charged(business, "before", "CARD-7")
    later(business)
    assert (await business.claims.claim(asha.id, "Card-7", "AB12-CD")).id_token == "CARD-7"
    await charged(business, "hers", "card-7")
    await charged(business, "elsewhere", "card-7", "CP-N")
    later(business)
    other = await business.drivers.add(Driver("", "default", name="Bo"))
    await business.tokens.change("card-7", {"driver": other.id})
    await charged(business, "his", "CARD-7")
    own = business.own_sessions
    assert [session.id for session in (await own.page(asha.id)).items] == ["hers"]
    assert [session.id for session in (await own.page(other.id)).items] == ["his"]
    for driver, session in ((asha.id, "his"), (other.id, "hers"), (asha.id, "before")):
        with pytest.raises(NotFound):
            await own.get(driver, session)
    begun = (await own.get(asha.id, "hers")).began
    assert await business.drivers.driver_of("default", "card-7", begun) == asha.id
    assert await business.drivers.driver_of("default", "card-7") == other.id


async def test_a_code_is_good_once_and_for_a_few_tries(business: Business, asha: Driver) -> None:
    await business.tokens.create(Token("CARD"))
    await business.claims.set_code("CARD", "default", "secret-1")
    for _ in range(TRIES):
        with pytest.raises(NotFound):
            await business.claims.claim(asha.id, "CARD", "wrong-one")
    with pytest.raises(NotFound):
        await business.claims.claim(asha.id, "CARD", "secret-1")
    await business.claims.set_code("CARD", "default", "secret-2")
    await business.claims.claim(asha.id, "CARD", "secret-2")
    with pytest.raises(NotFound):
        await business.claims.claim(asha.id, "CARD", "secret-2")


async def test_a_forgotten_driver_is_nowhere_and_the_books_are_kept(business: Business, asha: Driver) -> None:
    await business.tokens.create(Token("CARD-7", driver=asha.id, label="Asha's card", visual_number="Seven"))
    app = next(t for t in (await business.tokens.page(TokenFilter(driver=asha.id))).items if t.kind == "app")
    later(business)
    await charged(business, "s1", "card-7")
    await charged(business, "s2", app.id_token)
    async with business.database.write() as connection:
        await connection.execute(insert(logins), {"id": "l", "account": "u-asha", "created": 1, "expires": 2**60})
        letter = {"id": "o", "key": "k", "network": "default", "kind": "receipt", "recipient": ASHA["email"]}
        letter |= {"subject": "Asha", "body": "Dear Asha", "attachments": [], "created": 1, "due": 1}
        await connection.execute(insert(outbox), letter)
    feed = business.feed
    assert isinstance(feed, Noted)
    feed.changes.clear()
    await business.erasure.forget(asha.id)
    assert {Change(TOKEN, "default/card-7"), Change(ACCOUNT, "u-asha")} <= set(feed.changes)

    said = await everything(business.database)
    for personal in ("asha", "rao", "98450", "pune", "ka01", "ka-01", "card-7", "seven", app.id_token.lower()):
        assert personal not in said.replace("u-asha", ""), personal
    # The books: each session still somebody's, under names that lead to nobody; receipts are not touched.
    kept = (await business.own_sessions.page(asha.id)).items
    assert {session.id for session in kept} == {"s1", "s2"}
    assert all(session.id_token.startswith("forgotten-") for session in kept)
    assert {t.status for t in (await business.tokens.page(TokenFilter(driver=asha.id))).items} == {"Blocked"}
    for attempt in (business.drivers.get(asha.id), business.tokens.get("card-7"), business.erasure.forget(asha.id)):
        with pytest.raises(NotFound):
            await attempt
    # The card may be somebody else's now, who sees nothing of what it did before.
    other = await business.drivers.add(Driver("", "default", name="Bo"))
    await business.tokens.create(Token("CARD-7", driver=other.id))
    assert (await business.own_sessions.page(other.id)).items == []


async def everything(database: Database) -> str:
    """All rows in which somebody could be found, as one lower-case text. The audit log's trigger keeps what it has."""
    found = []
    async with database.read() as connection:
        for table in (drivers, vehicles, tokens, token_holders, sessions, users, logins, outbox):
            found += [str(tuple(row)) for row in await connection.execute(select(table))]
        log = select(audit_log.c.before, audit_log.c.after).where(audit_log.c.kind != "token")
        found += [str(tuple(row)) for row in await connection.execute(log)]
    return "\n".join(found).lower()


async def test_who_charges_cannot_be_forgotten_just_now(business: Business, asha: Driver) -> None:
    await business.tokens.create(Token("CARD-7", driver=asha.id))
    later(business)
    await charged(business, "s1", "card-7", over=False)
    with pytest.raises(Conflict):
        await business.erasure.forget(asha.id)
    assert (await business.drivers.get(asha.id)).name == "Asha Rao"
