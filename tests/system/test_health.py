"""How the system says how it is: metrics with what an operator has to watch, and readiness that is true."""

from __future__ import annotations

import os
import re
import signal

import httpx
import pytest

from loadtest.installation import Installation
from tests.conftest import METRICS_TOKEN
from tests.system.eventually import eventually

pytestmark = pytest.mark.system


def metrics(system: Installation) -> dict[str, float]:
    """All samples, by name and labels."""
    answer = system.http.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    answer.raise_for_status()
    lines = (line.rpartition(" ") for line in answer.text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_nobody_who_is_waited_for_may_be_pushed_aside(system: Installation) -> None:
    """Ray gives its workers niceness 15 unless it is told otherwise."""
    pids = system.pids()
    for name in ("host-0", "host-1", "facade", "projection-ledger"):
        assert os.getpriority(os.PRIO_PROCESS, pids[name]) == 0, name


def test_the_metrics_tell_what_an_operator_has_to_watch(system: Installation) -> None:
    samples = metrics(system)
    for projection in ("ledger", "analytics", "live", "archive", "billing"):
        assert samples[f'raycharge_projection_running{{projection="{projection}"}}'] == 1
        assert f'raycharge_projection_lag_seconds{{projection="{projection}"}}' in samples
        assert samples[f'raycharge_projection_lag_entries{{projection="{projection}"}}'] >= 0
    for host in ("host-0", "host-1"):
        assert samples[f'raycharge_host_loop_blocked_total{{host="{host}"}}'] >= 0
        assert samples[f'raycharge_host_resident_bytes{{host="{host}"}}'] > 1_000_000
        assert samples[f'raycharge_gateway_accepted_total{{host="{host}"}}'] >= 0
    assert 0 <= samples["raycharge_journal_fill_ratio"] < 1
    assert all(re.fullmatch(r"[a-z_:][a-z0-9_:]*(\{.*\})?", name) for name in samples)


def test_metrics_are_not_for_everybody(system: Installation) -> None:
    assert system.http.get("/metrics").status_code == 401
    wrong = system.http.get("/metrics", headers={"Authorization": "Bearer not-" + METRICS_TOKEN})
    assert wrong.status_code == 401


async def test_a_consumer_that_hangs_is_reported_and_replaced(system: Installation) -> None:
    pid = system.pids()["projection-archive"]
    os.kill(pid, signal.SIGSTOP)
    try:
        told = await eventually(lambda: broken(system), "reported", within_s=40)
        assert [error["field"] for error in told["errors"]] == ["projection-archive"]
        assert told["status"] == 503
    finally:
        if system.pids().get("projection-archive") == pid:
            os.kill(pid, signal.SIGCONT)
    await eventually(lambda: system.http.get("/readyz").status_code == 200, "ready again", within_s=60)
    assert system.http.get("/healthz").status_code == 200


def broken(system: Installation) -> dict[str, object] | None:
    """The problem that /readyz tells, None while it is content."""
    answer: httpx.Response = system.http.get("/readyz")
    if answer.status_code == 200:
        return None
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, object] = answer.json()
    return told
