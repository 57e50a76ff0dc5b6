from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from engine.errors import ConfigurationError, StoreUnavailable
from engine.stores.analytics.client import ClickHouse, Refused
from engine.stores.analytics.migrations import migrate, migrations
from tests.actors.chdb_gateway.process import GatewayProcess


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    process = GatewayProcess(tmp_path_factory.mktemp("chdb")).start()
    yield process
    process.end()


@pytest.fixture
async def store(gateway: GatewayProcess) -> AsyncIterator[ClickHouse]:
    client = ClickHouse(gateway.url)
    yield client
    await client.aclose()


async def test_all_migrations_run_once_in_order(store: ClickHouse) -> None:
    numbers = [migration.version for migration in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert await migrate(store, message_log_days=90) == numbers
    assert await migrate(store, message_log_days=90) == []
    await store.execute("TRUNCATE TABLE schema_migrations")
    assert await migrate(store, message_log_days=90) == numbers, "a kill before the record was written"


async def test_the_message_log_follows_its_setting(store: ClickHouse) -> None:
    await migrate(store, message_log_days=90)
    await migrate(store, message_log_days=7)
    found = await store.rows("SELECT create_table_query FROM system.tables WHERE name = 'ocpp_messages'")
    assert "toDateTime(received) + toIntervalDay(7)" in found[0][0]


async def test_a_store_of_a_newer_release_is_refused(store: ClickHouse) -> None:
    await migrate(store, message_log_days=90)
    await store.execute("INSERT INTO schema_migrations (version, name) SELECT 9999, 'later'")
    with pytest.raises(ConfigurationError, match="9999"):
        await migrate(store, message_log_days=90)
    await store.execute("TRUNCATE TABLE schema_migrations")


async def test_errors_say_who_is_to_blame(store: ClickHouse) -> None:
    await store.execute("CREATE TABLE IF NOT EXISTS one (a Int8) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(Refused):
        await store.insert("one", b'["x"]\n', query_id="1")
    with pytest.raises(StoreUnavailable, match="UNKNOWN_TABLE"):
        await store.insert("nothing", b"[1]\n", query_id="2")
    absent = ClickHouse("http://127.0.0.1:9/default")
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await absent.rows("SELECT 1")
    await absent.aclose()
    with pytest.raises(ConfigurationError):
        ClickHouse("clickhouse://host/db")


async def test_messages_of_the_first_release_stay_without_a_latency(store: ClickHouse) -> None:
    for table in ("schema_migrations", "ocpp_messages", "ocpp_messages_landing", "ocpp_messages_landed"):
        await store.execute(f"DROP TABLE IF EXISTS {table}")
    known = migrations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.stores.analytics.migrations.migrations", lambda: known[:2])
        assert await migrate(store, message_log_days=90) == [1, 2]
    columns = "charge_point, connection, received, direction, type, action, message_id, raw, partition_no, entry, idx"
    await store.execute(
        f"INSERT INTO ocpp_messages ({columns}) "
        "SELECT 'CP-1', 1, now64(6), 'in', 2, 'Heartbeat', 'm-1', '[2,\"m-1\",\"Heartbeat\",{}]', 0, 1, 0"
    )
    assert await migrate(store, message_log_days=90) == [migration.version for migration in known[2:]]
    found = await store.rows("SELECT message_id, latency_us, error FROM ocpp_messages")
    assert [tuple(row) for row in found] == [("m-1", None, "")]
