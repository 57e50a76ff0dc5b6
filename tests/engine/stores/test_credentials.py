"""The door: who gets in, what it costs, and how soon a change counts."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from engine.errors import ConfigurationError, StoreUnavailable
from engine.stores.changes import ALL, CHARGE_POINT, Change
from engine.stores.credentials import Credentials, Verdict
from engine.stores.installation_key import FILE, InstallationKey
from engine.stores.passwords import Passwords, PasswordsBusy
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sql.engine import Database, connect
from engine.stores.sql.models import credential_proofs
from tests.engine.stores.doors import Noted

KEY, OTHER_KEY = InstallationKey(bytes(range(32))), InstallationKey(bytes(32))
SECRET = "correct horse"


async def stocked(database: Database) -> Registry:
    registry = Registry(database, Noted(), KEY)
    await registry.create(NewChargePoint("CP-1"), SECRET)
    await registry.create(NewChargePoint("open"))
    await registry.create(NewChargePoint("gone"), SECRET)
    await registry.retire("gone")
    return registry


@pytest.mark.parametrize(
    ("name", "secret", "verdict"),
    [
        ("CP-1", SECRET, Verdict.ACCEPTED),
        ("cp-1", SECRET, Verdict.ACCEPTED),
        ("open", None, Verdict.ACCEPTED),
        ("open", "whatever", Verdict.ACCEPTED),
        ("CP-1", "wrong", Verdict.REFUSED),
        ("CP-1", "", Verdict.REFUSED),
        ("CP-1", None, Verdict.REFUSED),
        ("unknown", SECRET, Verdict.REFUSED),
        ("unknown", None, Verdict.REFUSED),
        ("gone", SECRET, Verdict.REFUSED),
    ],
)
async def test_who_gets_in(database: Database, name: str, secret: str | None, verdict: Verdict) -> None:
    await stocked(database)
    assert await Credentials(database, KEY).verify(name, secret) is verdict


async def test_a_secret_that_we_set_ourselves_never_costs_an_argon2_check(database: Database) -> None:
    await stocked(database)
    door = Credentials(database, KEY)
    assert await door.verify("CP-1", SECRET) is Verdict.ACCEPTED
    assert door.argon2_checks == 0


async def test_an_unproven_secret_costs_one_check_in_all_processes(database: Database) -> None:
    await stocked(database)
    async with database.write() as connection:
        await connection.execute(delete(credential_proofs))
    door = Credentials(database, KEY)
    verdicts = await asyncio.gather(*(door.verify("CP-1", SECRET) for _ in range(20)))
    assert set(verdicts) == {Verdict.ACCEPTED}
    assert door.argon2_checks == 1
    restarted = Credentials(database, KEY)
    assert await restarted.verify("CP-1", SECRET) is Verdict.ACCEPTED
    assert restarted.argon2_checks == 0


async def test_wrong_and_unknown_cost_the_same_and_only_once(database: Database) -> None:
    await stocked(database)
    door = Credentials(database, KEY)
    for name in ("CP-1", "unknown", "gone"):
        before = door.argon2_checks
        for _ in range(3):
            assert await door.verify(name, "wrong") is Verdict.REFUSED
        assert door.argon2_checks == before + 1


async def test_another_installation_cannot_use_our_proofs(database: Database) -> None:
    await stocked(database)
    door = Credentials(database, OTHER_KEY)
    assert await door.verify("CP-1", SECRET) is Verdict.ACCEPTED
    assert door.argon2_checks == 1
    async with database.read() as connection:
        keys = (await connection.execute(select(credential_proofs.c.key_id))).scalars().all()
    assert {KEY.id, OTHER_KEY.id} <= set(keys)


async def test_a_new_secret_counts_as_soon_as_the_door_hears_of_it(database: Database) -> None:
    registry = await stocked(database)
    door = Credentials(database, KEY)
    assert await door.verify("CP-1", SECRET) is Verdict.ACCEPTED
    await registry.set_secret("CP-1", "another one")
    for change in registry._feed.changes:  # type: ignore[attr-defined]
        door.changed(change)
    assert await door.verify("CP-1", SECRET) is Verdict.REFUSED
    assert await door.verify("CP-1", "another one") is Verdict.ACCEPTED


async def test_a_charge_point_that_is_made_later_gets_in(database: Database) -> None:
    registry = await stocked(database)
    door = Credentials(database, KEY)
    assert await door.verify("late", SECRET) is Verdict.REFUSED
    await registry.create(NewChargePoint("late"), SECRET)
    assert await door.verify("late", SECRET) is Verdict.ACCEPTED


async def test_a_store_that_is_away_refuses_nobody(unused_tcp_port: int) -> None:
    away = connect(f"postgresql+asyncpg://nobody@127.0.0.1:{unused_tcp_port}/none")
    with pytest.raises(StoreUnavailable):
        await Credentials(away, KEY).verify("CP-1", SECRET)
    await away.aclose()


async def test_thousands_at_once_take_a_few_questions(database: Database) -> None:
    registry = Registry(database, Noted(), KEY)
    names = [f"CP-{number}" for number in range(3000)]
    await registry.create_many([NewChargePoint(name) for name in names], SECRET)
    door = Credentials(database, KEY)
    assert set(await asyncio.gather(*(door.verify(name, SECRET) for name in names))) == {Verdict.ACCEPTED}
    assert door.argon2_checks == 0
    door.changed(Change(CHARGE_POINT, ALL))
    assert await door.verify("CP-7", SECRET) is Verdict.ACCEPTED


async def test_too_many_checks_at_once_are_put_off_not_refused() -> None:
    passwords = Passwords(at_once=1, max_waiting=2)
    results = await asyncio.gather(*(passwords.hash("x") for _ in range(5)), return_exceptions=True)
    assert [isinstance(result, PasswordsBusy) for result in results] == [False, False, True, True, True]
    passwords.close()


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = InstallationKey.load(tmp_path / "data")
    assert stat.S_IMODE((tmp_path / "data" / FILE).stat().st_mode) == 0o600
    assert InstallationKey.load(tmp_path / "data").digest("x", "a", "b") == first.digest("x", "a", "b")
    assert first.digest("x", "a", "b") != first.digest("x", "ab", "")
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    InstallationKey.load(tmp_path)
    os.chmod(tmp_path / FILE, 0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        InstallationKey.load(tmp_path)


async def test_what_is_proven_is_known_in_every_process_without_a_guess(database: Database) -> None:
    await stocked(database)
    door = Credentials(database, KEY)
    assert await door.is_proven("cp-1", SECRET)
    assert await door.is_proven("open", None)
    for name, secret in (("CP-1", "wrong"), ("CP-1", None), ("unknown", SECRET), ("gone", SECRET)):
        assert not await door.is_proven(name, secret), (name, secret)
    async with database.write() as connection:
        await connection.execute(delete(credential_proofs))
    assert not await Credentials(database, KEY).is_proven("CP-1", SECRET)
    assert door.argon2_checks == 0


async def test_a_password_of_any_bytes_is_right_or_wrong_like_another(database: Database) -> None:
    binary = b"\xff\x00\xc3(0123456789ab".decode("utf-8", "surrogateescape")
    door = Credentials(database, KEY)
    await stocked(database)
    assert await door.verify("CP-1", binary) is Verdict.REFUSED
    passwords = Passwords()
    encoded = await passwords.hash(binary)
    assert await passwords.check(encoded, binary)
    assert not await passwords.check(encoded, binary[:-1])
    passwords.close()
