"""Which network something belongs to, in both databases: what a scope lets through and what it does not."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update

from engine.access.scope import EVERYWHERE, NOWHERE, Scope
from engine.errors import InvalidInput, NotFound
from engine.stores.sql.engine import Database
from engine.stores.sql.models import charge_points, commands, networks, sessions, stations
from engine.stores.whereabouts import Whereabouts, said_within, session_within

NORTH, SOUTH = Scope(frozenset({"north"})), Scope(frozenset({"south"}))


async def two(database: Database) -> Whereabouts:
    """CP-n in the north, CP-s in the south; each, and one that is registered nowhere, has a session and a command."""
    async with database.write() as connection:
        for network in ("north", "south"):
            await connection.execute(insert(networks), {"id": network, "name": network, "created": 1})
            station = {"id": f"at-{network}", "network_id": network, "name": "Mall", "created": 1}
            await connection.execute(insert(stations), station)
            name = f"CP-{network[0]}"
            row = {"id": name, "folded": name.lower(), "station_id": f"at-{network}", "created": 1, "updated": 1}
            await connection.execute(insert(charge_points), row)
        for name, network in (("CP-n", "north"), ("CP-s", ""), ("CP-?", "")):
            session = {"id": f"s-{name}", "charge_point": name, "state": "stopped", "updated": 1, "network": network}
            await connection.execute(insert(sessions), session)
            command = {"id": f"c-{name}", "charge_point": name, "action": "Reset", "state": "ended", "updated": 1}
            await connection.execute(insert(commands), command)
    return Whereabouts(database)


async def seen(database: Database, scope: Scope) -> tuple[list[str], list[str]]:
    """The sessions and the commands within the scope, by charge point."""
    of_sessions = select(sessions.c.charge_point).where(session_within(scope)).order_by(sessions.c.id)
    of_commands = select(commands.c.charge_point).where(said_within(scope, commands.c.charge_point))
    async with database.read() as connection:
        return (
            list((await connection.execute(of_sessions)).scalars()),
            list((await connection.execute(of_commands.order_by(commands.c.id))).scalars()),
        )


async def test_each_network_sees_its_own_and_only_the_whole_what_is_nobody_s(database: Database) -> None:
    where = await two(database)
    assert [await where.network_of(name) for name in ("cp-N", "CP-s", "CP-?")] == ["north", "south", None]
    assert await seen(database, NORTH) == (["CP-n"], ["CP-n"])
    assert await seen(database, SOUTH) == (["CP-s"], ["CP-s"])
    assert await seen(database, NOWHERE) == ([], [])
    whole = await seen(database, EVERYWHERE)
    assert [sorted(names) for names in whole] == [sorted(["CP-n", "CP-s", "CP-?"])] * 2
    for scope, name in ((NORTH, "CP-s"), (NORTH, "CP-?"), (NOWHERE, "CP-n")):
        with pytest.raises(NotFound):
            await where.need(scope, name)
    await where.need(NORTH, "cp-n")
    await where.need(EVERYWHERE, "CP-?")


async def test_a_session_stays_its_network_s_when_the_charge_point_moves(database: Database) -> None:
    await two(database)
    async with database.write() as connection:
        moved = update(charge_points).where(charge_points.c.id == "CP-n").values(station_id="at-south")
        await connection.execute(moved)
    assert await seen(database, NORTH) == (["CP-n"], [])
    assert await seen(database, SOUTH) == (["CP-s"], ["CP-n", "CP-s"])


async def test_what_is_new_belongs_to_one_s_own_network_or_to_the_one_that_is_named(database: Database) -> None:
    where = await two(database)
    assert await where.home(NORTH, None) == await where.home(EVERYWHERE, "north") == "north"
    assert await where.home(EVERYWHERE, None) is None
    for scope, network, error in (
        (NORTH, "south", NotFound),
        (EVERYWHERE, "nothing", NotFound),
        (Scope(frozenset({"north", "south"})), None, InvalidInput),
    ):
        with pytest.raises(error):
            await where.home(scope, network)
