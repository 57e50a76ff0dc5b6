"""A diagnosis says in plain words what is wrong, and what helps."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import SECOND
from engine.diagnosis import words
from engine.diagnosis.diagnose import QUIET_US, diagnose
from engine.diagnosis.picture import ACTIONS, ERROR, OK, SEVERITIES, WARNING, Asked, Picture

NOW = 1_767_225_600 * SECOND
CHARGING = Picture(
    now=NOW,
    link="connected",
    registration="accepted",
    status="Charging",
    state="metered",
    started=NOW - 3600 * SECOND,
    authorisation="Accepted",
    energy_wh=Decimal(7000),
    power_w=Decimal(11000),
    metered=NOW - 30 * SECOND,
    priced=True,
)
ENDED = replace(CHARGING, state="stopped", status="Available", stopped=NOW, settled=True, reason="Local")


def codes(**changes: Any) -> list[str]:
    return [finding.code for finding in diagnose(replace(CHARGING, **changes))]


def test_where_all_is_well_that_is_said() -> None:
    assert [(finding.code, finding.severity) for finding in diagnose(CHARGING)] == [("running_well", OK)]
    assert {finding.severity for finding in diagnose(ENDED)} <= {OK, "info"}


@pytest.mark.parametrize(
    ("changes", "code", "severity", "action"),
    [
        ({"link": "offline"}, "offline", ERROR, "call_site"),
        ({"registration": "pending"}, "not_accepted", ERROR, "maintain"),
        ({"status": "Faulted", "error": "GroundFailure"}, "faulted", ERROR, "maintain"),
        ({"status": "Faulted", "error": "InternalError"}, "faulted", ERROR, "reset"),
        ({"status": "Faulted", "error": "NoError"}, "faulted", ERROR, "reset"),
        ({"error": "WeakSignal"}, "faulted", WARNING, ""),
        ({"status": "Unavailable"}, "unavailable", WARNING, "reset"),
        ({"blocked": "job-1"}, "blocked", WARNING, "maintain"),
        ({"authorisation": "Blocked"}, "token", ERROR, "driver"),
        ({"state": "suspended_evse"}, "suspended_evse", WARNING, "stop"),
        ({"metered": NOW - 2 * QUIET_US}, "no_meter", WARNING, "stop"),
        ({"power_w": Decimal(0)}, "no_power", WARNING, "stop"),
        ({"started": NOW - 90_000 * SECOND}, "long", WARNING, "stop"),
        ({"doubts": ("meter_backwards",)}, "doubt", WARNING, "finance"),
        ({"findings": (("no_issuer", "The network has no issuer."),)}, "review", WARNING, "finance"),
        ({"commands": (Asked("Reset", "TimedOut", NOW),)}, "command", WARNING, "call_site"),
        ({"commands": (Asked("UnlockConnector", "Rejected", NOW),)}, "command", WARNING, "reset"),
    ],
)
def test_each_trouble_is_named_with_what_helps(changes: Any, code: str, severity: str, action: str) -> None:
    worst = diagnose(replace(CHARGING, **changes))[0]
    assert (worst.code, worst.severity, worst.action) == (code, severity, action)


def test_a_car_that_is_full_is_no_trouble() -> None:
    assert codes(state="suspended_ev") == ["suspended_ev", "running_well"]


def test_what_is_worse_comes_first() -> None:
    found = diagnose(replace(CHARGING, state="suspended_evse", status="Faulted", error="HighTemperature"))
    assert [finding.severity for finding in found] == [ERROR, WARNING]


def test_only_the_newest_try_of_a_command_counts() -> None:
    tries = (Asked("Reset", "Accepted", NOW), Asked("Reset", "TimedOut", NOW - 1))
    assert codes(commands=tries) == ["running_well"]
    assert codes(commands=tuple(replace(each, at=-each.at) for each in tries)) == ["command"]


def test_nothing_is_said_of_the_flow_of_a_charger_that_is_away() -> None:
    assert codes(link="offline", metered=NOW - 2 * QUIET_US, power_w=Decimal(0)) == ["offline"]


def test_an_end_is_explained_and_a_broken_one_offers_to_start_again() -> None:
    for reason, (text, _, _, action) in words.REASONS.items():
        found = next(each for each in diagnose(replace(ENDED, reason=reason)) if each.code == "stopped")
        assert (found.text, found.action) == (text, action)
    assert diagnose(replace(ENDED, energy_wh=Decimal(3)))[0].action == "start"
    assert "MyOwn" in next(e for e in diagnose(replace(ENDED, reason="MyOwn")) if e.code == "stopped").said()


def test_why_there_is_no_receipt_is_said() -> None:
    assert "unsettled" in [each.code for each in diagnose(replace(ENDED, settled=False))]
    assert "free" in [each.code for each in diagnose(replace(ENDED, priced=False))]
    (late, *_) = [each for each in diagnose(replace(ENDED, doubts=("late_stop",))) if each.code == "doubt"]
    assert late.severity == "info"


TEXTS = st.sampled_from(["", "Faulted", "connected", "offline", "Rejected", "x{y}", "Other", "stopped", "late_stop"])
TIMES = st.none() | st.integers(0, 2 * NOW)


@given(
    st.builds(
        Picture,
        now=st.just(NOW),
        **dict.fromkeys(
            ("link", "registration", "status", "error", "state", "reason", "authorisation", "blocked"), TEXTS
        ),
        **dict.fromkeys(("started", "stopped", "metered"), TIMES),
        energy_wh=st.none() | st.decimals(-10, 10**6),
        power_w=st.none() | st.decimals(-10, 10**6),
        doubts=st.lists(TEXTS, max_size=3).map(tuple),
        findings=st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple),
        commands=st.lists(st.builds(Asked, TEXTS, TEXTS, st.integers(0, NOW)), max_size=3).map(tuple),
    )
)
def test_any_picture_has_a_diagnosis_that_can_be_said(picture: Picture) -> None:
    found = diagnose(picture)
    assert found
    for finding in found:
        assert finding.severity in SEVERITIES
        assert finding.action in ACTIONS
        named = {name for _, name, _, _ in Formatter().parse(finding.text + finding.advice) if name is not None}
        assert named <= dict(finding.values).keys()
        assert finding.said()
