"""What the first release has written is read and gone on with by this one: snapshots, journal, archive and SQL.

The files beside this module were written by that release's own code (commit 97748af) and are never made anew:

    parts.json   the snapshot of a station with a running session, a command under way and one that waits
    archive/     the journal's entries of the same story, in version 1
    books.sql    its SQLite database, with the first half of those entries in it
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text

from engine.charging.events import CommandOutcome, SessionStopped
from engine.charging.kept.view import configuration_view
from engine.charging.messages import Booted, CallAnswered, Connected
from engine.charging.snapshots import restore_charge_point
from engine.charging.view import charge_point_view
from engine.journal.port import Entry
from engine.journal.records import MESSAGES, VERSION
from engine.journal.segments import read_segment, segments
from engine.journal.upcast import PRESENT
from engine.projections.ledger import Ledger
from engine.stores.sql.engine import connect
from engine.stores.sql.migrations import upgrade
from engine.stores.sql.models import charge_points, commands, credential_proofs, dead_letters, sessions
from tests.engine.charging.world import World, calls, reply

HERE = Path(__file__).parent


@pytest.fixture
def story() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((HERE / "parts.json").read_text())
    return told


@pytest.fixture
def world(story: dict[str, Any]) -> Iterator[World]:
    """A host of this release that has taken the station over."""
    world = World()
    world.now = story["now"]
    world.parts = {name: part.encode() for name, part in story["parts"].items()}
    world.host_dies()
    yield world
    again = restore_charge_point("CP-1", world.parts)
    again.last_seen = world.state.last_seen  # it rides along with the next writing
    assert again == world.state, "what is written anew is in today's form"


def test_a_running_session_goes_on_and_ends(world: World, story: dict[str, Any]) -> None:
    world.pass_time(60)
    world.do(world.meters(story["running"], (0, 2600)))
    world.do(world.stop(story["running"], 2700, "RUNS"))
    (stopped,) = world.told(SessionStopped)
    assert (stopped.session, Decimal(stopped.energy_wh or "0"), stopped.doubts) == ("session-104", 700, ())


def test_a_repeat_of_what_was_answered_before_gets_the_same_answer(world: World, story: dict[str, Any]) -> None:
    closed = world.stop(story["stopped"], 1200)
    assert reply(world.do(closed)).standing is None
    assert [event.kind for event in world.events if event.kind.startswith("session")] == []
    running = json.loads(story["parts"]["tx"])["open"][0]
    start = world.start(2000, token="RUNS")
    start = replace(start, at=start.at._replace(said=story["start_at"], believed=running[8]))
    answer = reply(world.do(start))
    assert (answer.transaction, answer.standing.status) == (story["running"], "Accepted")


def test_the_command_under_way_is_ended_once_and_the_one_that_waits_is_sent(world: World) -> None:
    world.do(Connected(2, "ocpp1.6", "10.0.0.1"))
    assert world.outcomes() == {"restart": [CommandOutcome.TIMED_OUT]}
    assert calls(world.happened) == ["later"]
    world.do(CallAnswered("later", {"status": "Accepted"}, CommandOutcome.ACCEPTED))
    assert world.outcomes()["later"] == [CommandOutcome.ACCEPTED]


def test_a_boot_is_still_tied_to_its_reset(world: World) -> None:
    world.do(Connected(2, "ocpp1.6", "10.0.0.1"))
    world.do(Booted("V", "M", serial="S-1", firmware="1.1", reason=""))
    assert [event.command for event in world.events if event.kind == "boot"] == ["restart"]


def test_the_configuration_that_was_read_is_shown(world: World) -> None:
    shown = {row["key"]: (row["value"], row["readonly"], row["read_at"]) for row in configuration_view(world.parts)}
    assert shown == {"HeartbeatInterval": ("300", False, None), "NumberOfConnectors": ("2", True, None)}
    view = charge_point_view("CP-1", world.parts)
    assert [connector["status"] for connector in view["connectors"]] == ["Available", "Charging", "Available"]


def entries() -> list[Entry]:
    (segment,) = segments(HERE / "archive", 0)
    found = list(read_segment(segment.path, 0))
    assert found
    assert {entry.version for entry in found} == {1}
    return found


def test_every_entry_and_event_is_lifted() -> None:
    for entry in map(PRESENT.lift_entry, entries()):
        assert entry.version == VERSION
        for event in (event for channel in "ecs" for event in orjson.loads(entry.channels.get(channel, b"[]"))):
            assert PRESENT.lift_event(event)["charge_point"] == "CP-1"
        for row in orjson.loads(entry.channels.get(MESSAGES, b"[]")):
            assert (row[6], len(row), row[-1]) == ("m-1", 11, None)


async def test_the_books_are_migrated_and_the_ledger_goes_on_where_it_was(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "books.sqlite3") as books:
        books.executescript((HERE / "books.sql").read_text())
    url = f"sqlite+aiosqlite:///{tmp_path}/books.sqlite3"
    await upgrade(url)
    database = connect(url)
    ledger = Ledger(database)
    position = (await ledger.open(1))[0]
    assert position > 0
    await ledger.apply([PRESENT.lift_entry(entry) for entry in entries() if entry.number > position])
    async with database.read() as connection:
        rows = {row.id: row for row in await connection.execute(select(sessions))}
        assert (rows["session-102"].state, rows["session-102"].energy_wh) == ("stopped", 200)
        assert rows["session-104"].stopped is None
        states = {row.id: (row.state, row.outcome) for row in await connection.execute(select(commands))}
        assert states["read"] == ("ended", "Accepted")
        assert (states["restart"][0], states["later"][0]) == ("sent", "requested")
        known = await connection.execute(select(charge_points.c.id, charge_points.c.security_profile))
        assert {tuple(row) for row in known} == {("CP-1", 1), ("CP-2", 0)}
        assert (await connection.execute(select(credential_proofs.c.proof))).scalar_one() == b"proof"
        assert (await connection.execute(select(dead_letters))).all() == []
        assert (await connection.execute(text("PRAGMA foreign_key_check"))).all() == []
    await database.aclose()
