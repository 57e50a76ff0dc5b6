"""Passwords forgotten, changed and chosen; drivers who sign up; and what none of it tells a stranger."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from engine.access.grants import SYSTEM_POWER
from engine.errors import Gone, InvalidInput, NotFound
from engine.stores.people.accounts import NewAccount
from engine.stores.sql.tables.people import account_tokens, sign_ups, users
from tests.engine.stores.people.conftest import PASSWORD, Town, code_in

DORA = "dora@example.org"


async def count(town: Town, table: object) -> int:
    async with town.database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()  # type: ignore[arg-type]


async def test_a_reset_is_good_once_for_an_hour_and_ends_all_logins(town: Town) -> None:
    ann, _ = await town.staff("ann", "support")
    passwords = town.people.passwords
    await town.people.logins.open(ann.id)
    await passwords.ask_for_reset("Ann@example.org")
    late = await town.code(ann.email)
    town.clock.advance(3600)
    with pytest.raises(Gone):
        await passwords.reset(late, "a new password")
    await passwords.ask_for_reset(ann.email)
    spent = await town.code(ann.email)
    await passwords.ask_for_reset(ann.email)
    token = await town.code(ann.email)
    with pytest.raises(Gone):
        await passwords.reset(spent, "a new password")
    await passwords.reset(token, "a new password")
    with pytest.raises(Gone):
        await passwords.reset(token, "one more password")
    assert await town.people.proofs.authenticate(ann.email, "a new password") is not None
    standing = await town.people.known.standing(ann.id)
    assert standing is not None
    assert standing.logins == {}
    assert "was changed" in (await town.letters(ann.email))[-1]
    async with town.database.read() as connection:
        assert token.encode() not in (await connection.execute(select(account_tokens.c.token_hash))).scalars().all()


async def test_asking_for_a_stranger_does_the_same_and_writes_to_nobody(town: Town) -> None:
    ann, _ = await town.staff("ann", "support")
    await town.staff("root", "admin")
    await town.people.accounts.change(ann.id, {"disabled": True}, SYSTEM_POWER)
    for number, email in enumerate(("stranger@example.org", ann.email), 1):
        await town.people.passwords.ask_for_reset(email)
        assert await count(town, account_tokens) == number
        assert await town.letters(email) == []
    assert await town.letters("nobody@example.invalid") == []


async def test_a_token_of_one_purpose_is_none_of_another(town: Town) -> None:
    ann = (await town.people.accounts.create(NewAccount("ann@example.org"), SYSTEM_POWER)).account
    invitation = await town.code(ann.email)
    with pytest.raises(Gone):
        await town.people.passwords.reset(invitation, PASSWORD)
    with pytest.raises(Gone):
        await town.people.sign_ups.confirm(invitation, PASSWORD)


async def test_changing_needs_the_old_password_and_keeps_ones_own_login(town: Town) -> None:
    ann, _ = await town.staff("ann", "support")
    mine, other = [await town.people.logins.open(ann.id) for _ in range(2)]
    with pytest.raises(InvalidInput, match="not your password"):
        await town.people.passwords.change(ann.id, "wrong one", "a new password", login=mine.id)
    await town.people.passwords.change(ann.id, PASSWORD, "a new password", login=mine.id)
    standing = await town.people.known.standing(ann.id)
    assert standing is not None
    assert set(standing.logins) == {mine.id} != {other.id}
    changes = [entry for entry in await town.audited() if entry[0] == "changed_password"]
    assert changes == [("changed_password", "user", ann.id)]


async def test_a_driver_signs_up_and_confirms_with_code_and_password(town: Town) -> None:
    ups, proofs = town.people.sign_ups, town.people.proofs
    await ups.ask("north", " Dora@Example.org", PASSWORD, "Dora")
    assert await count(town, users) == 0, "no account before the address is confirmed"
    token = await town.code(DORA)
    with pytest.raises(Gone):
        await ups.confirm(token, "not that password")
    dora = await ups.confirm(token, PASSWORD)
    assert (dora.kind, dora.network, dora.email, dora.email_verified is not None) == ("driver", "north", DORA, True)
    assert (await proofs.authenticate(DORA, PASSWORD)) == dora
    (role,) = (await town.people.accounts.get(dora.id)).roles
    assert (role.role, role.network) == ("driver", "north")
    with pytest.raises(Gone):
        await ups.confirm(token, PASSWORD)
    with pytest.raises(NotFound):
        await ups.ask("nowhere", DORA, PASSWORD)


async def test_signing_up_tells_nobody_that_an_address_is_taken(town: Town) -> None:
    ups = town.people.sign_ups
    await ups.ask("north", DORA, PASSWORD)
    await ups.confirm(await town.code(DORA), PASSWORD)
    before = await count(town, sign_ups)
    await ups.ask("north", DORA, "the attacker's own")
    assert await count(town, sign_ups) == before + 1, "the same work"
    town.clock.advance(1)
    letters = await town.letters(DORA)
    assert len(letters) == 2
    assert "you have one" in letters[-1]
    with pytest.raises(AssertionError):
        code_in(letters[-1])


async def test_who_signs_up_with_anothers_address_cannot_have_them_confirm_it(town: Town) -> None:
    ups = town.people.sign_ups
    await ups.ask("north", DORA, "the attacker's own")
    theirs = await town.code(DORA)
    await ups.ask("north", DORA, PASSWORD)
    hers = await town.code(DORA)
    with pytest.raises(Gone):
        await ups.confirm(theirs, PASSWORD)
    await ups.confirm(hers, PASSWORD)
    with pytest.raises(Gone):
        # Even who got hold of the letter is late: the address has its account.
        await ups.confirm(theirs, "the attacker's own")


async def test_one_may_be_a_driver_with_two_operators_and_neither_learns_of_the_other(town: Town) -> None:
    made = []
    for network, password in (("north", PASSWORD), ("south", "another password")):
        await town.people.sign_ups.ask(network, DORA, password)
        made.append(await town.people.sign_ups.confirm(await town.code(DORA), password))
    authenticate = town.people.proofs.authenticate
    assert await authenticate(DORA, "another password", "south") == made[1]
    assert await authenticate(DORA, "another password", "north") is None
    assert await authenticate(DORA, PASSWORD) is None, "which of both is not said"
    await town.people.passwords.ask_for_reset(DORA, "south")
    await town.people.passwords.reset(await town.code(DORA), "a third password")
    assert await authenticate(DORA, PASSWORD, "north") == made[0]


async def test_what_is_over_is_swept(town: Town) -> None:
    await town.people.sign_ups.ask("north", DORA, PASSWORD)
    await town.people.passwords.ask_for_reset(DORA)
    town.clock.advance(8 * 86_400)
    await town.people.sign_ups.sweep()
    assert (await count(town, sign_ups), await count(town, account_tokens)) == (0, 0)
