"""Accounts: made, invited, changed, disabled, anonymised; and nobody climbs above what they hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from engine.access.grants import SYSTEM_POWER, Power
from engine.access.scope import EVERYWHERE, Scope
from engine.errors import Changed, Conflict, Forbidden, Gone, InvalidInput, NotFound
from engine.stores.listing import Wanted
from engine.stores.people.accounts import FIRST_ADMIN, AccountFilter, NewAccount
from engine.stores.people.roles import NewRole
from engine.stores.sql.tables.audit import audit_log
from engine.stores.sql.tables.people import api_keys, logins, users
from tests.engine.stores.people.conftest import PASSWORD, Town


async def test_the_first_admin_is_made_once(town: Town) -> None:
    accounts = town.people.accounts
    made = [one for one in await asyncio.gather(*(accounts.create_first_admin() for _ in range(3))) if one is not None]
    assert len(made) == 1
    admin, password = made[0]
    assert await town.people.proofs.authenticate(FIRST_ADMIN.upper(), password) == admin
    assert await accounts.create_first_admin("another password") is None
    (role,) = (await accounts.get(admin.id)).roles
    assert (role.role, role.network) == ("admin", None)


async def test_wrong_unknown_disabled_and_without_a_password_are_alike(town: Town) -> None:
    ann, _ = await town.staff("ann", "analyst")
    await town.staff("root", "admin")
    await town.people.accounts.create(NewAccount("invited@example.org"), SYSTEM_POWER)
    authenticate = town.people.proofs.authenticate
    assert (await authenticate("Ann@Example.org ", PASSWORD)) is not None
    assert await authenticate("ann@example.org", "wrong one") is None
    assert await authenticate("nobody@example.org", PASSWORD) is None
    assert await authenticate("invited@example.org", "") is None
    await town.people.accounts.change(ann.id, {"disabled": True}, SYSTEM_POWER)
    assert await authenticate("ann@example.org", PASSWORD) is None


async def test_an_invitation_is_good_once_and_ends_with_the_next(town: Town) -> None:
    accounts, passwords = town.people.accounts, town.people.passwords
    ann = (await accounts.create(NewAccount("ann@example.org", roles=[("support", "north")]), SYSTEM_POWER)).account
    first = await town.code(ann.email)
    await accounts.invite_again(ann.id, SYSTEM_POWER)
    second = await town.code(ann.email)
    for token, password in ((first, PASSWORD), ("x" * 43, PASSWORD)):
        with pytest.raises(Gone):
            await passwords.accept_invitation(token, password)
    with pytest.raises(InvalidInput):
        await passwords.accept_invitation(second, "short")
    await passwords.accept_invitation(second, PASSWORD)
    assert await town.people.proofs.authenticate(ann.email, PASSWORD) is not None
    with pytest.raises(Gone):
        await passwords.accept_invitation(second, "another password")
    with pytest.raises(Conflict):
        await accounts.invite_again(ann.id, SYSTEM_POWER)


async def test_a_network_admin_gives_only_what_they_hold_where_they_hold_it(town: Town) -> None:
    north_admin, north = await town.staff("north", "admin", "north")
    ann, _ = await town.staff("ann", "support", "north")
    granting = town.people.granting
    assert (await granting.grant(ann.id, "finance", "north", north)).network == "north"
    with pytest.raises(NotFound):
        await granting.grant(ann.id, "finance", "south", north)
    for refused in (
        granting.grant(ann.id, "support", None, north),
        granting.grant(north_admin.id, "admin", None, north),
    ):
        with pytest.raises((Forbidden, NotFound)):
            await refused
    new = NewAccount("x@example.org", password=PASSWORD, roles=[("admin", None)])
    with pytest.raises((Forbidden, NotFound)):
        await town.people.accounts.create(new, north)
    with pytest.raises(InvalidInput):
        await town.people.accounts.create(NewAccount("x@example.org", password=PASSWORD), north)
    with pytest.raises(NotFound):
        await town.people.accounts.by_email("x@example.org")


async def test_who_may_change_people_but_holds_little_gives_little(town: Town) -> None:
    permissions = frozenset({"users:read", "users:write", "roles:read", "roles:write", "sessions:read"})
    role = await town.people.roles.create(NewRole("clerk", permissions, network="north"), SYSTEM_POWER)
    clerk, power = await town.staff("clerk", role.id, "north")
    ann, _ = await town.staff("ann", "analyst", "north")
    granting, roles = town.people.granting, town.people.roles
    for target in (clerk.id, ann.id):
        with pytest.raises(Forbidden):
            await granting.grant(target, "operations", "north", power)
    with pytest.raises(Forbidden):
        await roles.create(NewRole("more", frozenset({"tariffs:write"}), network="north"), power)
    with pytest.raises(Forbidden):
        await roles.change(role.id, {"permissions": [*permissions, "tariffs:write"]}, power)
    with pytest.raises(NotFound):
        await roles.create(NewRole("there", frozenset({"sessions:read"}), network="south"), power)
    with pytest.raises(NotFound):
        await roles.create(NewRole("everywhere", frozenset({"sessions:read"})), power)
    less = await roles.create(NewRole("less", frozenset({"sessions:read"}), network="north"), power)
    with pytest.raises(Forbidden, match="do not hold"):
        # Ann sees tariffs, which the clerk does not.
        await granting.grant(ann.id, less.id, "north", power)
    with pytest.raises(InvalidInput):
        await roles.create(NewRole("driver's", frozenset({"own:read"}), network="north"), SYSTEM_POWER)


Change = Callable[[Town, str, Power], Awaitable[object]]
CHANGES: dict[str, Change] = {
    "disable": lambda town, who, power: town.people.accounts.change(who, {"disabled": True}, power),
    "change the address": lambda town, who, power: town.people.accounts.change(who, {"email": "me@x.org"}, power),
    "delete": lambda town, who, power: town.people.accounts.delete(who, power),
    "send a reset": lambda town, who, power: town.people.passwords.send_reset(who, power),
    "reset the second factor": lambda town, who, power: town.people.second_factors.reset(who, power),
    "end logins": lambda town, who, power: town.people.accounts.end_logins(who, power),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_nobody_touches_who_holds_more_or_belongs_to_another_network(town: Town, change: Change) -> None:
    root, _ = await town.staff("root", "admin")
    await town.people.granting.grant(root.id, "support", "north", SYSTEM_POWER)
    other, _ = await town.staff("other", "support", "south")
    new = NewAccount("driver@example.org", password=PASSWORD, network="south")
    driver = (await town.people.accounts.create(new, SYSTEM_POWER)).account
    _, north = await town.staff("north", "admin", "north")
    with pytest.raises(Forbidden):
        await change(town, root.id, north)
    for unseen in (other.id, driver.id, "nobody"):
        with pytest.raises(NotFound):
            await change(town, unseen, north)
    _, support = await town.staff("support", "support", "north")
    with pytest.raises(NotFound):
        await change(town, root.id, support)


async def test_somebody_always_administers_the_installation(town: Town) -> None:
    accounts, granting = town.people.accounts, town.people.granting
    root, power = await town.staff("root", "admin")
    await town.staff("north", "admin", "north")
    (grant,) = (await accounts.get(root.id)).roles
    for refused in (
        accounts.change(root.id, {"disabled": True}, power),
        accounts.delete(root.id, power),
        granting.withdraw(root.id, grant.id, power),
    ):
        with pytest.raises(Conflict, match="last one"):
            await refused
    assert (await accounts.get(root.id)).account.active
    second, other = await town.staff("second", "admin")
    both = await asyncio.gather(
        accounts.change(root.id, {"disabled": True}, other),
        accounts.change(second.id, {"disabled": True}, power),
        return_exceptions=True,
    )
    assert sorted(type(one) is Conflict for one in both) == [False, True]


async def test_a_deleted_account_leaves_nothing_that_tells_who_it_was(town: Town) -> None:
    await town.staff("root", "admin")
    accounts = town.people.accounts
    new = NewAccount("driver@example.org", "Dora Driver", PASSWORD, network="north")
    dora = (await accounts.create(new, SYSTEM_POWER)).account
    await town.people.logins.open(dora.id, address="198.51.100.7", client="Dora's phone")
    await accounts.delete(dora.id, SYSTEM_POWER)
    async with town.database.read() as connection:
        row = (await connection.execute(select(users).where(users.c.id == dora.id))).one()
        told = repr([row, *(await connection.execute(select(audit_log))).all()])
        for table in (logins, api_keys):
            assert (await connection.execute(select(table).where(table.c.account == dora.id))).all() == []
    assert (row.disabled, row.password_hash, row.name) == (True, "", "")
    assert all(secret not in told for secret in ("driver@example.org", "Dora", "198.51.100.7"))
    with pytest.raises(NotFound):
        await accounts.delete(dora.id, SYSTEM_POWER)
    again = await accounts.create(new, SYSTEM_POWER)
    assert again.account.id != dora.id


async def test_a_list_shows_who_belongs_to_ones_networks(town: Town) -> None:
    await town.staff("root", "admin")
    await town.staff("ann", "support", "north")
    await town.staff("bob", "finance", "south")
    accounts = town.people.accounts
    for network in ("north", "south"):
        new = NewAccount("dora@example.org", "Dora", PASSWORD, network=network)
        await accounts.create(new, SYSTEM_POWER)
    north = Scope(frozenset({"north"}))

    async def emails(filter: AccountFilter, scope: Scope, **wanted: str) -> list[str]:
        page = await accounts.page(filter, scope, Wanted(**wanted))
        return [known.account.email.split("@")[0] for known in page.items]

    assert await emails(AccountFilter(), north) == ["ann", "dora"]
    assert await emails(AccountFilter(kind="staff"), EVERYWHERE, sort="-email") == ["root", "bob", "ann"]
    assert await emails(AccountFilter(network="south", text="B"), EVERYWHERE) == ["bob"]
    assert await emails(AccountFilter(role="finance"), north) == []
    first = await accounts.page(AccountFilter(), EVERYWHERE, Wanted(limit=3))
    rest = await accounts.page(AccountFilter(), EVERYWHERE, Wanted(limit=3, cursor=first.cursor))
    assert len({known.account.id for known in first.items + rest.items}) == 5


async def test_a_change_of_an_older_version_does_not_count(town: Town) -> None:
    ann, _ = await town.staff("ann", "support")
    accounts = town.people.accounts
    changed = await accounts.change(ann.id, {"name": "Ann"}, SYSTEM_POWER, version=ann.version)
    assert changed.account.version == ann.version + 1
    with pytest.raises(Changed):
        await accounts.change(ann.id, {"name": "Anna"}, SYSTEM_POWER, version=ann.version)
    await town.staff("bob", "support")
    with pytest.raises(Conflict):
        await accounts.change(ann.id, {"email": "BOB@example.org"}, SYSTEM_POWER)
    with pytest.raises(InvalidInput):
        await accounts.change(ann.id, {"email": "nowhere"}, SYSTEM_POWER)
