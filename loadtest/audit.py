"""The station's own record of what it said and what was acknowledged, against which the stores are audited.

One JSON object a line. `event` is

- `said`: the message exists (it entered the station's queue) and may reach the stores, once at most, from now on;
- `ack`: its CALLRESULT arrived: it must be in the stores exactly once;
- `repeat`: a further CALLRESULT to the same content (the station repeated itself): must add nothing;
- `dropped`: the station gave it up after repeated CALLERRORs.

`key` is the message's content key, the same in every line about it: kind, charge point, connector and timestamp, which
no two messages of a station share. `transaction` is null as long as the station does not know the number.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

AUDITED = frozenset({"StartTransaction", "MeterValues", "StopTransaction", "StatusNotification"})
"""The actions of which the CALLRESULT means: we have it, you may forget it."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line. `at` is the station's clock in microseconds, `samples` the number of sampled values.

    `detail` is the message's distinguishing remainder: meterStart and idTag, meterStop and reason, status and error.
    """

    event: str
    kind: str
    key: str
    charge_point: str
    connector: int
    transaction: int | None
    timestamp: str
    samples: int
    at: int
    detail: dict[str, object] = field(default_factory=dict)


class AuditLog:
    """Appends lines, shared by all stations of a process. Writes whole lines only, at most `delay_s` late.

    Not for several threads. Raises OSError when the file cannot be written.
    """

    def __init__(self, path: Path, *, delay_s: float = 0.05, most_bytes: int = 32_768) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._lines = bytearray()
        self._delay_s, self._most_bytes = delay_s, most_bytes
        self._written = time.monotonic()

    def append(self, line: AuditLine) -> None:
        self._lines += orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        if len(self._lines) >= self._most_bytes or time.monotonic() - self._written >= self._delay_s:
            self.flush()

    def flush(self) -> None:
        """Hand everything to the kernel."""
        waiting = memoryview(bytes(self._lines))
        self._lines.clear()
        while waiting:
            waiting = waiting[os.write(self._file, waiting) :]
        self._written = time.monotonic()

    def close(self) -> None:
        self.flush()
        os.close(self._file)


def audit_lines(path: Path) -> Iterator[AuditLine]:
    """Every line of an audit file, in order; a last line that was cut off by a kill is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield AuditLine(**orjson.loads(line))


class AuditBook:
    """An audit file, read: what must be in the stores exactly once, and what may be, once at most."""

    def __init__(self, path: Path) -> None:
        self.said: dict[str, AuditLine] = {}
        self.acknowledged: dict[str, AuditLine] = {}
        self.twice: list[AuditLine] = []
        """Acknowledgements of what was acknowledged before, not announced as repeats: a fault of the station."""
        for line in audit_lines(path):
            if line.event == "said":
                self.said[line.key] = line
            elif line.event == "ack" and line.key in self.acknowledged:
                self.twice.append(line)
            elif line.event == "ack":
                self.acknowledged[line.key] = line

    def must(self, kind: str) -> list[AuditLine]:
        """Acknowledged: exactly once in the stores."""
        return [line for line in self.acknowledged.values() if line.kind == kind]

    def may(self, kind: str) -> list[AuditLine]:
        """Said and not acknowledged: at most once in the stores."""
        return [line for key, line in self.said.items() if line.kind == kind and key not in self.acknowledged]
