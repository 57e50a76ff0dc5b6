"""API keys can what their owner can at that moment, cut to what was asked for, and end with either."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.access.grants import SYSTEM_POWER, Grant
from engine.clock import SECOND
from engine.errors import Changed, Conflict, Forbidden, InvalidInput, NotFound
from engine.stores.listing import Wanted
from engine.stores.people import api_keys as module
from engine.stores.people.api_keys import NewApiKey
from engine.stores.sql.tables.people import api_keys
from tests.engine.stores.people.conftest import Town

DAY = 86_400 * SECOND


def wanted(town: Town, *permissions: str, networks: set[str] | None = None, days: int = 30) -> NewApiKey:
    places = None if networks is None else frozenset(networks)
    return NewApiKey("export", frozenset(permissions), town.clock.now() + days * DAY, places)


async def may(town: Town, text: str) -> tuple[Grant, ...] | None:
    found = await town.people.api_keys.check(text)
    return None if found is None else found[2]


async def test_a_key_holds_what_was_asked_for_of_what_its_owner_holds(town: Town) -> None:
    ann, power = await town.staff("ann", "admin", "north")
    await town.people.granting.grant(ann.id, "analyst", "south", SYSTEM_POWER)
    power = await town.power(ann)
    keys = town.people.api_keys
    _, everywhere = await keys.create(wanted(town, "sessions:read", "tariffs:write"), power)
    _, north = await keys.create(wanted(town, "sessions:read", networks={"north"}), power)
    both = frozenset({"sessions:read", "tariffs:write"})
    assert await may(town, everywhere) == (Grant(both, "north"), Grant(frozenset({"sessions:read"}), "south"))
    assert await may(town, north) == (Grant(frozenset({"sessions:read"}), "north"),)
    (grant,) = [role for role in (await town.people.accounts.get(ann.id)).roles if role.network == "south"]
    await town.people.granting.withdraw(ann.id, grant.id, SYSTEM_POWER)
    assert await may(town, everywhere) == (Grant(both, "north"),)


async def test_nobody_makes_a_key_that_can_more_than_they(town: Town) -> None:
    _, power = await town.staff("ann", "admin", "north")
    create = town.people.api_keys.create
    _, clerk = await town.staff("clerk", "analyst", "north")
    for new, who in (
        (wanted(town, "sessions:read", networks={"south"}), power),
        (wanted(town, "sessions:read", networks=set()), power),
        (wanted(town, "commands:send"), clerk),
    ):
        with pytest.raises(Forbidden):
            await create(new, who)
    for new in (
        wanted(town, "self:write"),
        wanted(town, "own:read"),
        wanted(town, "api-keys:write"),
        wanted(town, "everything:write"),
        wanted(town),
        wanted(town, "sessions:read", days=0),
        wanted(town, "sessions:read", days=367),
    ):
        with pytest.raises(InvalidInput):
            await create(new, power)


async def test_a_key_ends_with_its_time_its_owner_and_its_revocation(town: Town) -> None:
    await town.staff("root", "admin")
    ann, power = await town.staff("ann", "admin", "north")
    keys = town.people.api_keys
    made, text = await keys.create(wanted(town, "sessions:read", days=1), power)
    for wrong in ("rck_", f"{text}x", text[:-1] + ("A" if text[-1] != "A" else "B"), f"rck_{'0' * 16}_{'a' * 43}"):
        assert await may(town, wrong) is None
    assert await may(town, text) is not None
    await town.people.accounts.change(ann.id, {"disabled": True}, SYSTEM_POWER)
    assert await may(town, text) is None
    await town.people.accounts.change(ann.id, {"disabled": False}, SYSTEM_POWER)
    assert await may(town, text) is not None
    await town.people.roles.set_policy("north", True, SYSTEM_POWER)
    assert await may(town, text) is None, "no way around the second factor"
    await town.people.roles.set_policy("north", False, SYSTEM_POWER)
    with pytest.raises(Changed):
        await keys.revoke(made.id, power, version=made.version + 1)
    _, other = await keys.create(wanted(town, "sessions:read", days=1), power)
    await keys.revoke(made.id, power)
    assert await may(town, text) is None
    with pytest.raises(NotFound):
        await keys.revoke(made.id, power)
    assert await may(town, other) is not None
    town.clock.advance(86_400)
    assert await may(town, other) is None
    assert [key.id for key in (await keys.page(power.scope_of("api-keys:read"), Wanted(), live=True)).items] == []


async def test_others_keys_are_seen_and_revoked_by_those_who_hold_as_much(town: Town) -> None:
    _, root = await town.staff("root", "admin")
    _, north = await town.staff("north", "admin", "north")
    _, south = await town.staff("south", "admin", "south")
    keys = town.people.api_keys
    made, _ = await keys.create(wanted(town, "sessions:read"), root)
    ours, _ = await keys.create(wanted(town, "sessions:read"), north)
    for who, key in ((north, made), (south, ours)):
        with pytest.raises(NotFound):
            await keys.get(key.id, who.scope_of("api-keys:read"))
        with pytest.raises(NotFound):
            await keys.revoke(key.id, who)
    await keys.revoke(ours.id, root)


async def test_the_last_use_is_noted_once_a_minute_and_the_secret_never(town: Town) -> None:
    _, power = await town.staff("ann", "admin")
    made, text = await town.people.api_keys.create(wanted(town, "sessions:read"), power)
    used = []
    for pause in (0, 30, 30, 30):
        town.clock.advance(pause)
        assert await may(town, text) is not None
        async with town.database.read() as connection:
            row = (await connection.execute(select(api_keys))).one()
        used.append(row.last_used)
    assert used[0] == used[1] < used[2] == used[3] == used[0] + 60 * SECOND
    secret = text.rpartition(f"{made.id}_")[2]
    assert secret not in repr(row)
    assert len(row.secret_hash) == 32


async def test_keys_of_one_account_are_bounded(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OF_AN_ACCOUNT", 1)
    _, power = await town.staff("ann", "admin")
    await town.people.api_keys.create(wanted(town, "sessions:read"), power)
    with pytest.raises(Conflict):
        await town.people.api_keys.create(wanted(town, "sessions:read"), power)
