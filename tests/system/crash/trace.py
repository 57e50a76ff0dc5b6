"""System calls of a process, by strace: which began and ended when, in the order of all its threads."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
_UNFINISHED = "<unfinished ...>"
SYNCS = ("fsync", "fdatasync")
WRITES = ("write", "writev", "sendto", "sendmsg")
READS = ("read", "readv", "recvfrom", "recvmsg")


@dataclass(slots=True)
class Call:
    """One system call. `text` is its arguments, file descriptors with their paths, and what it returned; `began` and
    `ended` count lines of the trace, which are in order of time."""

    thread: int
    name: str
    text: str
    began: int
    ended: int

    @property
    def file(self) -> str:
        """The first argument: a file descriptor and what it is open on."""
        return self.text.partition(",")[0].partition(")")[0]


class Trace:
    """`with Trace(pid, file) as trace:` traces a running process; `calls()` after it has been left."""

    def __init__(self, pid: int, file: Path) -> None:
        self._pid, self._file = pid, file
        self._strace: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._strace = subprocess.Popen([*command(self._file), "-p", str(self._pid)], stderr=subprocess.PIPE, text=True)
        assert self._strace.stderr is not None
        # Said once, for all threads that there are; those that are made later follow by themselves.
        said = self._strace.stderr.readline()
        if "attached" not in said:
            self._strace.kill()
            raise RuntimeError(f"strace: {said}{self._strace.communicate()[1]}")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._strace is not None
        self._strace.terminate()
        self._strace.communicate(timeout=20)

    def calls(self) -> list[Call]:
        return read(self._file)


def command(file: Path) -> list[str]:
    """How strace is called. Raises RuntimeError where it is not installed (Debian's package is `strace`)."""
    strace = shutil.which("strace")
    if strace is None:
        raise RuntimeError("These tests read system calls: install strace.")
    wanted = ",".join((*SYNCS, *WRITES, *READS, "pwrite64"))
    return [strace, "-f", "-y", "-s", "2048", "-e", f"trace={wanted}", "-e", "signal=none", "-o", str(file)]


def read(file: Path) -> list[Call]:
    """The calls of a trace in the order in which they began."""
    calls: list[Call] = []
    under_way: dict[tuple[int, str], Call] = {}
    for number, line in enumerate(file.read_text(errors="replace").splitlines()):
        match = _LINE.match(line)
        if match is None:
            continue
        thread, resumed, name, rest = int(match[1]), match[2], match[3], match[4]
        if resumed is not None:
            call = under_way.pop((thread, resumed), None)
            if call is not None:
                call.text += rest
                call.ended = number
            continue
        call = Call(thread, name, rest.removesuffix(_UNFINISHED), number, number)
        calls.append(call)
        if rest.endswith(_UNFINISHED):
            call.ended = 1 << 60
            under_way[thread, name] = call
    return calls


def unsynced(calls: list[Call], asked: str, answer: str, synced: str) -> tuple[int, int]:
    """How many requests there were, and how many were answered without an fsync in between.

    A request is a read that contains `asked`, its answer the next write on the same descriptor that contains `answer`;
    the fsync is of a file whose path contains `synced`, and lies wholly between the two.
    """
    requests = without = 0
    for at, request in enumerate(calls):
        if request.name not in READS or asked not in request.text:
            continue
        later = calls[at + 1 :]
        reply = next((c for c in later if c.name in WRITES and c.file == request.file and answer in c.text), None)
        if reply is None:
            continue
        requests += 1
        without += not any(
            c.name in SYNCS and synced in c.file and request.ended < c.began and c.ended < reply.began for c in later
        )
    return requests, without
