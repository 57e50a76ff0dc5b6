"""The inbox: what is written of chargers that nobody has registered, and that nobody can fill it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.access.scope import EVERYWHERE, NOWHERE, Scope
from engine.clock import ManualClock
from engine.errors import NotFound
from engine.stores.installation_key import InstallationKey
from engine.stores.listing import Wanted
from engine.stores.places import inbox as module
from engine.stores.places.arrivals import MAX_HEARD, Arrivals
from engine.stores.places.book import PlaceBook
from engine.stores.places.inbox import Arrival, Inbox, Knocked
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sql.engine import Database
from tests.engine.stores.doors import Noted

ONE = Knocked("CP-1", "203.0.113.9", "ocpp1.6", "password", 3, 10, 20)


def inbox_of(database: Database) -> tuple[Inbox, Registry]:
    registry = Registry(database, Noted(), InstallationKey(bytes(32)))
    return Inbox(database, registry, ManualClock(), "default"), registry


async def shown(inbox: Inbox, scope: Scope = EVERYWHERE) -> list[Arrival]:
    return (await inbox.page(scope=scope)).items


async def test_knocks_add_up_and_the_latest_tells_where_it_is(database: Database) -> None:
    inbox, registry = inbox_of(database)
    await registry.create(NewChargePoint("known"))
    await inbox.write_down([ONE, replace(ONE, charge_point="KNOWN"), replace(ONE, charge_point="CP-2")])
    await inbox.write_down([replace(ONE, charge_point="cp-1", address="198.51.100.1", last_seen=15, first_seen=5)])
    first, second = sorted(await shown(inbox), key=lambda row: row.charge_point.lower())
    assert (first.charge_point, first.address, first.knocks, first.first_seen, first.last_seen) == (
        "cp-1",
        "198.51.100.1",
        6,
        10,
        20,
    )
    assert second.charge_point == "CP-2"
    await registry.create(NewChargePoint("CP-1"))
    assert [row.charge_point for row in await shown(inbox)] == ["CP-2"], "registered by hand, it waits no more"
    assert await shown(inbox, Scope(frozenset({"default"})))
    for scope in (NOWHERE, Scope(frozenset({"acme"}))):
        assert await shown(inbox, scope) == []
        with pytest.raises(NotFound):
            await inbox.get(second.id, scope=scope)


async def test_who_knocks_under_many_names_pushes_out_their_own(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 6)
    monkeypatch.setattr(module, "MAX_OF_ONE_ADDRESS", 4)
    inbox, _ = inbox_of(database)
    await inbox.write_down([ONE])
    for start in range(0, 30, 10):
        crowd = [replace(ONE, charge_point=f"X-{start + n}", address="192.0.2.1", last_seen=100 + n) for n in range(10)]
        await inbox.write_down(crowd)
    assert len(await shown(inbox)) == 5
    assert "CP-1" in {row.charge_point for row in await shown(inbox)}
    for n in range(5):
        await inbox.write_down([replace(ONE, charge_point=f"Y-{n}", address=f"192.0.2.{n + 2}", last_seen=200 + n)])
    assert len(await shown(inbox)) == 6
    assert "CP-1" not in {row.charge_point for row in await shown(inbox)}, "not heard of for longest"


async def test_a_host_remembers_so_many_between_two_writes_and_counts_the_rest_later(database: Database) -> None:
    inbox, registry = inbox_of(database)
    arrivals = Arrivals(inbox, registry, PlaceBook(database), ManualClock())
    for _ in range(2):
        for number in range(MAX_HEARD + 50):
            arrivals.knocked(
                f"CP-{number}", f"192.0.2.{number}", ("ocpp2.0.1", "ocpp1.6"), secret=True, certificate=False
            )
    await arrivals.write_down()
    found = (await inbox.page(Wanted("charge_point", limit=1000), scope=EVERYWHERE)).items
    assert len(found) == MAX_HEARD
    assert {(row.knocks, row.credentials, row.subprotocols) for row in found} == {(2, "password", "ocpp2.0.1 ocpp1.6")}
