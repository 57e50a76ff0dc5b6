"""Charge points: registered, found, changed, retired."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select

from engine.errors import Conflict, InvalidInput, NotFound
from engine.stores.changes import ALL, CHARGE_POINT, CREDENTIAL, Change
from engine.stores.installation_key import InstallationKey
from engine.stores.listing import Wanted
from engine.stores.registry import NewChargePoint, Registry, Which
from engine.stores.sql.engine import Database
from engine.stores.sql.models import charge_points, credential_proofs
from tests.engine.stores.doors import Noted

KEY = InstallationKey(bytes(range(32)))


def registry_of(database: Database) -> tuple[Registry, Noted]:
    feed = Noted()
    return Registry(database, feed, KEY), feed


async def test_a_charge_point_is_found_by_its_id_in_any_case(database: Database) -> None:
    registry, feed = registry_of(database)
    made = await registry.create(NewChargePoint("Berlin-01", name="Hof", isolation="dedicated"))
    assert await registry.get("BERLIN-01") == made
    assert (made.id, made.name, made.isolation, made.security_profile, made.enabled) == (
        "Berlin-01",
        "Hof",
        "dedicated",
        0,
        True,
    )
    assert feed.changes == [Change(CHARGE_POINT, "Berlin-01")]


async def test_an_id_is_taken_in_every_case(database: Database) -> None:
    registry, _ = registry_of(database)
    await registry.create(NewChargePoint("a"))
    with pytest.raises(Conflict):
        await registry.create(NewChargePoint("A"))
    with pytest.raises(Conflict):
        await registry.create_many([NewChargePoint("b"), NewChargePoint("c", station_id="nowhere")])
    assert await registry.all_ids() == ["a"]


@pytest.mark.parametrize("new", [NewChargePoint(""), NewChargePoint("a/b"), NewChargePoint("a", isolation="alone")])
async def test_what_cannot_be_a_charge_point_is_refused(database: Database, new: NewChargePoint) -> None:
    with pytest.raises(InvalidInput):
        await registry_of(database)[0].create(new)


async def test_ten_thousand_are_registered_by_few_statements(database: Database) -> None:
    registry, feed = registry_of(database)
    statements: list[str] = []

    def noted(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", noted)
    try:
        await registry.create_many([NewChargePoint(f"CP-{n:05d}") for n in range(10_000)], "one secret for all of them")
    finally:
        event.remove(Engine, "before_cursor_execute", noted)
    assert 0 < len(statements) < 200
    assert feed.changes == [Change(CHARGE_POINT, ALL)]
    async with database.read() as connection:
        for table in (charge_points, credential_proofs):
            assert (await connection.execute(select(func.count()).select_from(table))).scalar_one() == 10_000


async def test_pages_show_everything_once_in_order(database: Database) -> None:
    registry, _ = registry_of(database)
    await registry.create_many([NewChargePoint(f"CP-{n:02d}", name="50% off_1" if n == 7 else "") for n in range(25)])
    seen, cursor = [], None
    while True:
        page = await registry.page(wanted=Wanted(cursor=cursor, limit=10))
        seen += [item.id for item in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [f"CP-{n:02d}" for n in range(25)]
    assert [item.id for item in (await registry.page(Which("0% OFF_"))).items] == ["CP-07"]
    assert (await registry.page(Which("%"))).items == (await registry.page(Which("off"))).items
    turned = await registry.page(wanted=Wanted("-id", limit=2))
    assert [item.id for item in turned.items] == ["CP-24", "CP-23"]
    for wrong in ({"limit": 0}, {"limit": 1001}, {"cursor": "nonsense"}, {"cursor": "WzFd"}, {"sort": "vendor"}):
        with pytest.raises(InvalidInput):
            await registry.page(wanted=Wanted(**wrong))  # type: ignore[arg-type]


async def test_changes_are_kept_and_announced(database: Database) -> None:
    registry, feed = registry_of(database)
    await registry.create(NewChargePoint("a"))
    after = await registry.update("A", name="new", isolation="dedicated", enabled=False)
    assert (after.name, after.isolation, after.enabled) == ("new", "dedicated", False)
    assert feed.changes[1:] == [Change(CHARGE_POINT, "a")]
    with pytest.raises(Conflict):
        await registry.update("a", station_id="nowhere")
    with pytest.raises(InvalidInput):
        await registry.update("a", isolation="alone")
    with pytest.raises(NotFound):
        await registry.update("b", name="x")


async def test_a_new_secret_raises_its_version_and_is_announced(database: Database) -> None:
    registry, feed = registry_of(database)
    await registry.create(NewChargePoint("a"), "first secret")
    after = await registry.set_secret("a", "second secret")
    assert (after.security_profile, after.secret_version) == (1, 2)
    assert (await registry.set_secret("a", None)).security_profile == 0
    assert feed.changes[1:] == [Change(CREDENTIAL, "a")] * 2


async def test_a_retired_one_keeps_its_id_and_is_listed_on_request_only(database: Database) -> None:
    registry, _ = registry_of(database)
    await registry.create_many([NewChargePoint("a"), NewChargePoint("b")])
    assert (await registry.retire("a")).enabled is False
    assert [item.id for item in (await registry.page()).items] == ["b"]
    assert [item.id for item in (await registry.page(Which(retired=True))).items] == ["a", "b"]
    assert await registry.all_ids() == ["b"]
    for attempt in (registry.retire("a"), registry.update("a", enabled=True), registry.create(NewChargePoint("a"))):
        with pytest.raises(Conflict):
            await attempt


async def test_a_certificate_names_one_charge_point_only(database: Database) -> None:
    registry, _ = registry_of(database)
    await registry.create(NewChargePoint("a", certificate_name="SN-1", security_profile=3))
    for taken in (NewChargePoint("b", certificate_name="SN-1"), NewChargePoint("sn-1"), NewChargePoint("SN-1")):
        with pytest.raises(Conflict):
            await registry.create(taken)
    await registry.create(NewChargePoint("SN-2", certificate_name="SN-2"))
    with pytest.raises(Conflict):
        await registry.update("a", certificate_name="SN-2")
    many = [NewChargePoint(f"CP-{number:04d}") for number in range(1200)]
    with pytest.raises(Conflict):
        await registry.create_many([*many, NewChargePoint("sn-1")])
    assert (await registry.update("a", certificate_name="")).certificate_name is None
    await registry.create_many([*many, NewChargePoint("sn-1")])


async def test_a_profile_needs_what_it_asks_for_and_only_an_operator_lowers_it(database: Database) -> None:
    registry, _ = registry_of(database)
    for profile in (1, 2):
        with pytest.raises(InvalidInput):
            await registry.create(NewChargePoint("x", security_profile=profile))
    for profile in (-1, 4):
        with pytest.raises(InvalidInput):
            await registry.create(NewChargePoint("x", security_profile=profile), "a password of it")
    await registry.create(NewChargePoint("open"))
    with pytest.raises(InvalidInput):
        await registry.update("open", security_profile=2)
    await registry.create(NewChargePoint("b"), "a password of it")
    for profile in (3, 2, 1, 0, 1):
        assert (await registry.update("b", security_profile=profile)).security_profile == profile
    await registry.update("b", security_profile=3)
    assert (await registry.set_secret("b", None)).security_profile == 3
