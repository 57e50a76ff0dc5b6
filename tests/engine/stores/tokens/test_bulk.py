"""Tokens in bulk: all or nothing, each bad line named, the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from engine.access.scope import EVERYWHERE, Scope
from engine.bulk.table import json_line, read_json
from engine.errors import InvalidInput, NotFound
from engine.stores.business import Business, open_business
from engine.stores.changes import ALL, TOKEN, Change
from engine.stores.drivers.driver import Driver
from engine.stores.installation_key import InstallationKey
from engine.stores.sql.engine import Database
from engine.stores.tokens.columns import TABLE, Plan, plan_of, row_of
from engine.stores.tokens.repository import TokenFilter
from engine.stores.tokens.token import Token
from tests.engine.stores.doors import Noted


@pytest.fixture
def business(database: Database) -> Business:
    return open_business(database, Noted(), InstallationKey(b"k" * 32))


def planned(text: str) -> Plan:
    return plan_of(TABLE.read_csv(text.encode()))


async def test_a_file_makes_and_changes_and_again_changes_nothing(business: Business) -> None:
    driver = await business.drivers.add(Driver("", "default", name="Bo"))
    await business.tokens.put(Token("A1", label="old", group_id="FLEET"))
    plan = planned(
        "id_token,label,expires_at,max_sessions,credit_limit,driver,claim_code,kind\r\n"
        f"a1,=1+1,2027-01-01T01:00:00+01:00,2,10.50,{driver.id},,RFID\r\n"
        "B2,,,,,,SECRET-77,app\r\n"
    )
    assert plan.faults == []
    told = await business.token_bulk.check(plan, "default", EVERYWHERE)
    assert (told.rows, told.created, told.changed, told.unchanged, told.faults) == (2, 1, 1, 0, [])
    assert (await business.tokens.get("A1")).label == "old"
    await business.token_bulk.write(plan, "default", EVERYWHERE)
    changed = await business.tokens.get("A1")
    assert (changed.label, changed.group_id, changed.max_sessions) == ("=1+1", "FLEET", 2)
    assert (changed.expires, changed.credit_limit, changed.driver) == (
        1_798_761_600_000_000,
        Decimal("10.50"),
        driver.id,
    )
    assert (await business.claims.claim(driver.id, "b2", "secret-77")).id_token == "B2"
    assert {token.folded for token in (await business.tokens.page(TokenFilter(driver=driver.id))).items} == {"a1", "b2"}
    rows = [row_of(token) for token in (await business.tokens.page()).items]
    for again in (
        plan_of(TABLE.read_csv(TABLE.csv_lines(rows, header=True).encode())),
        plan_of(read_json(b"[" + b",".join(map(json_line, rows)) + b"]")),
    ):
        told = await business.token_bulk.write(again, "default", EVERYWHERE)
        assert (told.created, told.changed, told.unchanged, told.faults) == (0, 0, 2, [])


async def test_with_one_bad_line_nothing_is_imported_and_each_is_named(business: Business) -> None:
    plan = planned(
        "id_token,kind,status,expires_at,max_sessions,credit_limit,driver,claim_code\r\n"
        "good,RFID,Accepted,,,,,\r\n"
        "with blank,RFID,,,,,,\r\n"
        "x1,card,,,,,,\r\n"
        "x2,,Lost,,,,,\r\n"
        "x3,,,2027-01-01,,,,\r\n"
        "x4,,,,-1,,,\r\n"
        "x5,,,,0,,,\r\n"
        "x6,,,,,NaN,,\r\n"
        "x7,,,,,,nobody,\r\n"
        "x8,,,,,,,short\r\n"
        "GOOD,,,,,,,\r\n"
        "x9,roaming,,,,,,\r\n"
    )
    for work in (business.token_bulk.check, business.token_bulk.write):
        told = await work(plan, "default", EVERYWHERE)
        assert [(fault.line, fault.field) for fault in told.faults] == [
            (3, "id_token"),
            (4, "kind"),
            (5, "status"),
            (6, "expires_at"),
            (7, "max_sessions"),
            (8, "max_sessions"),
            (9, "credit_limit"),
            (10, "driver"),
            (11, "claim_code"),
            (12, "id_token"),
            (13, "issuer"),
        ]
        assert all(fault.remedy for fault in told.faults)
    assert (await business.tokens.page()).items == []


async def test_many_are_announced_as_one_and_only_into_networks_of_ones_own(business: Business) -> None:
    plan = plan_of((number, {"id_token": f"T{number}"}) for number in range(1500))
    with pytest.raises(NotFound):
        await business.token_bulk.write(plan, "default", Scope(frozenset({"north"})))
    assert (await business.token_bulk.write(plan, "default", EVERYWHERE)).created == 1500
    assert isinstance(business.feed, Noted)
    assert business.feed.changes == [Change(TOKEN, ALL)]


@pytest.mark.parametrize("read", [lambda: planned("label\r\nx\r\n"), lambda: plan_of(read_json(b"{}"))])
def test_what_is_no_table_of_tokens_is_refused(read: Callable[[], Plan]) -> None:
    with pytest.raises(InvalidInput):
        read()
