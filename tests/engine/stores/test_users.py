"""Users: the first admin, logins, changes."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from engine.stores.sql.engine import Database
from engine.stores.users import ADMIN, FIRST_ADMIN, Users


async def test_the_first_admin_is_made_once(database: Database) -> None:
    users = Users(database)
    made = [one for one in await asyncio.gather(*(users.create_first_admin() for _ in range(3))) if one is not None]
    assert len(made) == 1
    admin, password = made[0]
    assert (admin.email, admin.role) == (FIRST_ADMIN, ADMIN)
    assert await users.log_in(FIRST_ADMIN.upper(), password) == admin
    assert await users.create_first_admin("another password") is None


async def test_wrong_unknown_and_disabled_are_answered_alike(database: Database) -> None:
    users = Users(database)
    user = await users.create("Me@Host.example", "long enough", "viewer")
    answers = []
    for email, password in (("me@host.example", "wrong one"), ("you@host.example", "long enough")):
        with pytest.raises(Unauthenticated) as caught:
            await users.log_in(email, password)
        answers.append(str(caught.value))
    await users.update(user.id, disabled=True)
    with pytest.raises(Unauthenticated) as caught:
        await users.log_in("me@host.example", "long enough")
    assert {str(caught.value), *answers} == {answers[0]}


async def test_a_new_password_counts_at_once(database: Database) -> None:
    users = Users(database)
    user = await users.create("me@host.example", "long enough", "viewer")
    await users.set_password(user.id, "longer than that")
    assert (await users.log_in("me@host.example", "longer than that")).id == user.id
    with pytest.raises(Unauthenticated):
        await users.log_in("me@host.example", "long enough")


async def test_what_cannot_be_is_refused(database: Database) -> None:
    users = Users(database)
    await users.create("me@host.example", "long enough", "viewer")
    with pytest.raises(Conflict):
        await users.create("ME@host.example", "long enough", "viewer")
    for email, password in (("nobody", "long enough"), ("you@host.example", "short")):
        with pytest.raises(InvalidInput):
            await users.create(email, password, "viewer")
    for attempt in (users.get("none"), users.by_email("none@x"), users.update("none", role="admin")):
        with pytest.raises(NotFound):
            await attempt
