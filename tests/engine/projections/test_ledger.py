"""The ledger: what ends up in SQL, once, whatever the batches."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, select, text

from engine.access.acting import Actor, acting_as
from engine.access.scope import Scope
from engine.charging.events import CommandAsked, Event
from engine.charging.kept.notice_events import CertificateAsked, JobChanged
from engine.errors import StaleEpoch
from engine.journal.port import Entry
from engine.projections.dead_letters import DeadLetters
from engine.projections.ledger import Ledger
from engine.stores.audit import AuditFilter, AuditLog, keep_line, line_for
from engine.stores.changes import PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.listing import Wanted
from engine.stores.pubsub import MemoryPubSub
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sessions import LedgerReader
from engine.stores.signing_requests import SigningRequests
from engine.stores.sql.engine import Database, connect
from engine.stores.sql.migrations import upgrade
from engine.stores.sql.models import command_consequences, commands, connectors, dead_letters, positions, sessions
from tests.engine.projections.events import T0, booted, changed, command, entry, started, status, stopped

FOLLOWING = (sessions, commands, command_consequences, connectors, positions, dead_letters)


async def ledger_with(database: Database, *batches: Sequence[Entry]) -> Ledger:
    ledger = Ledger(database)
    await ledger.open(2)
    for batch in batches:
        await ledger.apply(batch)
    return ledger


async def rows_of(database: Database, *tables: Table) -> dict[str, list[Any]]:
    async with database.read() as connection:
        return {
            table.name: [
                tuple(row)
                for row in await connection.execute(select(table).order_by(*table.primary_key.columns.values()))
            ]
            for table in tables
        }


async def test_a_whole_session_becomes_one_row(database: Database) -> None:
    await ledger_with(database, [entry(1, [started("s")]), entry(2, [changed("s")])], [entry(3, [stopped("s")])])
    row = await LedgerReader(database).session("s")
    assert (row.state, row.started, row.stopped, row.duration_s) == ("stopped", T0, T0 + 3_600_000_000, 3600)
    assert (row.meter_start_wh, row.meter_stop_wh, row.energy_wh) == (1000, Decimal("8000.25"), Decimal("7000.25"))
    assert (row.transaction_id, row.authorisation, row.reason, row.doubts) == ("t-s", "Accepted", "Local", ["late"])


async def test_a_running_session_shows_its_energy(database: Database) -> None:
    await ledger_with(database, [entry(1, [started("s")])], [entry(2, [changed("s")])])
    row = await LedgerReader(database).session("s")
    assert (row.state, row.energy_wh, row.stopped) == ("metered", Decimal("250.5"), None)


async def test_a_stop_of_a_session_that_nobody_started_is_a_complete_row(database: Database) -> None:
    orphan = stopped("s", started=None, meter_start_wh=None, energy_wh=None, duration_s=None)
    await ledger_with(database, [entry(1, [orphan])])
    row = await LedgerReader(database).session("s")
    assert (row.state, row.charge_point, row.meter_stop_wh, row.energy_wh) == (
        "stopped",
        "CP-1",
        Decimal("8000.25"),
        None,
    )


@pytest.mark.parametrize("together", [True, False])
async def test_what_comes_after_the_stop_does_not_reopen_the_session(database: Database, together: bool) -> None:
    late = [entry(1, [stopped("s", started=None)]), entry(2, [started("s")])]
    late += [entry(3, [changed("s", state="finalised", energy_wh="9")])]
    await ledger_with(database, *([late] if together else [[one] for one in late]))
    row = await LedgerReader(database).session("s")
    assert (row.state, row.started, row.energy_wh) == ("finalised", T0, Decimal("7000.25"))


async def test_a_command_keeps_the_time_of_each_step(database: Database) -> None:
    steps = [command("c", "requested"), command("c", "sent"), command("c", "ended")]
    await ledger_with(database, [entry(1, steps[:2])], [entry(2, steps[2:])])
    row = await LedgerReader(database).command("c")
    assert (row.requested, row.sent, row.ended, row.outcome) == (T0 + 1, T0 + 2, T0 + 3, "Accepted")
    assert (row.payload, row.answer) == ({"type": "Soft"}, {"status": "Accepted"})


async def test_who_asked_for_a_command_is_one_line_of_the_audit_log_however_often_it_is_told(
    database: Database,
) -> None:
    acting = Actor("user", "u-1", "ops@example.org", "192.0.2.7", "corr-1")
    with acting_as(acting):
        after = {"charge_point": "CP-1", "note": "a\0b", "limit": Decimal("16.5")}
        line = line_for(T0, "reset", "command", "c", network="north", after=after)
        lost = line_for(T0, "reset", "command", "d", after={})
    # The façade wrote the second one as well: it had lost sight of the host.
    await keep_line(database, lost)
    told = [CommandAsked("CP-1", "c", T0, line), CommandAsked("CP-1", "d", T0, lost)]
    await ledger_with(database, [entry(1, told)], [entry(2, told[:1])])
    await rebuilt(database, [entry(1, told)])
    await keep_line(database, line)
    assert (await rows_of(database, dead_letters))["dead_letters"] == [], "a line was to be changed"
    page = await AuditLog(database).page(AuditFilter(), Scope(None), Wanted())
    who = ("user", "u-1", "ops@example.org", "192.0.2.7", "corr-1")
    assert {
        row.subject: (row.actor_kind, row.actor, row.actor_label, row.address, row.correlation) for row in page.items
    } == {
        "c": who,
        "d": who,
    }
    assert [row.network for row in page.items if row.subject == "c"] == ["north"]
    assert len(page.items) == 2
    (row,) = [row for row in page.items if row.subject == "c"]
    assert (row.at, row.before, row.after) == (T0, None, {"charge_point": "CP-1", "note": "a\ufffdb", "limit": "16.5"})


async def test_what_a_command_led_to_is_kept_with_its_latest_word(database: Database) -> None:
    first = [started("s", command="start"), booted(command="reset"), job("running", "Downloading", T0 + 1)]
    later = [started("other"), booted(), job("done", "Installed", T0 + 9)]
    await ledger_with(database, [entry(1, first)], [entry(2, later)])
    (rows,) = (await rows_of(database, command_consequences)).values()
    assert [(*row[:3], *row[4:8]) for row in rows] == [
        ("firmware", "job", "firmware", T0 + 1, "Installed", "done", ""),
        ("reset", "boot", "", T0, "Accepted", "", "a reason"),
        ("start", "session", "s", T0 + 1, "", "", ""),
    ]


async def test_a_request_for_a_certificate_is_the_authoritys_and_a_repeat_does_not_begin_it_anew(
    database: Database,
) -> None:
    asked = CertificateAsked("CP-1", T0, "a csr", "V2GCertificate", 7)
    other = CertificateAsked("CP-2", T0, "another", "ChargingStationCertificate", None)
    await ledger_with(database, [entry(1, [asked, other])])
    requests = SigningRequests(database)
    first, second = await requests.unfinished()
    assert (first.charge_point, first.csr, first.use, first.request, first.state) == (
        "CP-1",
        "a csr",
        "V2GCertificate",
        7,
        "asked",
    )
    await requests.signed(first, "a1", "c1")
    await requests.ended(second, "refused", "not ours")
    # A rebuild reads it once more.
    await rebuilt(database, [entry(1, [asked, other])])
    (again,) = await requests.unfinished()
    assert (again.state, again.serial_number, again.command) == ("signed", "a1", "c1")
    latest = await requests.latest(limit=1)
    assert [row.charge_point for row in latest] == ["CP-2"]
    before = latest[0].received, latest[0].charge_point
    assert [row.charge_point for row in await requests.latest(before=before)] == ["CP-1"]
    assert [row.detail for row in await requests.latest(charge_point="CP-2")] == ["not ours"]


async def rebuilt(database: Database, entries: list[Entry]) -> None:
    async with database.write() as connection:
        await connection.execute(delete(positions))
    await ledger_with(database, entries)


def job(state: str, said: str, at: int) -> Event:
    return JobChanged("CP-1", at, "firmware", 5, "firmware", said, state, "")


async def test_boots_and_states_show_on_the_charge_point(database: Database) -> None:
    registry = Registry(database, PubSubChangeFeed(MemoryPubSub()), InstallationKey(bytes(32)))
    await registry.create(NewChargePoint("CP-1"))
    said = [booted(firmware="1"), booted(firmware="2"), booted("stranger"), status("Charging"), status("Faulted")]
    await ledger_with(database, [entry(1, said)])
    known = await registry.get("cp-1")
    assert (known.vendor, known.firmware, known.boot_status, known.booted) == ("a vendor", "2", "Accepted", T0)
    assert [row.status for row in await LedgerReader(database).connectors("CP-1")] == ["Faulted"]


async def test_a_second_ledger_is_stopped_by_its_first_batch(database: Database) -> None:
    old = await ledger_with(database)
    new = await ledger_with(database, [entry(1, [started("a")])])
    with pytest.raises(StaleEpoch):
        await old.apply([entry(1, [started("a")]), entry(2, [started("b")])])
    await new.apply([entry(2, [started("b")])])
    found = await rows_of(database, sessions, positions)
    assert [row[0] for row in found["sessions"]] == ["a", "b"]
    assert found["positions"] == [("ledger", 0, 2), ("ledger", 1, 0)]


async def test_unusable_records_become_dead_letters_and_the_rest_goes_on(database: Database) -> None:
    good = entry(1, [started("good")]).channels["e"][1:-1]
    broken = [
        b'{"kind":"session.started","version":1}',
        b'{"kind":"session.stopped","version":1,"session":7}',
        b"17",
        b'"text"',
        entry(1, [started("huge", received=2**63)]).channels["e"][1:-1],
        entry(1, [started("no number", meter_start_wh="NaN")]).channels["e"][1:-1],
        entry(1, [started("endless", meter_start_wh="1e999999")]).channels["e"][1:-1],
    ]
    whole = b"[" + b",".join([*broken, good]) + b"]"
    ledger = await ledger_with(
        database, [entry(1, [], e=whole), entry(2, [], e=b"{]\x00"), entry(3, [started("next")])]
    )
    found = await rows_of(database, sessions, positions)
    assert [row[0] for row in found["sessions"]] == ["good", "next"]
    assert found["positions"][0] == ("ledger", 0, 3)
    letters = await DeadLetters(database).newest()
    assert sorted((letter.entry, letter.index) for letter in letters) == [(1, n) for n in range(7)] + [(2, -1)]
    assert all(letter.row and letter.error for letter in letters)
    assert (await DeadLetters(database).counts(), ledger.dead) == ({"ledger": 8}, 8)


async def test_a_row_that_sql_itself_refuses_takes_no_other_with_it(database: Database) -> None:
    await refuse_in_sql(database, "s7")
    said = [started(f"s{n}") for n in range(20)]
    ledger = await ledger_with(database, [entry(1, said[:10]), entry(2, said[10:])])
    found = await rows_of(database, sessions)
    assert {row[0] for row in found["sessions"]} == {f"s{n}" for n in range(20)} - {"s7"}
    (letter,) = await DeadLetters(database).newest()
    assert (letter.entry, letter.index, ledger.dead) == (1, 7, 1)
    assert '"session":"s7"' in letter.row


async def test_a_nul_in_a_text_stops_nothing(database: Database) -> None:
    """SQLite takes it; PostgreSQL does not, and it is a dead letter there."""
    await ledger_with(database, [entry(1, [started("a"), started("b", id_token="x\x00y"), started("c")])])
    found = {row[0] for row in (await rows_of(database, sessions))["sessions"]}
    letters = await DeadLetters(database).newest()
    assert found == ({"a", "b", "c"} if database.dialect == "sqlite" else {"a", "c"})
    assert len(letters) == (0 if database.dialect == "sqlite" else 1)


async def refuse_in_sql(database: Database, session: str) -> None:
    """Let the database refuse one session by a constraint that the ledger knows nothing of."""
    async with database.write() as connection:
        if database.dialect == "postgresql":
            await connection.execute(text(f"ALTER TABLE sessions ADD CONSTRAINT no CHECK (id <> '{session}')"))
            return
        trigger = f"CREATE TRIGGER no BEFORE INSERT ON sessions WHEN NEW.id = '{session}'"
        await connection.execute(text(f"{trigger} BEGIN SELECT RAISE(ABORT, 'refused'); END"))


NAMES = st.sampled_from(["a", "b", "c"])
TIMES = st.integers(T0, T0 + 10**9)
ENERGY = st.sampled_from(["0", "1.5", "2000"])
STATES = st.sampled_from(["metered", "suspended", "finalised"])
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(lambda s, t, c: started(s, received=t, believed=t, command=c), NAMES, TIMES, st.sampled_from("xy")),
    st.builds(lambda state, t: job(state, state, t), st.sampled_from(["running", "done"]), TIMES),
    st.builds(lambda s, t, e, state: changed(s, received=t, energy_wh=e, state=state), NAMES, TIMES, ENERGY, STATES),
    st.builds(
        lambda s, t, e, known: stopped(
            s, received=t, energy_wh=e, **({} if known else {"started": None, "transaction": ""})
        ),
        NAMES,
        TIMES,
        st.one_of(st.none(), ENERGY),
        st.booleans(),
    ),
    st.builds(lambda c, state: command(c, state), NAMES, st.sampled_from(["requested", "sent", "ended"])),
    st.builds(lambda state, t: status(state, received=t), st.sampled_from(["Available", "Charging"]), TIMES),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Entry], list[int], set[int]]:
    """Entries of one partition, where the batches are cut, and before which batches the ledger is started anew."""
    commits = draw(st.lists(st.lists(EVENTS, max_size=5), min_size=1, max_size=12))
    cuts = draw(st.lists(st.integers(1, len(commits)), max_size=8, unique=True))
    restarts = draw(st.sets(st.integers(0, 8)))
    return [entry(number, said) for number, said in enumerate(commits, 1)], sorted(cuts), restarts


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(history=histories())
async def test_batches_and_restarts_make_no_difference(
    history: tuple[list[Entry], list[int], set[int]], template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    entries, cuts, restarts = history
    at_once = copy_of(template, tmp_path_factory.mktemp("once"))
    await ledger_with(at_once, entries)
    in_pieces = copy_of(template, tmp_path_factory.mktemp("pieces"))
    ledger = await ledger_with(in_pieces)
    for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, len(entries)], strict=True)):
        if number in restarts:
            ledger = await ledger_with(in_pieces)
        if batch := entries[begin:end]:
            await ledger.apply(batch)
    assert await rows_of(in_pieces, *FOLLOWING) == await rows_of(at_once, *FOLLOWING)
    await at_once.aclose()
    await in_pieces.aclose()


def copy_of(template: Path, folder: Path) -> Database:
    shutil.copy(template, folder / "books.sqlite3")
    return connect(f"sqlite+aiosqlite:///{folder}/books.sqlite3")


@pytest_asyncio.fixture(scope="session")
async def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema, to be copied: migrating anew would take most of the property's time."""
    path = tmp_path_factory.mktemp("template") / "books.sqlite3"
    await upgrade(f"sqlite+aiosqlite:///{path}")
    return path
