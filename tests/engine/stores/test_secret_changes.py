"""A secret on its way: both are right until the station has used the new one or refused it, whatever restarts."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from engine.errors import Conflict, InvalidInput
from engine.stores.credentials import Credentials, Verdict
from engine.stores.installation_key import InstallationKey
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.secret_changes import SecretChanges
from engine.stores.sql.engine import Database
from engine.stores.sql.models import commands
from tests.engine.stores.doors import Noted

KEY, OTHER_KEY = InstallationKey(bytes(range(32))), InstallationKey(bytes(32))
OLD, NEW = "the old password", "the new password"


async def stocked(database: Database) -> tuple[Registry, SecretChanges]:
    registry = Registry(database, Noted(), KEY)
    await registry.create(NewChargePoint("CP-1"), OLD)
    return registry, SecretChanges(database, KEY, Noted())


async def verdicts(database: Database, *secrets: str, key: InstallationKey = KEY) -> list[bool]:
    """What a door that has just been opened says to each."""
    return [await Credentials(database, key).verify("CP-1", secret) is Verdict.ACCEPTED for secret in secrets]


async def test_both_are_right_until_the_new_one_is_used(database: Database) -> None:
    _, changes = await stocked(database)
    await changes.begin("CP-1", "c1", NEW)
    assert await changes.waiting("CP-1") == ["c1"]
    door = Credentials(database, KEY)
    assert await door.is_proven("CP-1", NEW)
    assert await verdicts(database, OLD, "a wrong one") == [True, False]
    assert await verdicts(database, NEW) == [True]
    assert await verdicts(database, OLD, NEW) == [False, True]
    assert await changes.waiting("CP-1") == []


async def test_what_the_station_refused_is_wrong_again(database: Database) -> None:
    _, changes = await stocked(database)
    await changes.begin("CP-1", "c1", NEW)
    await changes.drop("CP-1", "c1")
    assert await verdicts(database, NEW, OLD) == [False, True]


async def test_the_first_use_costs_no_argon2_check_and_another_node_pays_one_for_each(database: Database) -> None:
    _, changes = await stocked(database)
    await changes.begin("CP-1", "c1", NEW)
    door = Credentials(database, KEY)
    assert await door.verify("CP-1", NEW) is Verdict.ACCEPTED
    assert door.argon2_checks == 0
    await changes.begin("CP-1", "c2", "a third password")
    elsewhere = Credentials(database, OTHER_KEY)
    assert not await elsewhere.is_proven("CP-1", "a third password")
    assert await elsewhere.verify("CP-1", "a third password") is Verdict.ACCEPTED
    assert await verdicts(database, NEW, "a third password") == [False, True]


async def test_changes_whose_answers_were_lost_are_all_right_and_the_used_one_ends_those_before_it(
    database: Database,
) -> None:
    _, changes = await stocked(database)
    for number in (1, 2, 3):
        await changes.begin("CP-1", f"c{number}", f"password number {number}")
    with pytest.raises(Conflict):
        await changes.begin("CP-1", "c4", "one too many")
    assert await verdicts(database, "password number 2") == [True]
    assert await verdicts(database, OLD, "password number 1", "password number 2") == [False, False, True]
    assert await changes.waiting("CP-1") == ["c3"]
    assert await verdicts(database, "password number 3") == [True]


async def test_what_an_operator_sets_is_right_alone(database: Database) -> None:
    registry, changes = await stocked(database)
    await changes.begin("CP-1", "c1", NEW)
    await registry.set_secret("CP-1", "set by hand")
    assert await verdicts(database, OLD, NEW, "set by hand") == [False, False, True]


@pytest.mark.parametrize(
    ("outcome", "both"),
    [
        *((refused, False) for refused in ("Rejected", "Failed", "NotConnected", "Expired", "Superseded")),
        *((unsure, True) for unsure in ("Accepted", "TimedOut", "")),
    ],
)
async def test_the_ledger_settles_what_nobody_waited_for(database: Database, outcome: str, both: bool) -> None:
    _, changes = await stocked(database)
    await changes.begin("CP-1", "c1", NEW)
    row = {"id": "c1", "charge_point": "CP-1", "action": "x", "state": "ended", "outcome": outcome, "updated": 1}
    async with database.write() as connection:
        await connection.execute(insert(commands), [row])
    assert await changes.settle() == ([] if both else ["CP-1"])
    assert await verdicts(database, OLD) == [True]
    assert await verdicts(database, NEW) == [both]


async def test_a_secret_that_cannot_be_is_refused(database: Database) -> None:
    _, changes = await stocked(database)
    for secret in ("", "x" * 257):
        with pytest.raises(InvalidInput):
            await changes.begin("CP-1", "c1", secret)
