"""One-time codes count once and in their time only; recovery codes once; and a policy that asks for them is kept."""

from __future__ import annotations

import asyncio

import pyotp
import pytest
from sqlalchemy import select

from engine.access.grants import SYSTEM_POWER, permissions_of
from engine.access.roles import OF_EVERYBODY
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.stores.people.rows import Account
from engine.stores.sql.tables.people import recovery_codes, second_factors
from tests.engine.stores.people.conftest import Town

STEP_S = 30


def code_at(town: Town, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(town.clock.now() // 30_000_000 + steps)


async def enrolled(town: Town) -> tuple[Account, str, list[str]]:
    """Somebody with a second factor: account, secret and recovery codes. The code of this step is used up."""
    ann, _ = await town.staff("ann", "support")
    enrolment = await town.people.second_factors.enrol(ann.id)
    codes = await town.people.second_factors.confirm(ann.id, code_at(town, enrolment.secret))
    return ann, enrolment.secret, codes


async def test_a_factor_is_in_force_once_it_is_confirmed_with_a_code(town: Town) -> None:
    factors = town.people.second_factors
    ann, _ = await town.staff("ann", "support")
    abandoned = await factors.enrol(ann.id)
    enrolment = await factors.enrol(ann.id)
    assert enrolment.uri.startswith("otpauth://totp/Raycharge:ann%40example.org?secret=")
    assert not await factors.take(ann.id, code_at(town, enrolment.secret)), "not before it is confirmed"
    for wrong in (code_at(town, abandoned.secret), "0" * 6, "٠١٢٣٤٥"):
        with pytest.raises(InvalidInput):
            await factors.confirm(ann.id, wrong)
    assert len(set(await factors.confirm(ann.id, code_at(town, enrolment.secret)))) == 10
    with pytest.raises(Conflict):
        await factors.enrol(ann.id)
    with pytest.raises(Conflict):
        await factors.confirm(ann.id, code_at(town, enrolment.secret))
    with pytest.raises(NotFound):
        await factors.confirm("nobody", "000000")


async def test_a_code_counts_once_and_one_step_around_its_time(town: Town) -> None:
    ann, secret, _ = await enrolled(town)
    take = town.people.second_factors.take
    assert not await take(ann.id, code_at(town, secret)), "it was used to confirm"
    town.clock.advance(10 * STEP_S)
    assert not await take(ann.id, code_at(town, secret, -2))
    assert not await take(ann.id, code_at(town, secret, 2))
    assert await take(ann.id, code_at(town, secret, -1))
    assert await take(ann.id, code_at(town, secret, 1))
    assert not await take(ann.id, code_at(town, secret)), "older than the one before"
    town.clock.advance(10 * STEP_S)
    code = code_at(town, secret)
    assert sorted(await asyncio.gather(*(take(ann.id, code) for _ in range(4)))) == [False, False, False, True]


async def test_recovery_codes_count_once_and_until_there_are_new_ones(town: Town) -> None:
    ann, _, codes = await enrolled(town)
    factors = town.people.second_factors
    assert await factors.take(ann.id, codes[0].upper())
    assert not await factors.take(ann.id, codes[0])
    fresh = await factors.renew_recovery_codes(ann.id)
    assert not await factors.take(ann.id, codes[1])
    assert await factors.take(ann.id, fresh[1])
    await factors.give_up(ann.id)
    assert not await factors.take(ann.id, fresh[2])
    with pytest.raises(NotFound):
        await factors.renew_recovery_codes(ann.id)


async def test_who_reads_the_database_learns_neither_secret_nor_codes(town: Town) -> None:
    _, secret, codes = await enrolled(town)
    async with town.database.read() as connection:
        sealed = (await connection.execute(select(second_factors.c.secret))).scalar_one()
        hashes = (await connection.execute(select(recovery_codes.c.code_hash))).scalars().all()
    assert secret.encode() not in sealed
    assert not {code.encode() for code in codes} & set(hashes)
    assert not any(secret in repr(entry) for entry in await town.audited())


@pytest.mark.parametrize("asked_by", ["role", "network", "*"])
async def test_without_the_factor_that_is_asked_for_one_can_only_set_it_up(town: Town, asked_by: str) -> None:
    ann, _ = await town.staff("ann", "support", "north")
    people = town.people
    login = await people.logins.open(ann.id)
    if asked_by == "role":
        await people.roles.change("support", {"totp_required": True}, SYSTEM_POWER)
    else:
        policy = await people.roles.policy(
            "north" if asked_by == "network" else "*", SYSTEM_POWER.scope_of("roles:read")
        )
        await people.roles.set_policy(policy.network, True, SYSTEM_POWER, version=policy.version)
        with pytest.raises(Changed):
            await people.roles.set_policy(policy.network, False, SYSTEM_POWER, version=policy.version)

    async def may() -> frozenset[str]:
        standing = await people.known.standing(ann.id)
        assert standing is not None
        return permissions_of(standing.grants_in(standing.logins[login.id]))

    assert await may() == OF_EVERYBODY
    enrolment = await people.second_factors.enrol(ann.id)
    await people.second_factors.confirm(ann.id, code_at(town, enrolment.secret), login=login.id)
    assert "commands:basic" in await may()
    other = await people.logins.open(ann.id)
    assert not await people.second_factors.show(ann.id, "123456", other.id)
    town.clock.advance(STEP_S)
    assert await people.second_factors.show(ann.id, code_at(town, enrolment.secret), other.id)
