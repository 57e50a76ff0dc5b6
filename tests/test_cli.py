"""The command line as its user meets it: what it prints, where it refuses, and its exit codes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import pytest

from actors.embedded.locks import launcher_lock
from actors.embedded.ports import free_ports
from api.command_line.actors import table
from tests.warm import completed


class Shell:
    """Runs `raycharge …` as a process of its own, on a data folder and ports of its own."""

    def __init__(self, data_dir: Path) -> None:
        ocpp, api, clickhouse = free_ports(3)
        # Beside the data folder, which has to be as the command leaves it.
        self.folder = Path(mkdtemp(dir=data_dir.parent))
        self.ports = {"OCPP": ocpp, "API": api, "CLICKHOUSE": clickhouse}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAYCHARGE_")}
        ports = {f"RAYCHARGE_{name}_PORT": str(port) for name, port in self.ports.items()}
        self.environment = inherited | ports | {"RAYCHARGE_DATA_DIR": str(data_dir), "COLUMNS": "200"}

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        if arguments[0] == "admin":
            # Stories of many commands: each would import the stores for seconds.
            return completed("api.command_line.main", *arguments, env=self.environment | environment, at=self.folder)
        command = [sys.executable, "-m", "api.command_line.main", *arguments]
        return subprocess.run(
            command, env=self.environment | environment, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_help_lists_all_commands_quickly(shell: Shell) -> None:
    began = time.monotonic()
    told = shell("--help")
    assert told.returncode == 0
    assert time.monotonic() - began < 5
    for command in ("up", "simulate", "actors", "doctor", "admin", "bench", "version"):
        assert f"  {command} " in told.stdout


def test_help_imports_nothing_heavy(shell: Shell) -> None:
    script = (
        "import sys, api.command_line.main; print(sorted({'ray', 'fastapi', 'sqlalchemy', 'redis'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_a_setting_that_cannot_be_is_one_line_naming_it(shell: Shell) -> None:
    told = shell("doctor", RAYCHARGE_OCPP_PORT="ninety")
    assert told.returncode == 2
    assert told.stderr.startswith("RAYCHARGE_OCPP_PORT: ")
    assert "'ninety'" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_doctor_finds_a_fresh_machine_fit(shell: Shell) -> None:
    told = shell("doctor", "--chargers", "10", "--json")
    checks = json.loads(told.stdout)
    # Where temporary files live in memory, that is the one thing to find fault with.
    failed = {check["name"] for check in checks if check["level"] == "fail"} - {"file system"}
    assert failed == set()
    names = {check["name"] for check in checks}
    assert {"Python", "open files", "memory", "fsync", "NTP", "journal", "SQL", "ClickHouse"} <= names
    assert all(check["remedy"] for check in checks if check["level"] != "ok")


def test_the_doctor_names_who_has_our_port_and_fails(shell: Shell) -> None:
    port = shell.ports["OCPP"]
    with socket.create_server(("127.0.0.1", port)):
        told = shell("doctor", "--chargers", "10")
    assert told.returncode == 1
    [line] = [line for line in told.stdout.splitlines() if line.startswith(f"port {port}")]
    assert "FAIL" in line
    assert f"process {os.getpid()}" in line
    assert "RAYCHARGE_OCPP_PORT" in told.stdout


def test_the_doctor_wants_files_for_all_chargers(shell: Shell) -> None:
    told = shell("doctor", "--chargers", "90000000", "--json")
    assert told.returncode == 1
    [check] = [check for check in json.loads(told.stdout) if check["name"] == "open files"]
    assert check["level"] == "fail"
    assert "LimitNOFILE=90000500" in check["remedy"]


def test_the_doctor_reports_stores_that_do_not_answer(shell: Shell) -> None:
    [port] = free_ports(1)
    told = shell(
        "doctor",
        "--json",
        RAYCHARGE_REDIS_URL=f"redis://127.0.0.1:{port}/0",
        RAYCHARGE_DATABASE_URL=f"postgresql+asyncpg://nobody@127.0.0.1:{port}/nothing",
        RAYCHARGE_CLICKHOUSE_URL=f"http://127.0.0.1:{port}/nothing",
    )
    assert told.returncode == 1
    failed = {check["name"]: check["remedy"] for check in json.loads(told.stdout) if check["level"] == "fail"}
    assert {"journal", "SQL", "ClickHouse"} <= failed.keys()
    assert "RAYCHARGE_REDIS_URL" in failed["journal"]


def test_up_refuses_a_data_folder_in_use_naming_its_launcher(shell: Shell, tmp_path: Path) -> None:
    lock = launcher_lock(tmp_path)
    told = shell("up")
    lock.close()
    assert told.returncode == 2
    assert f"process {os.getpid()}" in told.stderr
    assert "Traceback" not in told.stderr


def test_up_refuses_a_taken_port_before_anything_starts(shell: Shell, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", shell.ports["API"])):
        told = shell("up")
    assert told.returncode == 2
    assert f"Port {shell.ports['API']} is taken by process {os.getpid()}" in told.stderr
    assert not (tmp_path / "valkey").exists()


def test_actors_says_that_nothing_runs(shell: Shell) -> None:
    told = shell("actors", "--password", "secret-secret")
    assert told.returncode == 1
    assert "raycharge up" in told.stderr


def test_actors_are_drawn_with_whatever_fields_they_have() -> None:
    actors = [{"id": "CP-1", "mailbox": 0, "epoch": 3}, {"id": "CP-2", "connection": 7}]
    drawn = table([{"name": "host-0", "pid": 12, "actors": actors}, {"name": "host-1", "actors": []}])
    assert [column.header for column in drawn.columns] == ["Host", "id", "mailbox", "epoch", "connection"]
    assert drawn.row_count == 4
    assert drawn.title == "2 hosts, 2 actors"


def test_an_admin_adds_a_charge_point_a_token_and_a_user_before_the_first_start(shell: Shell) -> None:
    added = shell("admin", "add-charge-point", "CP-1", "--name", "Garage", "--isolation", "dedicated")
    assert added.returncode == 0, added.stderr
    assert f"ws://HOST:{shell.ports['OCPP']}/ocpp/CP-1" in added.stdout
    assert len(added.stdout.partition("password ")[2].split()[0]) == 20
    assert shell("admin", "add-token", "04A2B3C4", "--note", "Ada").returncode == 0
    created = shell("admin", "create-user", "ada@example.org", "--role", "support")
    assert created.returncode == 0, created.stderr
    reset = shell("admin", "reset-password", "ada@example.org", "--password", "correct horse")
    assert reset.returncode == 0, reset.stderr
    assert "correct horse" not in reset.stdout
    waiting = shell("admin", "set-admission", "cp-1", "pending")
    assert "answered with pending" in waiting.stdout, waiting.stderr
    refused = shell("admin", "set-admission", "CP-1", "perhaps")
    assert refused.returncode == 2
    assert "accepted, pending, rejected" in refused.stderr


def test_an_admin_gives_and_takes_roles_in_networks(shell: Shell) -> None:
    assert shell("admin", "create-user", "root@example.org").returncode == 0
    made = shell("admin", "create-user", "ada@example.org", "--role", "support", "--network", "default")
    assert "as support in default" in made.stdout, made.stderr
    assert shell("admin", "grant-role", "ada@example.org", "finance").returncode == 0
    assert shell("admin", "disable-user", "ada@example.org").returncode == 0
    listed = shell("admin", "list-users").stdout.splitlines()
    assert listed == ["ada@example.org  support in default, finance  disabled", "root@example.org  admin"]
    assert shell("admin", "withdraw-role", "ada@example.org", "finance").returncode == 0
    last = shell("admin", "withdraw-role", "root@example.org", "admin")
    assert last.returncode == 2
    assert "last one" in last.stderr
    nowhere = shell("admin", "grant-role", "ada@example.org", "support", "--network", "nowhere")
    assert nowhere.returncode == 2
    assert "no such network" in nowhere.stderr


def test_an_admin_is_told_what_is_wrong_in_one_line(shell: Shell) -> None:
    assert shell("admin", "add-charge-point", "CP-1", "--no-password").returncode == 0
    again = shell("admin", "add-charge-point", "cp-1", "--no-password")
    assert again.returncode == 2
    assert "registered already" in again.stderr
    unknown = shell("admin", "reset-password", "nobody@example.org")
    assert unknown.returncode == 2
    role = shell("admin", "create-user", "ada@example.org", "--role", "king")
    assert role.returncode == 2
    assert "support" in role.stderr
    assert "Traceback" not in again.stderr + unknown.stderr + role.stderr


def test_bench_names_the_benchmarks_there_are(shell: Shell) -> None:
    told = shell("bench", "nonsense")
    assert told.returncode == 2
    assert told.stderr.startswith("There is no benchmark nonsense. There are: ")


def test_simulate_passes_its_options_on(shell: Shell) -> None:
    told = shell("simulate", "--help")
    assert told.returncode == 0
    assert "--count" in told.stdout


def test_version_is_the_installed_one(shell: Shell) -> None:
    assert shell("version").stdout.strip().count(".") == 2
