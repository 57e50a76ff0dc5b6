from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_connect import get_client
from clickhouse_connect.driver.client import Client

from tests.actors.chdb_gateway.process import PASSWORD, GatewayProcess


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    process = GatewayProcess(tmp_path_factory.mktemp("chdb"), "--readers", "2", "--queue", "2").start()
    yield process
    assert process.end() == 0


@pytest.fixture(scope="module")
def writer(gateway: GatewayProcess) -> Iterator[Client]:
    client = get_client(host="127.0.0.1", port=gateway.port, username="writer", password=PASSWORD)
    client.command("CREATE TABLE plain (a Int64, s String) ENGINE = MergeTree ORDER BY a")
    yield client
    client.close()


@pytest.fixture(scope="module")
def reader(gateway: GatewayProcess, writer: Client) -> Iterator[Client]:
    client = get_client(host="127.0.0.1", port=gateway.port)
    yield client
    client.close()
