"""What alerts say to people: a title of one line, and the text of letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.alerts.conditions import Subject
from engine.clock import to_iso

Says = Mapping[str, Any]
MOST = 300
"""Characters of a title."""


def title(kind: str, subject: Subject, says: Says) -> str:
    """One line that says what is wrong, and where."""
    words = " ".join(_TITLES[kind](says).replace("\0", " ").split())
    return f"{place(subject)}: {words}"[:MOST]


def place(subject: Subject) -> str:
    """Where, as people name it."""
    if not subject.charge_point:
        return subject.name or "Installation"
    if not subject.connector:
        return subject.charge_point
    return f"{subject.charge_point} connector {subject.evse}/{subject.connector}"


def _faulted(says: Says) -> str:
    error, code = says.get("error", ""), says.get("vendor_error", "")
    words = "faulted" if error in ("", "NoError") else f"faulted, {error}"
    return f"{words}, vendor code {code}" if code else words


def _certificate(says: Says) -> str:
    return f"certificate {says.get('subject', '')} ends {to_iso(says['not_after'])[:10]}"


_TITLES: Mapping[str, Callable[[Says], str]] = {
    "faulted": _faulted,
    "offline": lambda says: "no connection",
    "flapping": lambda says: "connects again and again",
    "boot_loop": lambda says: "boots again and again",
    "session_stuck": lambda says: "a session makes no progress or lasts too long",
    "no_energy": lambda says: "charging without energy",
    "meter_anomaly": lambda says: f"meter in doubt, {says.get('doubt', '')}",
    "clock_drift": lambda says: f"clock is off by {says.get('drift_s', '?')} s",
    "failed_authentication": lambda says: f"refused again and again, {says.get('why', '')}",
    "security_event": lambda says: f"security event {says.get('type', '')} {says.get('info', '')}",
    "certificate_expiry": _certificate,
    "job_failed": lambda says: f"{says.get('job', 'job')} failed, {says.get('status', '')}",
    "deviation_spike": lambda says: f"unusually many deviations, {says.get('deviation', '')}",
    "quarantine": lambda says: "set aside after repeated failures",
    "consumer_lag": lambda says: f"{says.get('lag_s', '?')} s behind the journal",
    "host_restart": lambda says: "restarted",
    "dead_letters": lambda says: f"{says.get('letters', '?')} rows refused for their content",
    "journal_full": lambda says: f"{says.get('fill_percent', '?')} % of the journal's memory used",
    "undelivered": lambda says: f"{says.get('channel', 'a channel')} takes nothing any more, {says.get('error', '')}",
}

_VERBS = {
    "opened": "Opened",
    "escalated": "Nobody has acknowledged",
    "reminded": "Still open",
    "resolved": "Resolved",
    "acknowledged": "Acknowledged",
}


def subject_line(what: str, severity: str, words: str) -> str:
    """A letter's subject. `what` is opened, escalated, reminded, acknowledged or resolved."""
    return f"[{severity}] {words}" if what == "opened" else f"[{severity}] {_VERBS[what]}: {words}"


def letter(what: str, words: str, rows: Sequence[tuple[str, str]]) -> str:
    """A letter's text: what has happened, then name and value of whatever is known."""
    facts = "\n".join(f"{name}: {value}" for name, value in rows if value)
    return f"{_VERBS[what]}: {words}\n\n{facts}\n"


def digest(lines: Sequence[tuple[int, str, str]]) -> str:
    """A letter about what waited for the end of somebody's quiet hours: (when, what, title)."""
    told = "\n".join(f"{to_iso(at)}  {_VERBS[what]}: {words}" for at, what, words in lines)
    return f"While it was quiet:\n\n{told}\n"
