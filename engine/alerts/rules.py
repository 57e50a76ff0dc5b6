"""Rules as data: what is worth an alert, how bad it is, when it opens and closes, and who is told.

Every kind has a rule out of the box (`RULES`); a network or the installation may have its own instead. Durations are
whole seconds; the other units are in the thresholds' names. `checked` refuses what makes no sense and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from engine.errors import InvalidInput, NotFound

CRITICAL, MAJOR, MINOR, WARNING = "critical", "major", "minor", "warning"
SEVERITIES = (CRITICAL, MAJOR, MINOR, WARNING)
"""The worst first."""

LONGEST_S = 30 * 86_400
MOST_STEPS, MOST_NAMES = 5, 50


@dataclass(frozen=True, slots=True)
class Step:
    """Who is told when nobody has acknowledged for `after_s` seconds; the first step has 0.

    `roles` and `users` are ids of those in the alert's network; `channels` those of delivery channels.
    """

    after_s: int = 0
    roles: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """`hold_s`: how long the condition has to last before the alert opens; `clear_s`: how long it has to be over before
    it closes. `remind_s`: told again after that long while nobody has acknowledged, 0 never. `ignore` are names that do
    not count (security events, doubts, deviations, projections). `opens_job`: a maintenance job comes with the alert.
    """

    kind: str
    severity: str
    thresholds: Mapping[str, int] = field(default_factory=dict)
    hold_s: int = 0
    clear_s: int = 60
    remind_s: int = 0
    steps: tuple[Step, ...] = (Step(roles=("operations",)),)
    ignore: tuple[str, ...] = ()
    opens_job: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Limit:
    """What a threshold may be, and what it is for."""

    least: int
    most: int
    about: str


_WINDOW = Limit(60, LONGEST_S, "Seconds in which they are counted.")
_LASTS = Limit(60, LONGEST_S, "Seconds after the last one until the alert closes by itself.")
_TIMES = Limit(1, 60, "How many within the window open the alert.")
_SEVERAL_TIMES = Limit(2, 60, "How many within the window open the alert; a single one is no trouble.")

LIMITS: Mapping[str, Mapping[str, Limit]] = {
    "faulted": {},
    "offline": {},
    "flapping": {"connections": _SEVERAL_TIMES, "window_s": _WINDOW},
    "boot_loop": {"boots": _SEVERAL_TIMES, "window_s": _WINDOW},
    "session_stuck": {
        "no_progress_s": Limit(60, LONGEST_S, "Seconds without energy, in whatever state the session is."),
        "longest_s": Limit(60, LONGEST_S, "Seconds that a session may last."),
    },
    "no_energy": {},
    "meter_anomaly": {
        "most_kw": Limit(1, 10_000, "Mean power between two looks above which the meter must have jumped, kW."),
        "lasts_s": _LASTS,
    },
    "clock_drift": {"drift_s": Limit(1, 86_400, "Seconds that a station's clock may be off.")},
    "failed_authentication": {"failures": _TIMES, "window_s": _WINDOW},
    "security_event": {"lasts_s": _LASTS},
    "certificate_expiry": {"days": Limit(1, 365, "Days before the end of a certificate without a successor.")},
    "job_failed": {"lasts_s": _LASTS},
    "deviation_spike": {
        "deviations": Limit(1, 1_000_000, "How many within the window open the alert."),
        "window_s": _WINDOW,
    },
    "quarantine": {"lasts_s": _LASTS},
    "consumer_lag": {"lag_s": Limit(1, 86_400, "Age of the oldest entry that was not applied, seconds.")},
    "host_restart": {"restarts": _TIMES, "window_s": _WINDOW},
    "dead_letters": {"lasts_s": _LASTS},
    "journal_full": {"fill_percent": Limit(1, 100, "Used memory of the journal in percent of its limit.")},
    "undelivered": {},
}
"""Kind → its thresholds."""

ABOUT: Mapping[str, str] = {
    "faulted": "A connector or charge point says Faulted.",
    "offline": "A charge point has no connection for longer than `hold_s`.",
    "flapping": "A charge point connects again and again.",
    "boot_loop": "A charge point boots again and again.",
    "session_stuck": "A session gets no energy for long, or lasts far too long.",
    "no_energy": "A session is charging and gets no energy for longer than `hold_s`.",
    "meter_anomaly": "A meter ran backwards or jumped, or a session's registers are in doubt.",
    "clock_drift": "A charge point's clock is off.",
    "failed_authentication": "Tokens or logins are refused at a charge point one after the other.",
    "security_event": "A charge point told of a critical security event.",
    "certificate_expiry": "A certificate of a charge point or of ours ends soon.",
    "job_failed": "Firmware, log or diagnostics could not be had or installed.",
    "deviation_spike": "A charge point leaves the protocol more often than it used to.",
    "quarantine": "A charge point's actor failed so often that it was set aside.",
    "consumer_lag": "A consumer of the journal is behind.",
    "host_restart": "A process of ours was restarted.",
    "dead_letters": "A store refused rows for their content.",
    "journal_full": "The journal's memory is nearly used up.",
    "undelivered": "A channel or webhook takes nothing any more.",
}
"""Kind → what it watches, for people."""

SYSTEM = frozenset({"consumer_lag", "host_restart", "dead_letters", "journal_full"})
"""Kinds about the installation itself: only its own rules count for them."""

_OPERATIONS, _ADMIN = Step(roles=("operations",)), Step(900, roles=("admin",))
_URGENT = (_OPERATIONS, _ADMIN)
_ROUTINE_EVENTS = ("FirmwareUpdated", "ResetOrReboot", "SettingSystemTime", "StartupOfTheDevice")
"""Critical to the specification, and told at every boot."""

_NOT_OF_THE_METER = (
    *("late_stop", "missing_events", "missing_start", "no_begin", "no_release", "no_stop"),
    *("stop_before_start", "unknown_transaction"),
)
"""Doubts about a session that finance looks at, and no technician can mend."""

RULES: Mapping[str, Rule] = {
    rule.kind: rule
    for rule in (
        Rule("faulted", MAJOR, steps=_URGENT, opens_job=True),
        Rule("offline", MAJOR, hold_s=600, steps=_URGENT),
        Rule("flapping", MINOR, {"connections": 6, "window_s": 3600}, clear_s=600),
        Rule("boot_loop", MAJOR, {"boots": 4, "window_s": 1800}, clear_s=600, steps=_URGENT),
        Rule("session_stuck", MINOR, {"no_progress_s": 43_200, "longest_s": 86_400}),
        Rule("no_energy", MAJOR, hold_s=900),
        Rule("meter_anomaly", MINOR, {"most_kw": 1000, "lasts_s": 86_400}, ignore=_NOT_OF_THE_METER),
        Rule("clock_drift", WARNING, {"drift_s": 120}, hold_s=3600, clear_s=600),
        Rule("failed_authentication", MINOR, {"failures": 5, "window_s": 600}, clear_s=600),
        Rule("security_event", MAJOR, {"lasts_s": 86_400}, ignore=_ROUTINE_EVENTS, steps=_URGENT),
        Rule("certificate_expiry", MAJOR, {"days": 14}),
        Rule("job_failed", MINOR, {"lasts_s": 86_400}, clear_s=0),
        Rule("deviation_spike", WARNING, {"deviations": 900, "window_s": 3600}, clear_s=600),
        Rule("quarantine", MAJOR, {"lasts_s": 900}, steps=_URGENT),
        Rule("consumer_lag", CRITICAL, {"lag_s": 60}, hold_s=30, steps=_URGENT),
        Rule("host_restart", MAJOR, {"restarts": 1, "window_s": 900}),
        Rule("dead_letters", MAJOR, {"lasts_s": 86_400}),
        Rule("journal_full", CRITICAL, {"fill_percent": 80}, steps=_URGENT),
        Rule("undelivered", MAJOR, hold_s=3600),
    )
}
"""The rules out of the box."""


def rule_of(kind: str) -> Rule:
    """The rule out of the box. Raises NotFound."""
    if kind not in RULES:
        raise NotFound("There is no rule of this kind.", field="kind", remedy=f"Use one of {', '.join(sorted(RULES))}.")
    return RULES[kind]


def checked(rule: Rule) -> Rule:
    """The rule, if it can be used. Raises InvalidInput that names the field and what would be accepted."""
    rule_of(rule.kind)
    _one_of("severity", rule.severity, SEVERITIES)
    for name in ("hold_s", "clear_s", "remind_s"):
        _between(name, getattr(rule, name), 0, LONGEST_S)
    if 0 < rule.remind_s < 60:
        raise InvalidInput("Nobody is reminded every few seconds.", field="remind_s", remedy="Use 0 or 60 and more.")
    _check_thresholds(rule)
    _check_steps(rule.steps)
    _few("ignore", rule.ignore)
    return rule


def _check_thresholds(rule: Rule) -> None:
    limits = LIMITS[rule.kind]
    for name in rule.thresholds.keys() ^ limits.keys():
        remedy = f"Give exactly {', '.join(sorted(limits))}." if limits else "Leave thresholds out."
        raise InvalidInput(f"{rule.kind} has other thresholds.", field=f"thresholds.{name}", remedy=remedy)
    for name, value in rule.thresholds.items():
        _between(f"thresholds.{name}", value, limits[name].least, limits[name].most)


def _check_steps(steps: tuple[Step, ...]) -> None:
    if len(steps) > MOST_STEPS:
        raise InvalidInput("Too many steps.", field="steps", remedy=f"Use {MOST_STEPS} at most.")
    before = -1
    for number, step in enumerate(steps):
        _between(f"steps.{number}.after_s", step.after_s, 0, LONGEST_S)
        if (number == 0) != (step.after_s == 0) or step.after_s <= before:
            raise InvalidInput(
                "The first step is taken at once, each other one later than the one before.",
                field=f"steps.{number}.after_s",
                remedy="Use 0 for the first, then rising seconds.",
            )
        before = step.after_s
        for each in ("roles", "users", "channels"):
            _few(f"steps.{number}.{each}", getattr(step, each))


def _few(name: str, names: tuple[str, ...]) -> None:
    if len(names) > MOST_NAMES or len(set(names)) != len(names) or not all(0 < len(each) <= 64 for each in names):
        raise InvalidInput(
            "Names are 1 to 64 characters long, and each is there once.",
            field=name,
            remedy=f"Give {MOST_NAMES} different names at most.",
        )


def _between(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidInput(f"{value} is out of bounds.", field=name, remedy=f"Use {least} to {most}.")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidInput(f"{value!r} is none.", field=name, remedy=f"Use one of {', '.join(allowed)}.")


def stored(rule: Rule) -> dict[str, Any]:
    """As JSON, all but the kind."""
    told = {each.name: getattr(rule, each.name) for each in fields(Rule) if each.name not in ("kind", "steps")}
    steps = [{each.name: getattr(step, each.name) for each in fields(Step)} for step in rule.steps]
    return {**told, "thresholds": dict(rule.thresholds), "ignore": list(rule.ignore), "steps": steps}


def read(kind: str, content: Mapping[str, Any]) -> Rule:
    """What `stored` wrote. What this release has and the writer's had not is as it is out of the box."""
    base = rule_of(kind)
    known = {name: content[name] for name in stored(base) if name in content}
    thresholds = {name: known.get("thresholds", {}).get(name, value) for name, value in base.thresholds.items()}
    steps = base.steps
    if "steps" in known:
        steps = tuple(
            Step(step["after_s"], *(tuple(step.get(name, ())) for name in ("roles", "users", "channels")))
            for step in known["steps"]
        )
    ignore = tuple(known.get("ignore", base.ignore))
    plain = {name: value for name, value in known.items() if name not in ("thresholds", "steps", "ignore")}
    values = {each.name: getattr(base, each.name) for each in fields(Rule)} | plain
    return Rule(**values | {"thresholds": thresholds, "steps": steps, "ignore": ignore})


def at_least(severity: str, wanted: str) -> bool:
    """Whether something is as bad as `wanted`, or worse."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(wanted)
