"""Exports as jobs: asked for, made page by page, fetched, forgotten; and what a restart does to them."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from sqlalchemy import insert

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import SECOND, ManualClock
from engine.errors import Conflict, NotFound
from engine.long_work import exports, works
from engine.long_work.exporter import Exporter, csv_bytes
from engine.long_work.works import CANCELLED, DONE, FAILED, WAITING, LongWorks
from engine.stores.audit import AuditFilter, AuditLog, note
from engine.stores.files.port import MemoryFiles
from engine.stores.listing import Wanted
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions

NOW = 1_767_225_600 * SECOND


class World:
    def __init__(self, database: Database) -> None:
        self.clock, self.files, self.database = ManualClock(NOW), MemoryFiles(), database
        self.works = LongWorks(database, self.clock)
        self.exporter = Exporter(database, self.works, self.files)

    async def sessions(self, count: int, network: str = "north") -> None:
        rows = [
            {
                "id": f"{network}{number:04d}",
                "charge_point": f"CP-{network}",
                "state": "stopped",
                # Some began at the same moment, one nobody knows when.
                "started": None if number == 3 else NOW + number // 2 * SECOND,
                "network": network,
                "id_token": "=SUM(A1)" if number == 1 else "TAG",
                "updated": NOW,
            }
            for number in range(count)
        ]
        async with self.database.write() as connection:
            await connection.execute(insert(sessions), rows)

    def lines(self, file: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.files.files[file].decode())))


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 4)
    return World(database)


async def test_every_session_of_the_scope_is_in_the_file_once(world: World) -> None:
    await world.sessions(11)
    await world.sessions(5, "south")
    asked = await world.works.ask("sessions_export", "ann", Scope(frozenset({"north"})), {})
    assert (asked.state, asked.total) == (WAITING, None)
    assert await world.exporter.work_once()
    made = await world.works.get(asked.id, "ann")
    assert (made.state, made.done, made.total, made.result) == (DONE, 11, 11, {"rows": 11})
    heading, *rows = world.lines(made.file)
    assert tuple(heading) == exports.SESSION_COLUMNS
    assert [row[0] for row in rows] == ["north0003", *(f"north{n:04d}" for n in range(11) if n != 3)]
    assert rows[2][heading.index("id_token")] == "'=SUM(A1)", "no formula for a spreadsheet"
    assert not await world.exporter.work_once()
    (line,) = (await AuditLog(world.database).page(AuditFilter(subject=asked.id), EVERYWHERE, Wanted())).items
    assert (line.action, line.kind, line.network) == ("asked_for", "sessions_export", "north")


async def test_filters_and_progress_are_those_that_were_asked_for(world: World) -> None:
    await world.sessions(20)
    wish = {"since": NOW + 2 * SECOND, "until": NOW + 4 * SECOND, "state": "stopped"}
    asked = await world.works.ask("sessions_export", "ann", EVERYWHERE, wish)
    seen: list[tuple[int, int | None]] = []
    said = world.works.progress

    async def watched(work: Any, done: int, total: int | None) -> bool:
        seen.append((done, total))
        return await said(work, done, total)

    world.works.progress = watched  # type: ignore[method-assign]
    await world.exporter.work_once()
    made = await world.works.get(asked.id, "ann")
    assert [row[0] for row in world.lines(made.file)[1:]] == ["north0004", "north0005", "north0006", "north0007"]
    assert seen == [(0, 4), (4, 4)]


async def test_the_audit_log_is_exported_with_its_filter(world: World) -> None:
    async with world.database.write() as connection:
        for number in range(6):
            await note(connection, NOW + number, "changed", "tariff" if number % 2 else "token", f"t{number}", after={})
    asked = await world.works.ask("audit_export", "ann", EVERYWHERE, {"kind": "tariff", "since": NOW + 2})
    await world.exporter.work_once()
    made = await world.works.get(asked.id, "ann")
    heading, *rows = world.lines(made.file)
    assert [row[heading.index("subject")] for row in rows] == ["t3", "t5"]
    assert made.total == 2


async def test_receipts_are_exported_though_there_are_none(world: World) -> None:
    asked = await world.works.ask("receipts_export", "ann", EVERYWHERE, {"kind": "receipt"})
    await world.exporter.work_once()
    made = await world.works.get(asked.id, "ann")
    assert (made.state, made.done, len(world.lines(made.file))) == (DONE, 0, 1)


async def test_a_worker_that_died_leaves_its_export_to_the_next(world: World) -> None:
    await world.sessions(3)
    asked = await world.works.ask("sessions_export", "ann", EVERYWHERE, {})
    dead = await world.works.hold()
    assert dead is not None
    assert await world.works.progress(dead, 2, 3)
    assert not await world.exporter.work_once(), "it is still held"
    world.clock.advance(61)
    assert await world.exporter.work_once()
    made = await world.works.get(asked.id, "ann")
    assert (made.state, made.done, made.attempts) == (DONE, 3, 2)
    assert not await world.works.progress(dead, 3, 3), "who comes back late has it no more"
    assert len(world.files.files) == 1


async def test_what_kills_its_worker_each_time_is_given_up(world: World) -> None:
    asked = await world.works.ask("sessions_export", "ann", EVERYWHERE, {})
    for _ in range(works.ATTEMPTS):
        assert await world.works.hold() is not None
        world.clock.advance(61)
    assert await world.exporter.work_once()
    assert (await world.works.get(asked.id, "ann")).state == FAILED


async def test_who_asked_can_give_it_up_and_nothing_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.sessions(9)
    asked = await world.works.ask("sessions_export", "ann", EVERYWHERE, {})
    said = world.works.progress

    async def cancelled_after_a_page(work: Any, done: int, total: int | None) -> bool:
        if done == 4:
            await world.works.cancel(work.id, "ann")
        return await said(work, done, total)

    monkeypatch.setattr(world.works, "progress", cancelled_after_a_page)
    await world.exporter.work_once()
    assert (await world.works.get(asked.id, "ann")).state == CANCELLED
    assert world.files.files == {}
    with pytest.raises(Conflict):
        await world.works.cancel(asked.id, "ann")


async def test_nobody_sees_another_ones_work(world: World) -> None:
    asked = await world.works.ask("sessions_export", "ann", EVERYWHERE, {})
    with pytest.raises(NotFound):
        await world.works.get(asked.id, "bob")
    with pytest.raises(NotFound):
        await world.works.cancel(asked.id, "bob")
    assert (await world.works.page("bob", Wanted())).items == []
    assert [work.id for work in (await world.works.page("ann", Wanted(), state=WAITING)).items] == [asked.id]


async def test_a_wish_that_is_of_no_use_fails_with_its_reason(world: World) -> None:
    asked = await world.works.ask("sessions_export", "ann", EVERYWHERE, {"colour": "green"})
    await world.exporter.work_once()
    failed = await world.works.get(asked.id, "ann")
    assert failed.state == FAILED
    assert "colour" in failed.error


async def test_files_are_forgotten_after_a_day_and_broken_imports_say_so(world: World) -> None:
    await world.sessions(1)
    export = await world.works.ask("sessions_export", "ann", EVERYWHERE, {})
    await world.exporter.work_once()
    left = await world.works.begin("places_import", "ann", EVERYWHERE, 10, {})
    await world.exporter.sweep()
    assert (await world.works.get(left.id, "ann")).state == works.RUNNING
    world.clock.advance(601)
    await world.exporter.sweep()
    told = await world.works.get(left.id, "ann")
    assert (told.state, told.error) == (FAILED, works.BROKEN_OFF)
    assert len(world.files.files) == 1
    world.clock.advance(86_400)
    await world.exporter.sweep()
    assert world.files.files == {}
    with pytest.raises(NotFound):
        await world.works.get(export.id, "ann")


async def test_nobody_has_any_number_of_exports_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(works, "AT_ONCE", 2)
    for _ in range(2):
        await world.works.ask("sessions_export", "ann", EVERYWHERE, {})
    with pytest.raises(Conflict):
        await world.works.ask("sessions_export", "ann", EVERYWHERE, {})
    await world.works.ask("sessions_export", "bob", EVERYWHERE, {})


def test_amounts_below_zero_stay_numbers_and_formulas_do_not() -> None:
    assert csv_bytes([["-1.50", "-A1", "=1", "a,b", "@x"]]) == b"-1.50,'-A1,'=1,\"a,b\",'@x\r\n"
