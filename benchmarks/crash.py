"""Ten crashes of each kind, and one at each place between two durable steps: what is lost, and how long it takes.

    make bench NAME=crash             CRASH_ROUNDS=2 CRASH_SEED=7 make bench NAME=crash

The last line is one JSON object: kills, acknowledged messages, lost, doubled, seconds until stations were served again.
"""

from __future__ import annotations

import json
import os
import random
import sys

from loadtest.crashes import FAULT_POINTS, KINDS, Report, fault_settings, run_crashes
from loadtest.installation import own_installation

ROUNDS = 10


def main() -> int:
    """Exit code 1 when anything was lost or doubled, or a station was not served again."""
    rounds = int(os.environ.get("CRASH_ROUNDS", ROUNDS))
    seed = int(os.environ.get("CRASH_SEED", random.randrange(2**32)))
    system = own_installation({"HOSTS": "2"})
    system.settings |= fault_settings(system.folder / "faults")
    with system:
        report = run_crashes(system, [*KINDS * rounds, *FAULT_POINTS], 1, seed)
    _table(report)
    summary = report.summary()
    print(json.dumps(summary), flush=True)
    return int(not report.findings.green or summary["not_served_again"] != 0)


def _table(report: Report) -> None:
    summary = report.summary()
    print(f"{'what died':36} {'times':>5} {'served again p50':>17} {'max':>6} {'ready again p50':>16} {'max':>6}   s")
    for kind, served in summary["served_again_s"].items():
        ready = summary["ready_again_s"][kind]
        times = sum(crash.kind == kind for crash in report.crashes)
        print(
            f"{kind:36} {times:5} {served['p50']:17.1f} {served['max']:6.1f} {ready['p50']:16.1f} {ready['max']:6.1f}"
        )
    print(report.findings)


if __name__ == "__main__":
    sys.exit(main())
