"""Anything of a running system dies at any moment: nothing acknowledged is lost or doubled, and stations are served
again without a hand laid on.

`make test` kills one of each layer, and all at once; `.ci/run` has every other kind, and `make bench NAME=crash` does
the same ten times for each kind, and with every fault point.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from loadtest.crashes import KINDS, fault_settings, run_crashes
from loadtest.installation import Installation

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]
FEW = ("host", "valkey", "chdb", "everything", "host:after-commit", "ledger:after-rows-before-commit")
POINTS = ("analytics:after-intent", "archive:after-segment-before-trim")
OTHERS = (*(kind for kind in KINDS if kind not in FEW), *POINTS)


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("crash")
    with Installation(folder, {"HOSTS": "2", **fault_settings(folder / "faults")}) as system:
        yield system


@pytest.mark.parametrize("kinds", [FEW, pytest.param(OTHERS, marks=pytest.mark.long)], ids=["few", "others"])
def test_whatever_dies_nothing_acknowledged_is_lost_or_doubled_and_all_are_served_again(
    own: Installation, kinds: tuple[str, ...]
) -> None:
    seed = int(os.environ.get("CRASH_SEED", random.randrange(2**32)))
    report = run_crashes(own, kinds, 1, seed)
    assert report.findings.green, str(report.findings)
    assert not [crash for crash in report.crashes if crash.late]
    assert report.drained
    assert not report.findings.unacknowledged
    assert report.chargers >= 200
    assert report.messages_per_s >= 500
