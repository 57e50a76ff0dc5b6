"""The embedded Valkey as a user meets it: data survive every way of dying, and two are never at work on one folder."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from actors.embedded import valkey
from actors.embedded.locks import FolderLock
from actors.embedded.processes import command_of, identify, is_running, read_record
from actors.embedded.valkey import RunningValkey, start_valkey
from engine.errors import ConfigurationError
from engine.settings import Settings
from tests.actors.embedded.conftest import spawn

STARTER = """
import asyncio, sys
from collections.abc import Callable
from pathlib import Path
from actors.embedded.valkey import start_valkey
from engine.settings import Settings

async def main():
    running = await start_valkey(Settings(data_dir=Path(sys.argv[1]), redis_max_memory_mb=64))
    print("started", running.pid, running.url, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def put(url: str, key: str, value: str) -> None:
    async with redis.asyncio.from_url(url) as client:
        await client.set(key, value)


async def get(url: str, key: str) -> str | None:
    async with redis.asyncio.from_url(url, decode_responses=True) as client:
        value: str | None = await client.get(key)
        return value


async def start_in_another_process(data_dir: Path) -> tuple[subprocess.Popen[str], int, str]:
    starter = spawn(sys.executable, "-c", STARTER, str(data_dir))
    assert starter.stdout is not None
    while not (line := await asyncio.to_thread(starter.stdout.readline)).startswith("started "):
        assert line, "the starter died"
    _, pid, url = line.split()
    return starter, int(pid), url


async def until(condition: Callable[[], bool], what: str) -> None:
    async def poll() -> None:
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)

    try:
        await asyncio.wait_for(poll(), 20)
    except TimeoutError:
        pytest.fail(f"waited for 20 s: {what}")


async def test_it_writes_every_change_to_disk_before_it_answers_and_evicts_nothing(settings: Settings) -> None:
    running = await start_valkey(settings)
    async with redis.asyncio.from_url(running.url, decode_responses=True) as client:
        names = ("appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory-policy", "maxmemory", "save")
        config = await client.config_get(*names)
    assert config == {
        "appendonly": "yes",
        "appendfsync": "always",
        "no-appendfsync-on-rewrite": "no",
        "maxmemory-policy": "noeviction",
        "maxmemory": str(64 * 1024 * 1024),
        "save": "",
    }
    await running.stop()


async def test_it_opens_no_tcp_port_where_a_unix_socket_is_possible(settings: Settings) -> None:
    running = await start_valkey(settings)
    assert running.url == f"unix://{settings.data_dir}/run/valkey.sock"
    assert (settings.data_dir / "run" / "valkey.sock").stat().st_mode & 0o077 == 0
    await running.stop()


async def test_data_are_there_after_a_clean_stop_and_start(settings: Settings) -> None:
    running = await start_valkey(settings)
    await put(running.url, "k", "v")
    await running.stop()
    assert not running.alive()
    again = await start_valkey(settings)
    assert await get(again.url, "k") == "v"
    await again.stop()


async def test_it_outlives_its_killed_starter_and_the_next_start_ends_it_and_finds_all_data(settings: Settings) -> None:
    starter, old_pid, url = await start_in_another_process(settings.data_dir)
    old = identify("old", old_pid)
    await put(url, "k", "v")
    starter.kill()
    starter.wait()
    assert is_running(old), "the journal died with its launcher"
    running = await start_valkey(settings)
    assert not is_running(old)
    assert running.pid != old_pid
    assert await get(running.url, "k") == "v"
    await running.stop()


async def test_a_left_valkey_without_a_record_is_found_by_its_lock(settings: Settings) -> None:
    starter, old_pid, _ = await start_in_another_process(settings.data_dir)
    old = identify("old", old_pid)
    starter.kill()
    starter.wait()
    (settings.data_dir / "run" / "valkey.json").unlink()
    running = await start_valkey(settings)
    assert not is_running(old)
    await running.stop()


async def test_the_folder_stays_locked_as_long_as_valkey_lives_even_without_its_starter(settings: Settings) -> None:
    starter, pid, _ = await start_in_another_process(settings.data_dir)
    starter.kill()
    starter.wait()
    with pytest.raises(valkey.Held) as refused:
        FolderLock(settings.data_dir / "valkey" / ".lock")
    assert refused.value.pids == [pid]


async def test_a_foreign_process_that_holds_the_folder_is_named_and_left_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = settings.data_dir / "valkey"
    folder.mkdir()
    script = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); print(1, flush=True); sys.stdin.read()"
    foreign = spawn(sys.executable, "-c", script, str(folder / ".lock"), stdin=subprocess.PIPE)
    assert foreign.stdout is not None
    await asyncio.to_thread(foreign.stdout.readline)
    monkeypatch.setattr(valkey._lock_folder, "__defaults__", (0.2,))
    with pytest.raises(ConfigurationError, match=f"process {foreign.pid} "):
        await start_valkey(settings)
    assert foreign.poll() is None
    foreign.communicate("")


async def test_a_recycled_pid_in_the_record_is_not_killed(settings: Settings) -> None:
    running = await start_valkey(settings)
    await running.stop()
    bystander = spawn("sleep", "600")
    record = identify("valkey", bystander.pid)
    text = f'{{"version": 1, "name": "valkey", "pid": {bystander.pid}, "started": {record.started - 1}, '
    (settings.data_dir / "run" / "valkey.json").write_text(text + f'"boot": "{record.boot}", "details": {{}}}}')
    again = await start_valkey(settings)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
    await again.stop()


async def test_a_killed_valkey_comes_back_at_the_same_url_with_all_data(settings: Settings) -> None:
    running = await start_valkey(settings)
    pids: list[int] = []
    watching = asyncio.create_task(running.watch(pids.append))
    await put(running.url, "k", "v")
    for round_ in range(1, 3):
        os.kill(running.pid, signal.SIGKILL)
        await until(lambda round_=round_: len(pids) == round_, "a restart")
        assert await get(running.url, "k") == "v"
    assert running.restarts == 2
    assert read_record(settings.data_dir / "run" / "valkey.json") == identify("valkey", pids[-1], url=running.url)
    await running.stop()
    await asyncio.wait_for(watching, 10)
    assert not (settings.data_dir / "run" / "valkey.json").exists()


async def test_stopping_while_it_comes_back_leaves_no_process(settings: Settings) -> None:
    running = await start_valkey(settings)
    watching = asyncio.create_task(running.watch())
    os.kill(running.pid, signal.SIGKILL)
    await until(lambda: not running.alive(), "the end of the killed process")
    await running.stop()
    await asyncio.wait_for(watching, 10)
    assert not running.alive()


async def test_a_torn_last_write_is_cut_off_and_the_rest_is_there(settings: Settings) -> None:
    running = await start_valkey(settings)
    await put(running.url, "whole", "v")
    await put(running.url, "torn", "v" * 100)
    await running.stop()
    [log] = (settings.data_dir / "valkey" / "appendonlydir").glob("*.incr.aof")
    with log.open("rb+") as file:
        file.truncate(log.stat().st_size - 7)
    again = await start_valkey(settings)
    assert await get(again.url, "whole") == "v"
    assert await get(again.url, "torn") is None
    await again.stop()


async def test_a_damaged_journal_is_refused_with_valkeys_own_words_and_no_process_is_left(settings: Settings) -> None:
    running = await start_valkey(settings)
    for number in range(50):
        await put(running.url, f"k{number}", "v" * 100)
    await running.stop()
    [log] = (settings.data_dir / "valkey" / "appendonlydir").glob("*.incr.aof")
    with log.open("rb+") as file:
        file.seek(log.stat().st_size // 2)
        file.write(b"\0" * 200)
    with pytest.raises(ConfigurationError, match="Bad file format reading the append only file"):
        await start_valkey(settings)
    FolderLock(settings.data_dir / "valkey" / ".lock").close()


async def test_a_path_too_long_for_a_socket_falls_back_to_loopback_with_a_password(settings: Settings) -> None:
    deep = settings.data_dir / ("d" * 100)
    running = await start_valkey(Settings(data_dir=deep, redis_max_memory_mb=64))
    try:
        assert running.url.startswith("redis://:")
        await put(running.url, "k", "v")
        port = int(running.url.rsplit(":", 1)[1].split("/")[0])
        bare = redis.asyncio.Redis(host="127.0.0.1", port=port, retry=Retry(NoBackoff(), 0))
        with pytest.raises(redis.exceptions.AuthenticationError):
            await bare.get("k")
        await bare.aclose()
        url = running.url
        await running.stop()
        running = await start_valkey(Settings(data_dir=deep, redis_max_memory_mb=64))
        assert running.url == url
        assert await get(url, "k") == "v"
    finally:
        await running.stop()


async def test_its_log_is_moved_away_when_it_has_grown(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "LOG_LIMIT_BYTES", 10)
    running = await start_valkey(settings)
    await running.stop()
    again = await start_valkey(settings)
    assert (settings.data_dir / "valkey" / "valkey.log.1").stat().st_size > 10
    await again.stop()


async def test_ctrl_c_in_the_launchers_terminal_does_not_reach_it(settings: Settings) -> None:
    running = await start_valkey(settings)
    assert os.getsid(running.pid) == running.pid
    assert "valkey-server" in command_of(running.pid)
    await running.stop()


def test_the_url_of_a_stopped_server_is_not_handed_out(data_dir: Path) -> None:
    assert valkey.running_url(data_dir) is None
    assert isinstance(RunningValkey(Settings(data_dir=data_dir), valkey.Address(None, 1, "p")).url, str)


async def test_a_stop_while_a_restart_waits_for_the_folder_starts_nothing(settings: Settings) -> None:
    running = await start_valkey(settings)
    os.kill(running.pid, signal.SIGKILL)
    await until(lambda: not running.alive(), "the end of the killed process")
    blocker = FolderLock(settings.data_dir / "valkey" / ".lock")
    starting = asyncio.create_task(running.launch())
    await asyncio.sleep(0)
    await running.stop()
    blocker.close()
    await starting
    assert running.pid == 0
    FolderLock(settings.data_dir / "valkey" / ".lock").close()
