"""Checks of the machine: Python, file limit, memory, disk and its fsync, clock."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from actors.doctor.findings import Check
from engine import compiled
from engine.settings import Settings

MB = 1024 * 1024
FILES_OF_A_PROCESS = 500
"""What a host has open besides chargers' sockets: Ray's own connections, libraries, stores."""

OBJECT_STORE_MB = 150
HOST_MB, RAY_MB = 250, 800
_NOT_DURABLE = {"tmpfs", "ramfs"}
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"}
_CLOCK_UNSYNCHRONISED = 5
"""What adjtimex(2) returns while no one disciplines the clock (TIME_ERROR)."""


def check_python() -> Iterable[Check]:
    """The release of Python that everything is locked for."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == (3, 11):
        yield Check("Python", "ok", version)
    else:
        yield Check("Python", "fail", f"{version}; the locked dependencies are for 3.11.", "Use Python 3.11.")


def check_compiled() -> Iterable[Check]:
    """Whether the hot path runs compiled."""
    if compiled.active():
        yield Check("hot path", "ok", "Compiled.")
    else:
        remedy = "Run `make compiled`; it needs a C compiler and Python's headers."
        yield Check("hot path", "warn", "Runs from its sources: a message costs a third more CPU.", remedy)


def check_files(chargers: int) -> Iterable[Check]:
    """Room for all chargers in one host: after the death of the others the last one serves them all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = chargers + FILES_OF_A_PROCESS
    has = f"{soft} open files a process (at most {'any number' if hard == resource.RLIM_INFINITY else hard})"
    if soft == resource.RLIM_INFINITY or soft >= needed:
        yield Check("open files", "ok", f"{has}, enough for {chargers} chargers.")
    else:
        remedy = f"Run `ulimit -n {needed}` before, or set LimitNOFILE={needed} in the systemd unit."
        yield Check("open files", "fail", f"{has}; {chargers} chargers need {needed}.", remedy)


def check_memory(settings: Settings) -> Iterable[Check]:
    """Memory for what the embedded stores may take, and the kernel's readiness to fork a big Valkey."""
    needed = RAY_MB + OBJECT_STORE_MB + settings.hosts * HOST_MB
    needed += 0 if settings.redis_url else settings.redis_max_memory_mb
    needed += 0 if settings.clickhouse_url else settings.clickhouse_max_memory_mb
    limit = container_limit()
    total = min(psutil.virtual_memory().total, limit or sys.maxsize) // MB
    finding = f"{total} MB" + (" (this container's limit)" if limit else "") + f"; up to {needed} MB may be used."
    if total >= needed:
        yield Check("memory", "ok", finding)
    else:
        remedy = "Lower RAYCHARGE_REDIS_MAX_MEMORY_MB and RAYCHARGE_CLICKHOUSE_MAX_MEMORY_MB, or add memory."
        yield Check("memory", "warn", finding, remedy)
    overcommit = _read("/proc/sys/vm/overcommit_memory")
    if settings.redis_url or overcommit == "1" or not overcommit:
        return
    remedy = "Run `sysctl vm.overcommit_memory=1` and put it into /etc/sysctl.d."
    finding = f"vm.overcommit_memory is {overcommit}: rewriting a big journal file may fail for want of memory."
    yield Check("overcommit", "warn", finding, remedy)


def container_limit() -> int | None:
    """The memory limit of our control group in bytes; None where there is none below the machine's memory."""
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = _read(path)
        if text.isdigit() and int(text) < psutil.virtual_memory().total:
            return int(text)
    return None


def check_shared_memory() -> Iterable[Check]:
    """/dev/shm holds Ray's object store; where it is too small Ray uses slow files in /tmp."""
    try:
        free = shutil.disk_usage("/dev/shm").free // MB
    except OSError:
        yield Check("/dev/shm", "warn", "Not there.", "Mount a tmpfs on /dev/shm (docker run --shm-size=512m).")
        return
    if free >= OBJECT_STORE_MB:
        yield Check("/dev/shm", "ok", f"{free} MB free.")
    else:
        finding = f"{free} MB free; Ray's object store takes {OBJECT_STORE_MB} MB."
        yield Check("/dev/shm", "warn", finding, "Make it bigger: docker run --shm-size=512m, or remount it.")


def check_disk(data_dir: Path) -> Iterable[Check]:
    """The data folder can be written, has room, and is on something that keeps what it is given."""
    folder = existing(data_dir)
    where = f"{data_dir.absolute()}"
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Check("data folder", "fail", f"{where} cannot be written.", "Give it to this user (chown), or another.")
        return
    usage = shutil.disk_usage(folder)
    share = usage.free / usage.total
    finding = f"{where}: {usage.free // (1024 * MB)} GB free, {share:.0%}."
    remedy = "Make room: a full disk stops the journal, and chargers then keep what they have to say."
    if usage.free < 1024 * MB:
        yield Check("disk", "fail", finding, remedy)
    else:
        yield Check("disk", "warn" if share < 0.1 or usage.free < 5 * 1024 * MB else "ok", finding,
                    remedy if share < 0.1 or usage.free < 5 * 1024 * MB else "")  # fmt: skip
    kind = file_system(folder)
    if kind in _NOT_DURABLE:
        yield Check("file system", "fail", f"{kind}: gone at the next boot.", "Set RAYCHARGE_DATA_DIR to a disk.")
    elif kind in _NETWORK:
        remedy = "Set RAYCHARGE_DATA_DIR to a local disk: locks and fsync of network file systems vary."
        yield Check("file system", "warn", f"{kind} is a network file system.", remedy)
    else:
        yield Check("file system", "ok", kind or "unknown")


def file_system(folder: Path) -> str:
    """The kind of file system that a folder is on, "" if /proc does not tell."""
    best, kind = "", ""
    for line in _read("/proc/self/mounts").splitlines():
        _, mount, found, *_ = line.split()
        mount = mount.replace("\\040", " ")
        inside = folder == Path(mount) or Path(mount) in folder.parents
        if inside and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def check_fsync(data_dir: Path) -> Iterable[Check]:
    """How long an append and its fdatasync take: no charger is answered sooner."""
    times: list[float] = []
    try:
        with tempfile.NamedTemporaryFile(dir=existing(data_dir)) as file:
            for _ in range(20):
                began = time.perf_counter()
                file.write(b"x" * 4096)
                file.flush()
                os.fdatasync(file.fileno())
                times.append((time.perf_counter() - began) * 1000)
    except OSError as error:
        yield Check("fsync", "fail", f"Cannot write: {error}.", "Make room, or give the folder to this user.")
        return
    times.sort()
    median, slowest = times[len(times) // 2], times[-1]
    finding = f"{median:.2f} ms (slowest of {len(times)}: {slowest:.1f} ms)."
    if median > 20:
        yield Check("fsync", "warn", finding, "Answers to chargers wait for it: use an SSD or a battery-backed cache.")
    elif median < 0.01:
        remedy = "Look at the disk's write cache: at a power cut it may lose what it said was safe."
        yield Check("fsync", "warn", finding + " Too fast to be true.", remedy)
    else:
        yield Check("fsync", "ok", finding)


def check_clock() -> Iterable[Check]:
    """The clock is plausible, is disciplined by someone, and does not jump while we look."""
    newest = Path(__file__).stat().st_mtime
    if time.time() < newest - 86_400:
        finding = f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC is before this program was installed."
        yield Check("clock", "fail", finding, "Set the clock; sessions are stamped and billed by it.")
    state = clock_state()
    if state == _CLOCK_UNSYNCHRONISED:
        remedy = "Run chrony or systemd-timesyncd (in a container: on its host)."
        yield Check("NTP", "warn", "The kernel says that nobody keeps this clock right.", remedy)
    elif state is None:
        yield Check("NTP", "ok", "The kernel does not tell here.")
    else:
        yield Check("NTP", "ok", "The clock is kept right.")
    jump = largest_step()
    if jump > 0.05:
        remedy = "Let NTP slew instead of stepping, and look at the virtual machine's time synchronisation."
        yield Check("clock steps", "warn", f"The clock moved by {jump * 1000:.0f} ms against itself.", remedy)
    else:
        yield Check("clock steps", "ok", "None seen.")


def clock_state() -> int | None:
    """The kernel's verdict by adjtimex(2), which with no mode set only reads; None where it may not be asked."""
    buffer = ctypes.create_string_buffer(512)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (AttributeError, OSError):
        return None
    return int(state) if state >= 0 else None


def largest_step(seconds: float = 0.3) -> float:
    """By how many seconds the wall clock strayed from the monotonic one while we looked."""
    first = time.time() - time.monotonic()
    until = time.monotonic() + seconds
    largest = 0.0
    while time.monotonic() < until:
        largest = max(largest, abs(time.time() - time.monotonic() - first))
        time.sleep(0.01)
    return largest


def existing(path: Path) -> Path:
    """The nearest folder at or above a path that is there already."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
