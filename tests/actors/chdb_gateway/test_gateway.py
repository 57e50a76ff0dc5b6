from __future__ import annotations

import asyncio
import gzip
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import lz4.frame
import orjson
import pytest
import zstandard
from clickhouse_connect import get_async_client, get_client
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.actors.chdb_gateway.process import PASSWORD, GatewayProcess

SLOW = "SELECT sum(sleepEachRow(0.5)) FROM numbers({})"
ONE_ROW = {"max_block_size": "1"}
"""A block of one row at a time: chDB sleeps at most 3 s in one block."""
WRITER = ("writer", PASSWORD)


@pytest.fixture
def url(gateway: GatewayProcess, writer: Client) -> str:
    return f"http://127.0.0.1:{gateway.port}/"


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while not await holds():  # noqa: ASYNC110 - the condition is in another process
            await asyncio.sleep(0.05)


async def running(client: httpx.AsyncClient, url: str, text: str) -> int:
    sql = f"SELECT count() FROM system.processes WHERE query LIKE '%{text}%' AND query NOT LIKE '%processes%'"
    return int((await client.post(url, content=sql, auth=WRITER)).text)


def test_clickhouse_connect_writes_and_reads(writer: Client) -> None:
    writer.command("CREATE TABLE kinds (a Int64, s String, n Nullable(Decimal(38, 9))) ENGINE = MergeTree ORDER BY a")
    rows = [[1, "a;\n\nDROP TABLE kinds", None], [2, "ü\x00", "1.5"]]
    summary = writer.insert("kinds", rows, column_names=["a", "s", "n"])
    assert summary.written_rows == 2
    assert writer.raw_insert("kinds", ["a", "s"], b"3\tx\n", fmt="TabSeparated").written_rows == 1
    found = writer.query("SELECT a, s, toString(n) FROM kinds WHERE a < {top:Int64} ORDER BY a", {"top": 3}).result_rows
    assert found == [(1, rows[0][1], None), (2, "ü\x00", "1.5")]
    assert writer.command("SELECT count() FROM kinds") == 3
    assert len(writer.query("SELECT number FROM numbers(200000)").result_rows) == 200_000
    with pytest.raises(DatabaseError, match="UNKNOWN_IDENTIFIER"):
        writer.query("SELECT nothing FROM kinds")


async def test_the_async_client_too(gateway: GatewayProcess, writer: Client) -> None:
    async with await get_async_client(host="127.0.0.1", port=gateway.port, compress="zstd") as client:
        assert (await client.query("SELECT number FROM numbers(1000)")).row_count == 1000


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "lz4"])
async def test_every_compression_goes_both_ways(url: str, encoding: str) -> None:
    from actors.chdb_gateway.request import compress

    body, name = compress(b"SELECT repeat('x', 5000)", encoding)
    assert name == encoding
    async with httpx.AsyncClient() as client:
        headers = {"Content-Encoding": encoding, "Accept-Encoding": encoding}
        request = client.build_request(
            "POST", url, params={"enable_http_compression": 1}, content=body, headers=headers
        )
        answer = await client.send(request, stream=True)
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        await answer.aclose()
    assert answer.headers["Content-Encoding"] == encoding
    undo = {
        "gzip": gzip.decompress,
        "lz4": lz4.frame.decompress,
        "zstd": zstandard.ZstdDecompressor().decompressobj().decompress,
    }
    if encoding in undo:
        assert undo[encoding](raw) == b"x" * 5000 + b"\n"


async def test_requests_are_read_as_clickhouse_reads_them(url: str) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(url + "ping")).text == "Ok.\n"
        assert (await client.get(url)).text == "Ok.\n"
        assert (await client.get(url + "elsewhere")).status_code == 404
        both = await client.post(url, params={"query": "SELECT 1 +"}, content="2")
        assert both.text == "3\n"
        assert both.headers["X-ClickHouse-Format"] == "TabSeparated"
        assert orjson.loads(both.headers["X-ClickHouse-Summary"])["result_bytes"] == "2"
        named = {"query": "SELECT {x:UInt8} AS x", "param_x": "7", "default_format": "JSONCompact", "query_id": "mine"}
        found = await client.get(url, params=named)
        assert (orjson.loads(found.content)["data"], found.headers["X-ClickHouse-Query-Id"]) == ([[7]], "mine")
        assert found.headers["Content-Type"].startswith("application/json")
        asked = {"query": "SELECT currentDatabase(), getSetting('max_block_size')"}
        found = await client.get(url, params={**asked, "database": "system", "max_block_size": "99"})
        assert found.text == "system\t99\n"
        bad = await client.get(url, params={"query": "SELECT nothing"})
        assert (bad.status_code, bad.headers["X-ClickHouse-Exception-Code"]) == (404, "47")
        assert bad.text.startswith("Code: 47. DB::Exception: ")


async def test_who_is_not_known_is_refused(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for auth in (("writer", ""), ("writer", "wrong"), ("default", "x"), ("nobody", "")):
            answer = await client.post(url, content="SELECT 1", auth=auth)
            assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
        for extra in ({"user": "writer", "password": PASSWORD}, {"user": "raycharge_reader"}):
            assert (await client.post(url, content="SELECT 1", params=extra)).text == "1\n"
        headers = {"X-ClickHouse-User": "writer", "X-ClickHouse-Key": PASSWORD}
        assert (await client.post(url, content="SELECT 1", headers=headers)).text == "1\n"
        get = await client.get(url, params={"query": "DROP TABLE plain"}, auth=WRITER)
        assert get.headers["X-ClickHouse-Exception-Code"] == "164"


@pytest.mark.parametrize(
    "name", ["max_memory_usage", "readonly_", "format_schema", "allow_ddl", "no such", "max_result_bytes_"]
)
async def test_a_reader_lifts_no_limit(url: str, name: str) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(url, params={"query": "SELECT 1", name: "0"})).status_code in (404, 500)
        lifted = {"query": "SELECT getSetting('max_execution_time')", "max_execution_time": "0"}
        assert float((await client.get(url, params=lifted)).text) == 120
        lifted["max_execution_time"] = "5"
        assert float((await client.get(url, params=lifted)).text) == 5


async def test_what_a_reader_asks_for_is_worked_on_behind_what_the_chargers_send(
    gateway: GatewayProcess, url: str
) -> None:
    sums = "SELECT count() FROM numbers_mt(100000000000) WHERE sipHash64(number) % 7 = 0"

    def nices() -> Counter[str]:
        stats = Path(f"/proc/{gateway.pid}/task").glob("*/stat")
        return Counter(stat.read_text().rpartition(")")[2].split()[16] for stat in stats)

    async with httpx.AsyncClient(timeout=60) as client:
        before = nices()
        assert before["10"] == 0
        for who, settled in ({}, ("10", "1")), ({"user": "writer", "password": PASSWORD}, ("0", "2")):
            asked = "SELECT getSetting('os_threads_nice_value_query'), getSetting('readonly')"
            assert (await client.post(url, content=asked, params=who)).text.split() == list(settled)
            counting = asyncio.create_task(client.post(url, content=sums, params=who))
            await until(lambda: _some(running(client, url, "sipHash64(number)")))
            if not who:
                await until(lambda: _some(asyncio.to_thread(lambda: nices()["10"])))
            else:
                assert nices()["10"] == 0
            counting.cancel()
            await until(lambda: _none(running(client, url, "sipHash64(number)")))
        await until(lambda: _none(asyncio.to_thread(lambda: nices()["10"])))


async def test_an_insert_does_not_wait_behind_a_reader(url: str) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        slow = asyncio.create_task(client.post(url, content=SLOW.format(10), params=ONE_ROW))
        await until(lambda: _some(running(client, url, "sleepEachRow(0.5)) FROM numbers(10)")))
        begun = time.perf_counter()
        answer = await client.post(url, content="INSERT INTO plain VALUES (100, 'quick')", auth=WRITER)
        took = time.perf_counter() - begun
        assert answer.status_code == 200
        assert not slow.done()
        assert took < 1.5
        assert (await client.post(url, content="SELECT count() FROM plain WHERE a = 100")).text == "1\n"
        slow.cancel()


async def _some(count: Awaitable[int]) -> bool:
    return await count > 0


async def _none(count: Awaitable[int]) -> bool:
    return await count == 0


async def test_too_many_readers_are_told_so_and_who_leaves_is_not_run(url: str) -> None:
    async with httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=50)) as client:
        busy = [
            asyncio.create_task(client.post(url, content=SLOW.format(20 + i), params=ONE_ROW, auth=WRITER))
            for i in range(2)
        ]
        await asyncio.sleep(0.5)
        waiting = [asyncio.create_task(client.post(url, content=SLOW.format(40 + i), params=ONE_ROW)) for i in range(2)]
        await asyncio.sleep(0.5)
        refused = await client.post(url, content="SELECT 1")
        assert (refused.status_code, refused.headers["X-ClickHouse-Exception-Code"]) == (503, "202")
        for task in (*waiting, *busy):
            task.cancel()
        await asyncio.gather(*waiting, *busy, return_exceptions=True)
        await until(lambda: _answers(client, url))
        await until(lambda: _none(running(client, url, "sleepEachRow")))


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    return (await client.post(url, content="SELECT 1")).status_code == 200


async def test_a_write_whose_client_left_while_it_waited_is_not_run(url: str) -> None:
    async with httpx.AsyncClient(timeout=30, auth=WRITER) as client:
        await client.post(url, content="CREATE TABLE queued (a Int64) ENGINE = MergeTree ORDER BY a")
        first = "INSERT INTO queued SELECT 1 + sleepEachRow(0.3) FROM numbers(6)"
        running_insert = asyncio.create_task(client.post(url, content=first))
        await until(lambda: _some(running(client, url, "INSERT INTO queued")))
        left = asyncio.create_task(client.post(url, content="INSERT INTO queued VALUES (2)"))
        await asyncio.sleep(0.3)
        left.cancel()
        await running_insert
        await client.post(url, content="INSERT INTO queued VALUES (3)")
        assert (await client.post(url, content="SELECT a FROM queued WHERE a > 1")).text == "3\n"


async def test_an_answer_that_is_too_large_is_refused_not_sent(url: str) -> None:
    sql = "SELECT repeat('x', 1000000) FROM numbers(400)"
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(url, content=sql, params={"max_block_size": "10"})
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "396")


def test_a_second_gateway_on_the_folder_or_port_is_refused(
    gateway: GatewayProcess, writer: Client, tmp_path: Path
) -> None:
    def start(folder: Path, port: int) -> subprocess.CompletedProcess[str]:
        command = [*gateway.command()[:3], str(folder), "--port", str(port)]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    second = start(gateway.folder, 0)
    assert second.returncode == 2
    assert f"in use by process [{gateway.pid}]" in second.stderr
    other = start(tmp_path, gateway.port)
    assert other.returncode == 2
    assert "RAYCHARGE_CLICKHOUSE_PORT" in other.stderr


async def test_stopping_finishes_a_running_insert_and_a_restart_finds_it(tmp_path: Path) -> None:
    process = GatewayProcess(tmp_path / "chdb").start()
    url = f"http://127.0.0.1:{process.port}/"
    async with httpx.AsyncClient(timeout=30, auth=WRITER) as client:
        await client.post(url, content="CREATE TABLE slow (a Int64) ENGINE = MergeTree ORDER BY a")
        sql = "INSERT INTO slow SELECT number + sleepEachRow(0.2) FROM numbers(10)"
        insert = asyncio.create_task(client.post(url, content=sql))
        reader = asyncio.create_task(client.post(url, content=SLOW.format(60), params=ONE_ROW))
        await until(lambda: _some(running(client, url, "INSERT INTO slow")))
        code = await asyncio.to_thread(process.end, signal.SIGTERM)
        assert code == 0
        await asyncio.gather(insert, reader, return_exceptions=True)
    process.start()
    client_again = get_client(host="127.0.0.1", port=process.port)
    assert client_again.command("SELECT count() FROM slow") == 10
    client_again.close()
    assert process.end() == 0
