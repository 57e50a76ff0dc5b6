"""A start ends what the last run of its own folder left, and nothing else."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from actors.embedded.files import run_folder, write_durably
from actors.embedded.ports import Wanted, free_ports
from actors.embedded.processes import (
    descendants,
    forget_all,
    identify,
    is_running,
    read_records,
    record_descendants,
    record_process,
)
from actors.embedded.remains import await_ports, end_remains
from engine.errors import ConfigurationError
from tests.actors.embedded.conftest import spawn


async def test_recorded_processes_are_ended_and_others_live_on(data_dir: Path) -> None:
    ours, other = spawn("sleep", "600"), spawn("sleep", "600")
    record_process(run_folder(data_dir), "host-0", ours.pid)
    assert await end_remains(data_dir) == ["host-0"]
    assert ours.wait(1) < 0
    assert other.poll() is None
    assert read_records(run_folder(data_dir)) == []
    other.kill()
    other.wait()


async def test_one_that_ignores_sigterm_is_killed_after_the_grace(data_dir: Path) -> None:
    script = "import signal, sys; signal.signal(15, signal.SIG_IGN); print(1, flush=True); sys.stdin.read()"
    stubborn = spawn(sys.executable, "-c", script, stdin=subprocess.PIPE)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    record_process(run_folder(data_dir), "chdb", stubborn.pid)
    assert await end_remains(data_dir, grace_s=0.1) == ["chdb"]
    assert stubborn.wait(1) == -9
    stubborn.communicate()


async def test_records_of_another_boot_of_a_recycled_pid_or_unreadable_ones_kill_nobody(data_dir: Path) -> None:
    bystander = spawn("sleep", "600")
    run, real = run_folder(data_dir), identify("a", bystander.pid)
    form = '{{"version": {}, "name": "x", "pid": {}, "started": {}, "boot": "{}", "details": {{}}}}'
    write_durably(run / "recycled.json", form.format(1, real.pid, real.started + 1, real.boot).encode())
    write_durably(run / "rebooted.json", form.format(1, real.pid, real.started, "another").encode())
    write_durably(run / "newer.json", form.format(2, real.pid, real.started, real.boot).encode())
    write_durably(run / "torn.json", b'{"version": 1, "pid": ')
    assert await end_remains(data_dir) == []
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


async def test_children_and_their_children_are_recorded_and_ended(data_dir: Path) -> None:
    parent = spawn("sh", "-c", "sleep 600 & echo $!; wait")
    assert parent.stdout is not None
    grandchild = identify("grandchild", int(parent.stdout.readline()))
    assert grandchild.pid in descendants(parent.pid)
    recorded = record_descendants(run_folder(data_dir), "ray", parent.pid)
    assert grandchild.pid in {record.pid for record in recorded}
    await end_remains(data_dir)
    assert not is_running(grandchild)
    parent.kill()
    parent.communicate()


async def test_a_child_with_a_record_of_its_own_and_earlier_children_are_not_recorded_twice(data_dir: Path) -> None:
    earlier, named, new = spawn("sleep", "600"), spawn("sleep", "600"), spawn("sleep", "600")
    run = run_folder(data_dir)
    record_process(run, "valkey", named.pid)
    recorded = {record.pid for record in record_descendants(run, "child", but={earlier.pid})}
    assert recorded & {earlier.pid, named.pid, new.pid} == {new.pid}
    forget_all(run)
    assert read_records(run) == []
    for each in (earlier, named, new):
        each.kill()
        each.communicate()


async def test_a_process_that_starts_a_system_twice_does_not_end_itself(data_dir: Path) -> None:
    record_process(run_folder(data_dir), "launcher")
    assert await end_remains(data_dir) == []


async def test_a_port_that_is_not_let_go_in_time_is_refused_by_name(data_dir: Path) -> None:
    [port] = free_ports(1)
    wanted = [Wanted("RAYCHARGE_API_PORT", "127.0.0.1", port)]
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ConfigurationError, match="RAYCHARGE_API_PORT"):
        await await_ports(wanted, timeout_s=0.1)
    await await_ports(wanted, timeout_s=0.1)


def test_a_file_that_cannot_be_written_leaves_the_old_one(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = data_dir / "x.json"
    write_durably(path, b"old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in data_dir.iterdir()] == ["x.json"]
