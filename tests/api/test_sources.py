"""The façade over the real stores: SQLite, Valkey and chDB behind its gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import insert

from api.app import create_app
from api.memory import facade as memory
from api.ports.facade import CommandFilter, FacadePorts, SessionFilter
from api.sources.calls import check_call
from api.sources.clickhouse import ClickHouseReader
from api.sources.curves import ClickHouseCurves
from api.sources.ledger import SqlLedger
from api.sources.live import FeedEvents
from api.sources.registry import SqlRegistry
from engine.access.scope import EVERYWHERE as ALL
from engine.charging.snapshots import encode_part
from engine.charging.state import CORE, ChargePointState
from engine.clock import SECOND
from engine.errors import InvalidInput, NotFound, StoreUnavailable
from engine.ids import partition_of
from engine.journal.memory import MemoryJournal
from engine.journal.port import Write
from engine.projections.live_feed import CHANNEL
from engine.settings import Settings
from engine.stores.analytics.client import ClickHouse
from engine.stores.analytics.migrations import migrate
from engine.stores.changes import PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.live_state import LiveStates
from engine.stores.pubsub import MemoryPubSub
from engine.stores.registry import Registry
from engine.stores.sql.engine import Database, connect
from engine.stores.sql.migrations import upgrade_database
from engine.stores.sql.models import command_consequences, commands, sessions
from tests.actors.chdb_gateway.process import GatewayProcess
from tests.api.conftest import KEY, assert_problem, session_row

START = 1_767_225_600 * SECOND


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = connect(f"sqlite+aiosqlite:///{tmp_path}/books.sqlite3")
    await upgrade_database(made)
    yield made
    await made.aclose()


@pytest.fixture
async def ports(database: Database, tmp_path: Path) -> FacadePorts:
    feed = PubSubChangeFeed(MemoryPubSub())
    made = memory.ports(KEY, database)
    await made.business.people.accounts.create_first_admin("correct horse", "admin@example.org")
    registry = SqlRegistry(Registry(database, feed, InstallationKey.load(tmp_path)))
    return replace(made, registry=registry, ledger=SqlLedger(database), check_call=check_call)


@pytest.fixture
async def client(ports: FacadePorts) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(ports, Settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://facade") as made:
        login = await made.post("/api/v1/login", json={"email": "admin@example.org", "password": "correct horse"})
        made.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        yield made


async def test_registering_over_rest_is_in_sql_and_case_makes_no_difference(client: httpx.AsyncClient) -> None:
    body = {"id": "CP-1", "name": "Front", "password": "0123456789abcdef"}
    made = await client.post("/api/v1/charge-points", json=body)
    assert (made.status_code, made.json()["secured"]) == (201, True)
    assert_problem(await client.post("/api/v1/charge-points", json={"id": "cp-1", "security_profile": 0}), 409)
    assert (await client.get("/api/v1/charge-points/cp-1")).json()["id"] == "CP-1"
    changed = await client.patch("/api/v1/charge-points/CP-1", json={"name": "Back", "password": None})
    assert (changed.json()["name"], changed.json()["secured"]) == ("Back", False)
    await client.post("/api/v1/charge-points", json={"id": "CP-2", "isolation": "dedicated", "security_profile": 0})
    first = (await client.get("/api/v1/charge-points", params={"limit": 1})).json()
    rest = (await client.get("/api/v1/charge-points", params={"cursor": first["next"]})).json()
    assert [row["id"] for row in first["items"] + rest["items"]] == ["CP-1", "CP-2"]
    assert (await client.delete("/api/v1/charge-points/CP-2")).status_code == 204
    assert_problem(await client.delete("/api/v1/charge-points/CP-2"), 409)
    assert_problem(await client.get("/api/v1/charge-points/CP-3"), 404)


async def test_tokens_over_rest_are_in_sql(client: httpx.AsyncClient) -> None:
    for name in ("Bb", "aa"):
        assert (await client.post("/api/v1/tokens", json={"id_token": name, "label": "Van"})).status_code == 201
    assert_problem(await client.post("/api/v1/tokens", json={"id_token": "AA"}), 409)
    changed = (await client.patch("/api/v1/tokens/AA", json={"status": "Blocked", "group": "G"})).json()
    told = {"id_token": "aa", "label": "Van", "status": "Blocked", "expires_at": None, "group": "G"}
    assert changed | told == changed
    first = (await client.get("/api/v1/tokens", params={"limit": 1})).json()
    rest = (await client.get("/api/v1/tokens", params={"cursor": first["next"]})).json()
    assert [row["id_token"] for row in first["items"] + rest["items"]] == ["aa", "Bb"]


async def test_a_payload_that_a_1_6_station_cannot_take_is_refused(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/charge-points", json={"id": "CP-1", "security_profile": 0})
    url = "/api/v1/charge-points/CP-1/commands"
    body = assert_problem(await client.post(url, json={"action": "Reset", "payload": {"type": "Sot"}}), 422)
    assert body["field"] == "payload.type"
    assert "Soft" in body["remedy"]
    assert_problem(await client.post(url, json={"action": "BootNotification"}), 422, field="action")
    assert (await client.post(url, json={"action": "Reset", "payload": {"type": "Soft"}})).status_code == 200
    with pytest.raises(InvalidInput):
        check_call("", "Reset", {})


def _session(number: int, started: int | None, **changes: Any) -> dict[str, Any]:
    row = {"id": f"s{number}", "charge_point": "CP-1", "state": "stopped", "started": started, "updated": START}
    return row | {"meter_start_wh": None, "energy_wh": None, "doubts": []} | changes


async def test_sessions_come_newest_first_and_those_without_a_start_last(database: Database) -> None:
    rows = [
        _session(1, START, energy_wh=Decimal("8000.500"), meter_start_wh=Decimal("1E+3"), doubts=["late"]),
        _session(2, START),
        _session(3, None),
        _session(4, START + 5, charge_point="CP-2", state="metered"),
        _session(5, None),
    ]
    async with database.write() as connection:
        await connection.execute(insert(sessions), rows)
    ledger = SqlLedger(database)
    for limit in (1, 2, 3, 10):
        seen, after = [], None
        while len(seen) < 9 and (page := await ledger.sessions(SessionFilter(), scope=ALL, after=after, limit=limit)):
            seen += [row.id for row in page]
            after = page[-1].ordering, page[-1].id
        assert seen == ["s4", "s2", "s1", "s5", "s3"]
    for limit in (1, 2, 10):
        seen, after, oldest = [], None, SessionFilter(ascending=True)
        while len(seen) < 9 and (page := await ledger.sessions(oldest, scope=ALL, after=after, limit=limit)):
            seen += [row.id for row in page]
            after = page[-1].ordering, page[-1].id
        assert seen == ["s1", "s2", "s4", "s3", "s5"]

    async def ids(**wanted: Any) -> list[str]:
        return [row.id for row in await ledger.sessions(SessionFilter(**wanted), scope=ALL, after=None, limit=10)]

    assert await ids(charge_point="CP-2") == await ids(state="metered") == await ids(since=START + 1) == ["s4"]
    assert await ids(until=START + 1) == ["s2", "s1"]
    assert await ids(trouble=True) == ["s1"]
    assert await ids(running=False) == await ids(driver="u") == []
    assert await ids(network="north") == []
    assert len(await ids(running=True)) == 5
    assert await ids(id_token="TAG") == await ids(station="elsewhere") == []
    one = await ledger.session("s1", ALL)
    assert (one.energy_wh, one.meter_start_wh, one.doubts) == ("8000.500", "1000", ("late",))
    with pytest.raises(NotFound):
        await ledger.session("none", ALL)


async def test_a_command_tells_what_it_led_to(database: Database) -> None:
    row = {"id": "c", "charge_point": "CP-1", "action": "Reset", "state": "ended", "requested": 1, "updated": 1}
    led_to = {"command": "c", "charge_point": "CP-1", "updated": 9}
    async with database.write() as connection:
        await connection.execute(insert(commands), [row])
        for kind, subject, began, status in (("job", "firmware", 7, "Installed"), ("boot", "", 5, "Accepted")):
            values = led_to | {"kind": kind, "subject": subject, "began": began, "status": status}
            await connection.execute(insert(command_consequences), [values])
    ledger = SqlLedger(database)
    told = await ledger.command("c", ALL)
    assert [(each.kind, each.subject, each.status) for each in told.followed_by] == [
        ("boot", "", "Accepted"),
        ("job", "firmware", "Installed"),
    ]
    assert await ledger.commands("CP-1", CommandFilter(), after=None, limit=5) == [told]


async def test_commands_come_newest_first_even_if_their_request_is_not_known(database: Database) -> None:
    common = {"charge_point": "CP-1", "action": "Reset", "state": "ended", "payload": {"type": "Soft"}}
    rows = [
        common | {"id": "a", "requested": START, "updated": START + 9, "answer": None},
        common | {"id": "b", "requested": None, "updated": START + 5, "answer": {"status": "Accepted"}},
        common | {"id": "c", "requested": START, "updated": START, "answer": None},
    ]
    async with database.write() as connection:
        await connection.execute(insert(commands), rows)
    ledger = SqlLedger(database)
    seen, after = [], None
    while len(seen) < 9 and (page := await ledger.commands("CP-1", CommandFilter(), after=after, limit=2)):
        seen += [row.id for row in page]
        after = page[-1].requested, page[-1].id
    assert seen == ["b", "c", "a"]

    async def ids(**wanted: Any) -> list[str]:
        found = await ledger.commands("CP-1", CommandFilter(**wanted), after=None, limit=9)
        return [row.id for row in found]

    assert await ids(ascending=True) == ["a", "c", "b"]
    assert await ids(since=START + 1) == ["b"]
    assert await ids(until=START + 1, action="Reset", state="ended") == ["c", "a"]
    assert await ids(outcome="Accepted") == await ids(requested_by="nobody") == []
    assert (await ledger.command("b", ALL)).answer == {"status": "Accepted"}
    with pytest.raises(NotFound):
        await ledger.command("none", ALL)


async def test_live_states_are_read_from_snapshots() -> None:
    journal = MemoryJournal()
    state = ChargePointState("CP-1", link="connected", subprotocol="ocpp1.6")
    claim = await journal.claim("CP-1", "host", "incarnation")
    write = Write("CP-1", claim.epoch, parts={CORE: encode_part(state, CORE)})
    await journal.commit("incarnation", {partition_of("CP-1", journal.partitions): (1, [write])})
    views = LiveStates(journal)
    assert (await views.states(["CP-1", "CP-2"])).keys() == {"CP-1"}
    view = await views.state("CP-1")
    assert view is not None
    assert view["link"] == "connected"
    assert await views.state("CP-2") is None


async def test_the_feed_tells_what_is_missing_and_skips_what_it_cannot_read() -> None:
    bus = MemoryPubSub()
    source = FeedEvents(bus)
    events = source.events()
    change = {"type": "status", "charge_point": "CP-1", "at": START, "data": {"status": "Charging"}}
    numbered = [orjson.dumps({"id": f"a-{number}"} | change) for number in (1, 2, 4)]
    other = orjson.dumps({"id": "b-1"} | change | {"type": "gap", "charge_point": ""})
    assert (await anext(events)).kind == "gap", "from now on nothing is missed"
    await bus.publish(CHANNEL, [b"nonsense", b"[]", b'{"type":"x"}', b"\n".join(numbered), other])
    told = [await anext(events) for _ in range(5)]
    assert [(each.id, each.kind) for each in told] == [
        ("a-1", "status"),
        ("a-2", "status"),
        ("", "gap"),
        ("a-4", "status"),
        ("b-1", "gap"),
    ], "what is missing is told, and a gap that says so itself not once more"
    assert (told[0].charge_point, told[0].at, told[0].said) == ("CP-1", START, {"status": "Charging"})


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    process = GatewayProcess(tmp_path_factory.mktemp("chdb")).start()
    yield process
    assert process.end() == 0


async def test_the_meter_curve_comes_from_clickhouse_exact_and_downsampled(gateway: GatewayProcess) -> None:
    store = ClickHouse(gateway.url)
    await migrate(store, message_log_days=90)
    rows = [
        ["CP-1", "s0001", START + at * SECOND, "Energy.Active.Import.Register", str(Decimal("1200.1") + at), "Wh"]
        for at in range(0, 120, 10)
    ]
    rows += [["CP-1", "s0001", START, "Voltage", None, "V"], ["CP-1", "other", START, "Voltage", "230", "V"]]
    columns = (
        "charge_point, session, believed, received, measurand, phase, location, value, base_unit, "
        "partition_no, entry, idx"
    )
    for index, (station, session, at, measurand, value, unit) in enumerate(rows):
        decimal = "NULL" if value is None else f"toDecimal128('{value}', 9)"
        moment = f"fromUnixTimestamp64Micro({at}, 'UTC')"
        values = f"'{station}', '{session}', {moment}, {moment}, '{measurand}', '', 'Outlet', {decimal}, '{unit}'"
        await store.execute(f"INSERT INTO meter_values ({columns}) VALUES ({values}, 0, {index}, 0)")
    await store.aclose()
    reader = ClickHouseReader(gateway.url)
    curves = ClickHouseCurves(reader)
    session = session_row(1, started=START)
    every = await curves.meter_curve(session, measurand=None, step_s=None, limit=100)
    assert [point.value for point in every[:2]] == ["1200.1", "1210.1"]
    assert (len(every), every[0].at, every[0].unit, every[0].measurand) == (12, START, "Wh", rows[0][3])
    coarse = await curves.meter_curve(session, measurand="Energy.Active.Import.Register", step_s=60, limit=100)
    assert [(point.at, point.value, point.samples) for point in coarse] == [
        (START + 50 * SECOND, "1250.1", 6),
        (START + 110 * SECOND, "1310.1", 6),
    ]
    assert len(await curves.meter_curve(session, measurand=None, step_s=None, limit=5)) == 5
    assert await curves.meter_curve(session, measurand="Voltage", step_s=None, limit=5) == []
    # A start that our clock takes for later than the arrival hides nothing.
    late = session_row(1, started=START + 10 * 24 * 3600 * SECOND)
    assert len(await curves.meter_curve(late, measurand=None, step_s=None, limit=100)) == 12
    await reader.aclose()


async def test_a_clickhouse_that_is_away_is_unavailable() -> None:
    reader = ClickHouseReader("http://127.0.0.1:1/default")
    with pytest.raises(StoreUnavailable):
        await ClickHouseCurves(reader).meter_curve(session_row(1), measurand=None, step_s=None, limit=5)
    await reader.aclose()
