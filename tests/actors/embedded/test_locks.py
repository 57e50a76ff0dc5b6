"""Two launchers on one folder: the second one is told who is there, and changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from actors.embedded.locks import FolderLock, Held, launcher_lock
from engine.errors import ConfigurationError

HOLDER = """
import sys
from pathlib import Path
from actors.embedded.locks import launcher_lock
lock = launcher_lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_launcher_is_refused_with_the_firsts_pid_and_gets_in_after_its_kill(data_dir: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(data_dir)]
    first = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    with pytest.raises(ConfigurationError, match=rf"already: process {first.pid} .*RAYCHARGE_DATA_DIR"):
        launcher_lock(data_dir)
    first.kill()
    first.communicate()
    launcher_lock(data_dir).close()


def test_a_lock_falls_when_closed_and_not_before(data_dir: Path) -> None:
    lock = FolderLock(data_dir / "x" / ".lock")
    with pytest.raises(Held):
        FolderLock(data_dir / "x" / ".lock")
    lock.close()
    FolderLock(data_dir / "x" / ".lock").close()


def test_a_child_does_not_inherit_a_lock_unasked(data_dir: Path) -> None:
    lock = FolderLock(data_dir / ".lock")
    child = subprocess.Popen(["sleep", "600"], close_fds=False)
    lock.close()
    FolderLock(data_dir / ".lock").close()
    child.kill()
    child.wait()


def test_an_inherited_descriptor_holds_the_lock_after_its_giver_let_go(data_dir: Path) -> None:
    lock = FolderLock(data_dir / ".lock")
    child = subprocess.Popen(["sleep", "600"], pass_fds=(lock.fileno(),))
    lock.close()
    with pytest.raises(Held) as refused:
        FolderLock(data_dir / ".lock")
    assert refused.value.pids == [child.pid]
    assert os.getpid() not in refused.value.pids
    child.kill()
    child.wait()
    FolderLock(data_dir / ".lock").close()
