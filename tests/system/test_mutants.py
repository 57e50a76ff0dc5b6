"""The audit sees what it is there to see: four mutants of the product each turn it red, the product itself does not."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from loadtest.audit import AuditBook
from loadtest.audit_check import Findings
from loadtest.crash_load import CrashLoad
from tests.system.crash.small import SmallSystem, stop

pytestmark = [pytest.mark.crash, pytest.mark.control]
STATIONS = 32
STALLED_S = 4.0
KILLS = 10


@pytest.fixture(scope="module")
def small() -> Iterator[SmallSystem]:
    with SmallSystem() as small:
        yield small


def host_dies_while_valkey_is_away(small: SmallSystem, load: CrashLoad, mutant: str) -> None:
    """What was answered meanwhile was in no journal."""
    host = small.host("host-0", mutant)
    load.until("ready")
    small.valkey.kill()
    time.sleep(1.0)  # as long as the journal is away, answers must not leave
    stop(host)
    small.start_valkey()
    stop(_served(small, load, mutant))


def host_stalls_and_wakes_up(small: SmallSystem, load: CrashLoad, mutant: str) -> None:
    """It finds frames in its sockets that their stations have said again to the other host meanwhile."""
    stalled = small.host("host-0", mutant)
    load.until("ready")
    other = small.host("host-1", mutant)
    stalled.send_signal(signal.SIGSTOP)
    time.sleep(STALLED_S)  # longer than the stations wait for an answer
    stalled.send_signal(signal.SIGCONT)
    load.ask("mark", "served")
    _finish(load)
    stop(stalled)
    stop(other)


def valkey_dies_again_and_again(small: SmallSystem, load: CrashLoad, mutant: str) -> None:
    """Commits are on disk and their answers are not on their way: at every other kill, as one is always under way."""
    chance = random.Random(STATIONS)
    host = small.host("host-0", mutant)
    load.until("ready")
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.1, 0.3))  # a random moment
        small.valkey.kill()
        small.start_valkey()
    load.ask("mark", "served")
    _finish(load)
    stop(host)


def ledger_dies_before_it_commits(small: SmallSystem, load: CrashLoad, mutant: str) -> None:
    """What it had read and not written must be read again."""
    host = small.host("host-0")
    load.until("ready")
    # Whole sessions must be in the first batch: of one that is only begun, a later Stop would write the row anew.
    _until_sessions_ended(load, 2 * STATIONS)
    fault = "ledger:after-rows-before-commit"
    ledger = small.consumers("ledger", mutant=mutant, fault=fault)
    assert ledger.wait(30) == -signal.SIGKILL
    ledger = small.consumers("ledger", mutant=mutant, fault=fault)
    _finish(load)
    stop(host)
    stop(ledger, signal.SIGTERM)
    (small.folder / fault).unlink()


def _until_sessions_ended(load: CrashLoad, count: int, timeout_s: float = 60.0) -> None:
    """Wait until the stations were told of so many Stops that they are written."""
    deadline = time.monotonic() + timeout_s
    while len(AuditBook(load.audit).must("StopTransaction")) < count:
        assert time.monotonic() < deadline, "the stations end no sessions"
        time.sleep(0.2)


def _served(small: SmallSystem, load: CrashLoad, mutant: str) -> subprocess.Popen[str]:
    host = small.host("host-0", mutant)
    load.ask("mark", "served")
    _finish(load)
    return host


def _finish(load: CrashLoad) -> None:
    assert load.ask("stop", "result")["drained"]


Crash = Callable[[SmallSystem, CrashLoad, str], None]
ATTEMPTS = {"client_retries": 5}
"""Its Valkey dies at random moments, and it does harm only between a commit and its reply. The others' are chosen."""

CRASHES: dict[str, Crash] = {
    "answer_before_commit": host_dies_while_valkey_is_away,
    "no_epoch_check": host_stalls_and_wakes_up,
    "client_retries": valkey_dies_again_and_again,
    "position_outside": ledger_dies_before_it_commits,
}


def crashed(small: SmallSystem, crash: Crash, mutant: str) -> Findings:
    """Put stations on the system, crash it, let the consumers read to the end, and audit."""
    prefix = f"{(mutant or 'sound').upper().replace('_', '')}-{crash.__name__[:1]}{time.time_ns() % 10**6}-"
    interval = 0.02 if crash is valkey_dies_again_and_again else 0.1
    with small.load(prefix, STATIONS, meter_interval=interval, call_timeout=1.5, timeouts_before_hangup=1) as load:
        crash(small, load, mutant)
        consumers = small.consumers("ledger", "analytics")
        try:
            return small.audit(load)
        finally:
            stop(consumers, signal.SIGTERM)


@pytest.mark.parametrize("mutant", CRASHES)
def test_a_mutant_turns_the_audit_red(small: SmallSystem, mutant: str) -> None:
    for _ in range(ATTEMPTS.get(mutant, 1)):
        findings = crashed(small, CRASHES[mutant], mutant)
        print(findings)
        if findings.lost or findings.doubled:
            return
    pytest.fail("The audit does not see what this mutant loses or doubles.")


@pytest.mark.parametrize("crash", CRASHES.values(), ids=lambda crash: crash.__name__)
def test_the_product_stays_green_in_the_same_crash(small: SmallSystem, crash: Crash) -> None:
    findings = crashed(small, crash, "")
    assert findings.green, str(findings)
    assert min(findings.acknowledged.values()) > STATIONS / 2
