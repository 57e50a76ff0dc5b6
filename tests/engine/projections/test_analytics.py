from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

import orjson
import pytest

from engine.clock import ManualClock
from engine.errors import StoreUnavailable
from engine.journal.port import Entry
from engine.journal.records import MESSAGES, METERS, STATUS
from engine.projections.analytics import AnalyticsProjection
from engine.projections.dead_letters import DeadLetter
from engine.stores.analytics.client import ClickHouse
from tests.actors.chdb_gateway.process import GatewayProcess
from tests.engine.projections.analytics_entries import entry, message, meter, status

TABLES = ("meter_values", "ocpp_messages", "connector_status", "sessions")


class Buried:
    """Dead letters in a list."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    async def add(self, letters: Sequence[DeadLetter]) -> None:
        self.letters += letters


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    process = GatewayProcess(tmp_path_factory.mktemp("chdb")).start()
    yield process
    process.end()


@pytest.fixture
async def store(gateway: GatewayProcess) -> AsyncIterator[ClickHouse]:
    client = ClickHouse(gateway.url)
    for table in await client.rows("SHOW TABLES"):
        await client.execute(f"DROP TABLE {table[0]}")
    yield client
    await client.aclose()


def projection(gateway: GatewayProcess, buried: Buried | None = None) -> AnalyticsProjection:
    return AnalyticsProjection(ClickHouse(gateway.url), buried or Buried(), ManualClock())


async def counts(store: ClickHouse) -> dict[str, tuple[int, int]]:
    """For each table: its rows, and how many different ones these are."""
    found = {}
    for table in TABLES:
        rows = await store.rows(f"SELECT count(), uniqExact(partition_no, entry, idx) FROM {table}")
        found[table] = (rows[0][0], rows[0][1])
    return found


def exactly(entries: int, meters: int = 3) -> dict[str, tuple[int, int]]:
    sizes = (entries * meters * 2, entries * meters, entries, entries)
    return {table: (size, size) for table, size in zip(TABLES, sizes, strict=True)}


async def test_rows_arrive_with_what_was_said_and_what_is_believed(gateway: GatewayProcess, store: ClickHouse) -> None:
    sink = projection(gateway)
    assert await sink.open(2) == {0: 0, 1: 0}
    await sink.apply([entry(0, 1), entry(1, 1), entry(0, 2)])
    assert await counts(store) == exactly(3)
    rows = await store.rows(
        "SELECT * EXCEPT (partition_no, entry, idx) FROM meter_values WHERE entry = 2 AND idx = 65536"
    )
    believed = received = "2026-11-18 11:06:40.000000"
    assert rows[0][:8] == ["CP-0-2", 1, 1, "session-1", "42", "2026-11-22T20:00:00Z", believed, received]
    assert rows[0][8:14] == ["Energy.Active.Import.Register", "", "Outlet", "Sample.Periodic", "Raw", "Wh"]
    assert rows[0][14:] == ["2.1 ", 2.1, "Wh"]
    rows = await store.rows("SELECT energy_wh, started, stopped, doubts FROM sessions LIMIT 1")
    assert rows == [[1000.5, None, "2026-11-18 11:06:40.000000", ["clock"]]]
    rows = await store.rows("SELECT believed, said, status FROM connector_status LIMIT 1")
    assert rows == [["1970-01-01 00:00:00.000000", None, "Charging"]]
    rows = await store.rows("SELECT raw, answer, deviations, connection FROM ocpp_messages LIMIT 1")
    assert rows == [['[2,"1","Heartbeat",{}]', '[3,"1",{}]', ["no-zone"], 7]]
    await sink.aclose()


async def test_a_new_start_goes_on_where_the_last_one_ended(gateway: GatewayProcess, store: ClickHouse) -> None:
    first = projection(gateway)
    await first.open(2)
    await first.apply([entry(0, 1), entry(1, 1)])
    await first.apply([entry(0, 2)])
    await first.aclose()
    second = projection(gateway)
    assert await second.open(2) == {0: 2, 1: 1}
    await second.apply([entry(1, 2)])
    await second.aclose()
    assert await counts(store) == exactly(4)


@pytest.mark.parametrize("lost", [("meter_values", "idx = 65537"), ("meter_values", "1"), ("sessions", "1")])
async def test_after_a_crash_only_what_is_missing_is_inserted(
    gateway: GatewayProcess, store: ClickHouse, lost: tuple[str, str]
) -> None:
    crashed = projection(gateway)
    await crashed.open(2)
    await crashed.apply([entry(0, 1)])
    batch = [entry(0, 2), entry(0, 3), entry(1, 1)]
    await crashed.apply(batch)
    await store.execute(f"DELETE FROM {lost[0]} WHERE entry = 3 AND {lost[1]}")
    after = projection(gateway)
    assert await after.open(2) == {0: 1, 1: 0}
    await after.apply([batch[0]])
    again = projection(gateway)
    assert await again.open(2) == {0: 1, 1: 0}, "half of an uncertain range is still uncertain"
    await again.apply([*batch, entry(0, 4)])
    assert await counts(store) == exactly(5)
    for sink in (crashed, after, again):
        await sink.aclose()


async def test_a_consumer_that_was_replaced_cannot_write(gateway: GatewayProcess, store: ClickHouse) -> None:
    old = projection(gateway)
    await old.open(1)
    await old.apply([entry(0, 1)])
    late = b"[0,2,0,%d,%b]\n" % (old._version, orjson.dumps([message("CP")]))
    new = projection(gateway)
    await new.open(1)
    with pytest.raises(StoreUnavailable, match="superseded"):
        await store.insert("ocpp_messages_landing", late, query_id="late")
    with pytest.raises(StoreUnavailable, match="superseded"):
        await old.apply([entry(0, 2)])
    await new.apply([entry(0, 1), entry(0, 2)])
    assert await counts(store) == exactly(2)
    await old.aclose()
    await new.aclose()


async def test_a_row_that_the_store_refuses_is_buried_and_the_rest_arrives(
    gateway: GatewayProcess, store: ClickHouse
) -> None:
    buried = Buried()
    sink = projection(gateway, buried)
    await sink.open(1)
    good = entry(0, 1, meters=50)
    bad_meter = orjson.dumps([*orjson.loads(good.channels[METERS])[:20], {"no": "row"}, meter("LAST", "1", "2")])
    bad_status = orjson.dumps([status("A"), "nonsense", status("B")])
    bad = replace(good, number=2, channels={METERS: bad_meter, STATUS: bad_status, MESSAGES: b"[[broken"})
    await sink.apply([good, bad, entry(0, 3)])
    assert await counts(store) == {
        "meter_values": (100 + 42 + 6, 100 + 42 + 6),
        "ocpp_messages": (53, 53),
        "connector_status": (1 + 2 + 1, 4),
        "sessions": (2, 2),
    }
    letters = {(letter.entry, letter.channel, letter.index, letter.row) for letter in buried.letters}
    assert letters == {(2, METERS, 20, '{"no":"row"}'), (2, STATUS, 1, '"nonsense"'), (2, MESSAGES, -1, "[[broken")}
    assert await store.rows("SELECT idx FROM meter_values WHERE charge_point = 'LAST' ORDER BY idx") == [
        [21 * 65536],
        [21 * 65536 + 1],
    ]
    await sink.aclose()


async def test_strange_content_is_kept_as_it_is(gateway: GatewayProcess, store: ClickHouse) -> None:
    sink = projection(gateway)
    await sink.open(1)
    meters = [meter("A", "9" * 60, believed=0), meter("A", None, "1e3", "-0.000000001", believed=-(10**15))]
    raw = 'NUL \x00, a new\n\nline, "quotes", emoji 🔌, 漢'
    channels = {
        METERS: orjson.dumps(meters),
        MESSAGES: orjson.dumps([message("A", raw)]).replace(b"emoji", b"\\ud800\xff"),
    }
    await sink.apply([Entry(0, 1, 1, channels)])
    rows = await store.rows("SELECT toString(value), raw, toYear(believed) FROM meter_values ORDER BY idx")
    assert rows[0][:2] == [None, "9" * 60 + " "]
    assert [row[0] for row in rows[1:]] == [None, "1000", "-0.000000001"]
    kept = await store.rows("SELECT hex(raw) FROM ocpp_messages")
    assert bytes.fromhex(kept[0][0]).startswith(b'NUL \x00, a new\n\nline, "quotes", ')
    assert await store.rows("SELECT DISTINCT partition FROM system.parts WHERE table = 'meter_values' AND active") == [
        ["202611"]
    ]
    await sink.aclose()
