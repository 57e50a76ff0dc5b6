"""Crashes of a running installation under load: what is killed, and how it is noticed that stations are served again.

`run_crashes(system, kinds, rounds, seed)` puts stations on the installation, kills by SIGKILL at random moments, and
audits in the end what they were told against what the stores hold. Nobody lays a hand on anything in between; only a
launcher that is gone is started again, as a service manager would.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from engine.faults import marker
from loadtest.audit_check import Findings, audit
from loadtest.crash_load import ID_TAGS, CrashLoad, identities
from loadtest.installation import Installation

RECOVERED_WITHIN_S = 120.0
REACHED_WITHIN_S = 400.0
"""The archive joins files when there are 32 of a partition, each of which covers 5 s."""
FAULT_POINTS = (
    "host:before-commit",
    "host:after-commit",
    "host:amid-answers",
    "host:after-claim",
    "ledger:after-rows-before-commit",
    "ledger:after-commit",
    "analytics:after-takeover",
    "analytics:after-intent",
    "analytics:after-meter_values",
    "analytics:after-ocpp_messages",
    "analytics:after-connector_status",
    "analytics:after-sessions",
    "archive:after-segment-before-trim",
    "archive:after-trim",
    "archive:after-merge-before-removal",
)
"""The places between two durable steps at which a process can be made to die; see `engine/faults.py`."""


@dataclass(frozen=True, slots=True)
class Crash:
    """One crash and how long it took. `served_s`: until every station had sent something after it and been
    acknowledged; `ready_s`: until /readyz said that every component works again. `late` are stations not served."""

    kind: str
    killed: tuple[str, ...]
    served_s: float
    ready_s: float
    late: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """What a run of crashes showed. `messages_per_s` are acknowledgements before the first kill."""

    seed: int
    crashes: list[Crash] = field(default_factory=list)
    chargers: int = 0
    messages_per_s: float = 0.0
    findings: Findings = field(default_factory=Findings)
    drained: bool = False

    def summary(self) -> dict[str, Any]:
        """As one JSON object."""
        kinds: dict[str, list[Crash]] = {}
        for crash in self.crashes:
            kinds.setdefault(crash.kind, []).append(crash)
        return {
            "seed": self.seed,
            "chargers": self.chargers,
            "messages_per_s": round(self.messages_per_s),
            "kills": len(self.crashes),
            "acknowledged": sum(self.findings.acknowledged.values()),
            "sampled_values": self.findings.samples,
            "lost": len(self.findings.lost),
            "doubled": len(self.findings.doubled),
            "wrong": len(self.findings.wrong),
            "not_served_again": sum(len(crash.late) for crash in self.crashes),
            "served_again_s": {kind: _spread([c.served_s for c in of]) for kind, of in kinds.items()},
            "ready_again_s": {kind: _spread([c.ready_s for c in of]) for kind, of in kinds.items()},
        }


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {"p50": round(statistics.median(seconds), 2), "max": round(max(seconds), 2)}


class Killer:
    """Kills parts of one installation. Each method returns what it killed, as name → pid."""

    def __init__(self, system: Installation, chance: random.Random) -> None:
        self.system, self.chance = system, chance

    def kill(self, *names: str) -> dict[str, int]:
        """SIGKILL processes by their recorded names, at the same moment."""
        pids = self._pids(names)
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        return pids

    def host(self) -> dict[str, int]:
        return self.kill(self._any_host())

    def launcher(self) -> dict[str, int]:
        """The launcher goes, and is started again at once."""
        killed = self.kill("launcher")
        self._again()
        return killed

    def everything(self) -> dict[str, int]:
        """Every process of the installation, in any order, and then a new start."""
        pids = self.system.pids()
        every = {process.pid for pid in pids.values() for process in _with_descendants(pid)}
        for pid in self.chance.sample(sorted(every), len(every)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._again()
        return pids

    def valkey_and_host(self) -> dict[str, int]:
        return self.kill("valkey", self._any_host())

    def host_while_valkey_is_down(self) -> dict[str, int]:
        """Valkey stays down for some seconds, since the launcher that looks after it is stopped; a host dies then."""
        launcher = self._pids(["launcher"])["launcher"]
        os.kill(launcher, signal.SIGSTOP)
        try:
            killed = self.kill("valkey")
            time.sleep(self.chance.uniform(0.5, 2.0))  # the time that it is down is what is tried here
            killed |= self.host()
            time.sleep(self.chance.uniform(1.0, 3.0))
        finally:
            os.kill(launcher, signal.SIGCONT)
        return killed

    def dedicated(self) -> dict[str, int]:
        """The Ray actor of a charge point of its own."""
        return self.kill(self.chance.choice(identities(0, 2)[1]))

    def at(self, point: str) -> dict[str, int]:
        """Arm a fault point and wait until some process has died there; what is reached only on a start is provoked."""
        file = marker(Path(self.system.settings["FAULT_DIR"]), point)
        before = self.system.pids()
        file.unlink()
        if point == "host:after-claim":
            # All of them: one alone may hold nothing that anybody would have to claim.
            self.kill(*self._hosts())
        elif point == "analytics:after-takeover":
            self.kill("projection-analytics")
        self.system.until(file.exists, REACHED_WITHIN_S, f"at {point}")
        self.system.until(lambda: any(map(_is_dead, before.values())), RECOVERED_WITHIN_S, f"dead at {point}")
        return {name: pid for name, pid in before.items() if _is_dead(pid)}

    def _any_host(self) -> str:
        return self.chance.choice(self._hosts())

    def _hosts(self) -> list[str]:
        return [f"host-{number}" for number in range(int(self.system.settings.get("HOSTS", "2")))]

    def _pids(self, names: Iterable[str]) -> dict[str, int]:
        """Pids by name; one that is being restarted is waited for."""
        wanted = set(names)
        self.system.until(lambda: wanted <= self.system.pids().keys(), RECOVERED_WITHIN_S, f"running: {wanted}")
        return {name: pid for name, pid in self.system.pids().items() if name in wanted}

    def _again(self) -> None:
        assert self.system.launcher is not None
        self.system.launcher.wait()
        self.system.launch()


def _is_dead(pid: int) -> bool:
    """Gone, or dead and not yet waited for by its parent."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _with_descendants(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


_PROJECTIONS = ("ledger", "analytics", "live", "archive", "billing")
_WAYS: dict[str, Callable[[Killer], dict[str, int]]] = {
    "host": Killer.host,
    "supervisor": lambda killer: killer.kill("supervisor"),
    **{name: (lambda killer, name=name: killer.kill(f"projection-{name}")) for name in _PROJECTIONS},  # type: ignore[misc]
    "chdb": lambda killer: killer.kill("clickhouse"),
    "valkey": lambda killer: killer.kill("valkey"),
    "facade": lambda killer: killer.kill("facade"),
    "valkey and host": Killer.valkey_and_host,
    "host while valkey is down": Killer.host_while_valkey_is_down,
    "dedicated": Killer.dedicated,
    "launcher": Killer.launcher,
    "everything": Killer.everything,
}
KINDS = tuple(_WAYS)
"""Every kind of crash; besides, the name of a fault point is one."""


def fault_settings(folder: Path) -> dict[str, str]:
    """Settings of an installation whose fault points can be armed one by one: all of them have fired already."""
    folder.mkdir(parents=True, exist_ok=True)
    for point in FAULT_POINTS:
        marker(folder, point).touch()
    return {"FAULT_POINT": ",".join(FAULT_POINTS), "FAULT_DIR": str(folder)}


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def run_crashes(
    system: Installation,
    kinds: Sequence[str],
    rounds: int,
    seed: int,
    *,
    chargers: int = 220,
    dedicated: int = 2,
    say: Callable[[str], None] = _to_stderr,
) -> Report:
    """`rounds` crashes of each kind in random order, then the audit. Raises RuntimeError when something does not come
    back by itself."""
    say(f"seed {seed}")
    chance = random.Random(seed)
    shared, own = identities(chargers, dedicated)
    system.register(shared, tokens=ID_TAGS)
    system.register(own, isolation="dedicated")
    report = Report(seed, chargers=len(shared) + len(own))
    order = [kind for kind in kinds for _ in range(rounds)]
    chance.shuffle(order)
    url = f"ws://127.0.0.1:{system.ocpp_port}/ocpp"
    with CrashLoad(url, system.folder / "audit.jsonl", chargers=chargers, dedicated=dedicated, seed=seed) as load:
        load.until("ready")
        report.messages_per_s = _rate(load, 5.0)
        say(f"{report.chargers} chargers, {report.messages_per_s:.0f} messages a second")
        for kind in order:
            crash = _crash(system, load, Killer(system, chance), kind)
            report.crashes.append(crash)
            say(f"{kind}: {', '.join(crash.killed)}; served {crash.served_s:.1f} s, ready {crash.ready_s:.1f} s")
        report.drained = bool(load.ask("stop", "result")["drained"])
    await_consumers(system)
    report.findings = audit([load.audit], system.sql, system.clickhouse)
    say(str(report.findings))
    return report


def _rate(load: CrashLoad, seconds: float) -> float:
    """Acknowledgements a second, measured over so long."""
    before = load.ask("rate", "rate")
    time.sleep(seconds)
    after = load.ask("rate", "rate")
    return float((after["acknowledged"] - before["acknowledged"]) / (after["seconds"] - before["seconds"]))


def _crash(system: Installation, load: CrashLoad, killer: Killer, kind: str) -> Crash:
    time.sleep(killer.chance.uniform(0.2, 2.0))  # a random moment
    way = _WAYS.get(kind)
    killed = killer.at(kind) if way is None else way(killer)
    began = time.monotonic()
    load.say("mark")
    system.until(lambda: _replaced(system, killed) and system.is_ready(), RECOVERED_WITHIN_S, f"ready after {kind}")
    ready_s = time.monotonic() - began
    served = load.until("served")
    return Crash(kind, tuple(sorted(killed)), served["all_s"], ready_s, tuple(served["unserved"]))


def _replaced(system: Installation, killed: dict[str, int]) -> bool:
    """Whether each killed process has a successor (others, such as Ray's own, come and go with them)."""
    now = system.pids()
    return all(now.get(name, pid) != pid for name, pid in killed.items() if not name.startswith("child"))


def await_consumers(system: Installation, timeout_s: float = RECOVERED_WITHIN_S) -> None:
    """Wait until nothing is left for SQL and ClickHouse to take over: no lag, and nothing applied for a while."""
    seen: list[tuple[float, dict[str, float]]] = []

    def settled() -> bool:
        found = _lags(system)
        if found is None or any(found[f"{name} lag"] for name in ("ledger", "analytics")):
            seen.clear()
            return False
        if seen and seen[0][1] != found:
            seen.clear()
        seen.append((time.monotonic(), found))
        return time.monotonic() - seen[0][0] > 2.0

    system.until(settled, timeout_s, "without lag")


def _lags(system: Installation) -> dict[str, float] | None:
    """Lag and applied entries of ledger and analytics, None while they do not tell."""
    try:
        text = system.metrics()
    except httpx.HTTPError:
        return None
    found = {}
    for name in ("ledger", "analytics"):
        for metric, short in (("lag_entries", "lag"), ("applied_total", "applied")):
            prefix = f'raycharge_projection_{metric}{{projection="{name}"}}'
            value = next((line.split()[-1] for line in text.splitlines() if line.startswith(prefix)), None)
            if value is None:
                return None
            found[f"{name} {short}"] = float(value)
    return found
