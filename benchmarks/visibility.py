"""How long after its acknowledgement a meter value is in ClickHouse's answers: samples are asked for until they are."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

from loadtest.installation import Installation

ASK_EVERY_S = 0.1
PATIENCE_S = 60.0


class Visibility(threading.Thread):
    """Follows a file of sampled acknowledgements (charge point, timestamp said, time) and asks for each row."""

    def __init__(self, system: Installation, samples: Path) -> None:
        super().__init__(daemon=True)
        self._system = system
        self._samples = samples
        self._over = threading.Event()
        self._offset = 0
        self._deadline = 0.0
        self._waiting: dict[tuple[str, str], float] = {}
        self._took: list[float] = []

    def run(self) -> None:
        while not self._over.is_set() or (self._waiting and time.monotonic() < self._deadline):
            self._read_samples()
            self._look()
            time.sleep(ASK_EVERY_S)

    def finish(self) -> dict[str, Any]:
        """Wait for the last rows and return p50 and p99 in seconds. Raises RuntimeError if one never came."""
        self._deadline = time.monotonic() + PATIENCE_S
        self._over.set()
        self.join()
        if self._waiting:
            raise RuntimeError(
                f"{len(self._waiting)} acknowledged rows are not in ClickHouse: {list(self._waiting)[:3]}"
            )
        ordered = sorted(self._took)
        return {
            "rows": len(ordered),
            "p50_s": round(ordered[len(ordered) // 2], 3),
            "p99_s": round(ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))], 3),
        }

    def _read_samples(self) -> None:
        if not self._samples.exists():
            return
        with self._samples.open("rb") as file:
            file.seek(self._offset)
            whole = file.read()
        end = whole.rfind(b"\n") + 1
        self._offset += end
        for line in whole[:end].splitlines():
            row = json.loads(line)
            self._waiting[row["charge_point"], row["timestamp"]] = row["acknowledged"]

    def _look(self) -> None:
        if not self._waiting:
            return
        keys = ", ".join(f"('{name}', '{said}')" for name, said in self._waiting)
        since = min(self._waiting.values()) - 60.0
        found = self._system.clickhouse(
            "SELECT DISTINCT charge_point, said FROM meter_values "
            f"WHERE received >= fromUnixTimestamp64Micro(toInt64({int(since * 1e6)})) "
            f"AND (charge_point, said) IN ({keys})"
        )
        now = time.time()
        for name, said in found:
            self._took.append(now - self._waiting.pop((name, said)))
