"""Which process is which: records that a recycled pid cannot deceive, and ending exactly the processes recorded.

A record is a JSON file `data_dir/run/<name>.json`. Pid, start time and boot id together name one process for ever.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import structlog

from actors.embedded.files import write_durably

log = structlog.get_logger(__name__)

VERSION = 1
"""Form of a record file. A file of another version is left alone, because what it names cannot be known for sure."""


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """One process. `started` is in clock ticks since boot, `details` what its recorder wants to find again."""

    name: str
    pid: int
    started: int
    boot: str
    details: Mapping[str, str] = field(default_factory=dict)


def boot_id() -> str:
    """The kernel's name for the time since the last boot; pids and start times count anew with each."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def started_at(pid: int) -> int | None:
    """When this process started, in clock ticks since boot; None if there is none, or only its zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name stands in brackets and may hold spaces and brackets itself: count from the last one.
    state, *rest = stat[stat.rindex(")") + 2 :].split()
    return None if state in "ZX" else int(rest[18])


def command_of(pid: int) -> str:
    """The command line of a process on one line, or "" if there is none to read."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return ""
    return " ".join(command.decode(errors="replace").split())


def identify(name: str, pid: int, **details: str) -> ProcessRecord:
    """The record of a process that runs now. Raises ProcessLookupError if it does not."""
    started = started_at(pid)
    if started is None:
        raise ProcessLookupError(f"There is no process {pid} ({name}).")
    return ProcessRecord(name, pid, started, boot_id(), details)


def is_running(record: ProcessRecord) -> bool:
    """Whether exactly this process still runs, not another that got its pid."""
    return record.boot == boot_id() and started_at(record.pid) == record.started


def record_process(run_dir: Path, name: str, pid: int | None = None, **details: str) -> ProcessRecord:
    """Write down a process (this one by default) so that the next start can end it. `name` is the file's name."""
    record = identify(name, os.getpid() if pid is None else pid, **details)
    text = json.dumps({"version": VERSION, **asdict(record)}, indent=1)
    write_durably(run_dir / f"{name}.json", text.encode(), sync=False)  # after a power cut it names nobody anyway
    return record


def record_descendants(
    run_dir: Path, name: str, pid: int | None = None, *, but: Container[int] = ()
) -> list[ProcessRecord]:
    """Write down all that came out of a process (this one by default), as `<name>-<pid>`: Ray's own, for instance.

    Those that have a record of their own name keep just that; pids in `but` (say, of before the start) are left out.
    """
    own_name = {each.pid for each in read_records(run_dir) if each.name != f"{name}-{each.pid}" and is_running(each)}
    found: list[ProcessRecord] = []
    for child in descendants(os.getpid() if pid is None else pid):
        if child in own_name or child in but:
            continue
        try:
            found.append(record_process(run_dir, f"{name}-{child}", child, command=command_of(child)[:200]))
        except ProcessLookupError:
            continue  # ended between the listing and the look
    return found


def descendants(pid: int) -> list[int]:
    """The pids of all children of a process, and theirs, in the order parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            children.setdefault(int(stat[stat.rindex(")") + 2 :].split()[1]), []).append(int(entry.name))
    found: list[int] = []
    queue = [pid]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def read_record(path: Path) -> ProcessRecord | None:
    """The record in a file; None if there is no such file or it cannot be understood (logged)."""
    try:
        fields = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        log.warning("process_record_unreadable", path=str(path))
        return None
    if not isinstance(fields, dict) or fields.pop("version", None) != VERSION:
        log.warning("process_record_of_another_version", path=str(path))
        return None
    return ProcessRecord(**fields)


def read_records(run_dir: Path) -> list[ProcessRecord]:
    """All records of a run folder, by name."""
    return [record for path in sorted(run_dir.glob("*.json")) if (record := read_record(path)) is not None]


def forget_all(run_dir: Path) -> None:
    """Take all records away, after a stop that ended everything."""
    for record in read_records(run_dir):
        (run_dir / f"{record.name}.json").unlink(missing_ok=True)


def forget(run_dir: Path, name: str) -> None:
    """Take a record away, after its process has ended."""
    (run_dir / f"{name}.json").unlink(missing_ok=True)


def send(record: ProcessRecord, number: int) -> bool:
    """Send a signal to exactly this process; False if it runs no more.

    A pidfd taken before the look makes sure that the signal cannot reach a process that got the pid in between.
    """
    try:
        descriptor = os.pidfd_open(record.pid)
    except ProcessLookupError:
        return False
    try:
        if not is_running(record):
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


async def end(records: Iterable[ProcessRecord], *, grace_s: float, kill_s: float = 10.0) -> list[ProcessRecord]:
    """SIGTERM, `grace_s` to finish, then SIGKILL and `kill_s` to go. Returns those that run even so (in the kernel)."""
    left = [record for record in records if send(record, signal.SIGTERM)]
    left = await _gone(left, grace_s)
    for record in left:
        log.warning("process_killed", name=record.name, pid=record.pid, after_s=grace_s)
        send(record, signal.SIGKILL)
    return await _gone(left, kill_s)


async def _gone(records: list[ProcessRecord], timeout_s: float) -> list[ProcessRecord]:
    """Wait until all have ended or the time is over; those that have not."""
    until = time.monotonic() + timeout_s
    while True:
        left = [record for record in records if is_running(record)]
        if not left or time.monotonic() > until:
            return left
        await asyncio.sleep(0.02)
