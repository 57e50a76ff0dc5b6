"""What is known of people in memory follows what is in SQL: at once here, by the feed elsewhere, in seconds anyway."""

from __future__ import annotations

import asyncio

import pytest

from engine.access.grants import SYSTEM_POWER
from engine.errors import NotFound
from engine.stores.changes import ACCOUNT, Change
from engine.stores.installation_key import InstallationKey
from engine.stores.people.directory import People, open_people
from engine.stores.people.logins import MOST_LIVE
from engine.stores.people.roles import NewRole
from engine.stores.people.standing import FRESH_US
from tests.engine.stores.people.conftest import Silent, Town
from tests.people import quick_passwords


def another_facade(town: Town) -> People:
    return open_people(town.database, town.feed, InstallationKey(b"k" * 32), quick_passwords(), town.clock)


async def logins_known(people: People, account: str) -> set[str]:
    standing = await people.known.standing(account)
    return set() if standing is None else set(standing.logins)


async def test_a_login_that_is_ended_is_out_here_at_once_and_elsewhere_with_the_feed(town: Town) -> None:
    ann, _ = await town.staff("ann", "support")
    login = await town.people.logins.open(ann.id)
    elsewhere = another_facade(town)
    assert await logins_known(town.people, ann.id) == await logins_known(elsewhere, ann.id) == {login.id}
    async with town.feed.listen() as changes:
        await town.people.logins.revoke(ann.id, login.id)
        assert await logins_known(town.people, ann.id) == set()
        async with asyncio.timeout(1.0):
            change = await anext(changes)
    assert change == Change(ACCOUNT, ann.id)
    elsewhere.known.changed(change)
    assert await logins_known(elsewhere, ann.id) == set()
    with pytest.raises(NotFound):
        await town.people.logins.revoke(ann.id, login.id)


async def test_a_lost_announcement_is_made_up_for_within_seconds(town: Town) -> None:
    ann, _ = await town.staff("ann", "support")
    login = await town.people.logins.open(ann.id)
    town.feed.__class__ = Silent
    elsewhere = another_facade(town)
    assert await logins_known(elsewhere, ann.id) == {login.id}
    await town.people.logins.revoke(ann.id, login.id)
    assert await logins_known(elsewhere, ann.id) == {login.id}
    town.clock.advance(FRESH_US / 1e6)
    assert await logins_known(elsewhere, ann.id) == set()


async def test_what_was_read_before_a_change_does_not_outlive_its_announcement(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, _ = await town.staff("ann", "support")
    known = town.people.known
    known.changed(Change(ACCOUNT, ann.id))
    read = known._read

    async def slow(account: str, now: int) -> object:
        found = await read(account, now)
        # The change is committed and announced while the answer from before it is under way.
        monkeypatch.undo()
        await town.people.accounts.change(ann.id, {"disabled": True}, SYSTEM_POWER)
        return found

    monkeypatch.setattr(known, "_read", slow)
    await known.standing(ann.id)
    standing = await known.standing(ann.id)
    assert standing is not None
    assert not standing.account.active


async def test_a_roles_change_counts_at_once_for_all_who_have_it(town: Town) -> None:
    new = NewRole("watcher", frozenset({"sessions:read"}), network="north")
    role = await town.people.roles.create(new, SYSTEM_POWER)
    ann, power = await town.staff("ann", role.id, "north")
    assert power.scope_of("sessions:read").covers("north")
    await town.people.roles.change(role.id, {"permissions": ["tariffs:read"]}, SYSTEM_POWER)
    standing = await town.people.known.standing(ann.id)
    assert standing is not None
    assert {"tariffs:read", "self:read", "self:write"} == frozenset().union(*(g.permissions for g in standing.grants))


async def test_logins_of_one_account_are_bounded_and_end_by_themselves(town: Town) -> None:
    ann, _ = await town.staff("ann", "support")
    first = await town.people.logins.open(ann.id)
    for _ in range(MOST_LIVE):
        town.clock.advance(1)
        last = await town.people.logins.open(ann.id)
    standing = await town.people.known.standing(ann.id, anew=True)
    assert standing is not None
    assert len(standing.logins) == MOST_LIVE
    assert first.id not in standing.logins
    town.clock.advance(8 * 3600)
    assert await logins_known(town.people, ann.id) == set()
    town.clock.advance(31 * 86_400)
    assert await town.people.logins.sweep() == MOST_LIVE + 1
    assert last.expires < town.clock.now()
