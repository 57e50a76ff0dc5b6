"""From an event of the journal to what it says about conditions. Pure, but for what a `Look` remembers.

A `Telling` names the rule and the subject, and has the rule say which signal it is: thresholds are the network's own.
What is said about a session each minute is thinned here, so that it costs SQL next to nothing: the deadline is moved on
only when a quarter of its time has gone by, and lies that much later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.alerts.machine import Awaits, Counts, Ended, Holds, Signal
from engine.alerts.rules import Rule
from engine.charging.kept.security_events import is_critical
from engine.clock import SECOND

Event = Mapping[str, Any]

KINDS = frozenset(
    {
        *("status", "link", "boot", "job", "security_event", "deviation", "actor"),
        *("session.started", "session.identified", "session.changed", "session.stopped", "session.amended"),
    }
)
"""The kinds of events that say something."""

_REFUSED = frozenset({"Invalid", "Blocked", "Expired", "NoCredit"})
_FAILED_LOGINS = frozenset(
    {
        *("FailedToAuthenticateAtCsms", "FailedToAuthenticateAtCentralSystem"),
        *("CsmsFailedToAuthenticate", "CentralSystemFailedToAuthenticate"),
    }
)
_CHARGING = frozenset({"started", "metered"})
_SEVERAL = frozenset({"flapping", "boot_loop"})
_SINGLE_US = 86_400 * SECOND
"""After so long another connection or boot is a single one again; no rule counts over a longer time."""
MOST_REMEMBERED = 100_000
"""Sessions, and charge points whose clock is right, that one process remembers."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about. `name` is what is no connector: a session, a job, a projection."""

    charge_point: str = ""
    evse: int | None = None
    connector: int | None = None
    name: str = ""

    def key(self, kind: str) -> str:
        """The one of this kind about this subject."""
        place = "" if self.connector is None else f"/{self.evse}/{self.connector}"
        return f"{kind}|{self.charge_point.lower()}{place}|{self.name}"


@dataclass(frozen=True, slots=True)
class Telling:
    """`signal` is None where the rule does not care. `says` goes into the alert; `again` counts as a repeat."""

    kind: str
    subject: Subject
    signal: Callable[[Rule], Signal | None]
    says: Mapping[str, Any] = field(default_factory=dict)
    again: bool = False
    over: bool = False
    """It says that all is well, whatever the rule: no news where nobody has worried."""


@dataclass(slots=True)
class _Session:
    """What is remembered of a session: until when its deadlines are good, and its register at `believed`."""

    state: str
    energy: Decimal
    believed: int
    moved: dict[str, int] = field(default_factory=dict)


class Look:
    """Looks at events. Forgetting everything costs a few rows more, and no alert."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}
        self._right_clocks: set[str] = set()
        self._singles: dict[str, tuple[int, Telling | None]] = {}

    def forget(self) -> None:
        """Drop what is remembered."""
        self._sessions.clear()
        self._right_clocks.clear()
        self._singles.clear()

    def at(self, event: Event) -> Iterator[Telling]:
        """What the event says."""
        for telling in self._all_at(event):
            if telling.kind in _SEVERAL:
                yield from self._several(telling, event["received"])
            else:
                yield telling

    def _several(self, telling: Telling, at: int) -> Iterator[Telling]:
        """A connection or boot that stands alone is no trouble and told to nobody, until there is another one.

        Every station makes one when a host starts: thousands at once. A process that dies forgets the single ones.
        """
        key = telling.subject.key(telling.kind)
        before, kept = self._singles.get(key, (0, None))
        if at - before >= _SINGLE_US:
            if len(self._singles) >= MOST_REMEMBERED:
                self._singles.clear()
            self._singles[key] = (at, telling)
            return
        self._singles[key] = (at, None)
        if kept is not None:
            yield kept
        yield telling

    def _all_at(self, event: Event) -> Iterator[Telling]:
        kind = event["kind"]
        if kind.startswith("session."):
            yield from self._session(event, kind)
        else:
            yield from _PLAIN[kind](event)
        if event.get("said") is not None and kind in ("status", "security_event", "session.started"):
            yield from self._clock(event)

    def _session(self, event: Event, kind: str) -> Iterator[Telling]:
        if kind in ("session.started", "session.identified"):
            yield from _refusals(event)
        if kind == "session.started":
            yield from self._progress(event, "started", Decimal(0), event["believed"])
        elif kind == "session.changed":
            yield from self._changed(event)
        elif kind in ("session.stopped", "session.amended"):
            self._sessions.pop(event["session"], None)
            subject, at = _of_session(event), event["received"]
            yield from (_over(each, subject, at) for each in ("session_stuck", "no_energy"))
            yield from _doubts(event)

    def _changed(self, event: Event) -> Iterator[Telling]:
        energy, known = Decimal(event["energy_wh"]), self._sessions.get(event["session"])
        if known is not None and known.state == event["state"] and energy == known.energy:
            return
        if known is not None:
            yield from _jump(event, known.energy, energy, known.believed)
        yield from self._progress(event, event["state"], energy, None)

    def _progress(self, event: Event, state: str, energy: Decimal, started: int | None) -> Iterator[Telling]:
        """Energy flowed, or the state is another one: what was awaited has happened."""
        if len(self._sessions) >= MOST_REMEMBERED:
            self._sessions.clear()
        session, at = event["session"], event["received"]
        known = self._sessions.get(session)
        moved = {} if known is None else known.moved
        self._sessions[session] = _Session(state, energy, event["believed"], moved)
        subject, says = _of_session(event), {"session": session, "state": state}
        if started is not None:
            says["started"] = started
        if (known is None or energy != known.energy) and at >= moved.get("session_stuck", 0):
            yield Telling("session_stuck", subject, lambda rule: _stuck(rule, moved, at), says)
        if state in _CHARGING and at >= moved.get("no_energy", 0):
            yield Telling("no_energy", subject, lambda rule: _await("no_energy", rule.hold_s, moved, at), says)
        elif state not in _CHARGING and (known is None or known.state in _CHARGING):
            moved.pop("no_energy", None)
            yield _over("no_energy", subject, at)

    def _clock(self, event: Event) -> Iterator[Telling]:
        """The least lag counts: what waited in a queue makes a clock wrong only until something comes at once."""
        charge_point, lag = event["charge_point"], event["received"] - event["believed"]
        at, off = event["received"], abs(lag)

        def signal(rule: Rule) -> Signal:
            wrong = off >= rule.thresholds["drift_s"] * SECOND
            return Holds(at, rule.hold_s * SECOND) if wrong else Ended(at)

        if off < SECOND:
            if charge_point in self._right_clocks:
                return
            if len(self._right_clocks) >= MOST_REMEMBERED:
                self._right_clocks.clear()
            self._right_clocks.add(charge_point)
        else:
            self._right_clocks.discard(charge_point)
        # Where nothing was off, no limit that somebody may set makes it so.
        says = {"drift_s": round(-lag / SECOND, 1)}
        yield Telling("clock_drift", Subject(charge_point), signal, says, over=off < SECOND)


def _await(name: str, within_s: int, moved: dict[str, int], at: int) -> Signal:
    """The deadline a quarter later than asked for: it need not be moved on before that quarter is over."""
    quarter = within_s * SECOND // 4
    moved[name] = at + quarter
    return Awaits(at, at + within_s * SECOND + quarter)


def _stuck(rule: Rule, moved: dict[str, int], at: int) -> Signal:
    return _await("session_stuck", rule.thresholds["no_progress_s"], moved, at)


def _of_session(event: Event) -> Subject:
    return Subject(event["charge_point"], event["evse"], event["connector"], event["session"])


def _jump(event: Event, before: Decimal, after: Decimal, since: int) -> Iterator[Telling]:
    """A register that fell, or rose faster than any charger gives. By the station's times: values may have queued."""
    hours = Decimal(max(event["believed"] - since, 60 * SECOND)) / (3600 * SECOND)
    kw = (after - before) / hours / 1000
    at = event["received"]

    def signal(rule: Rule) -> Signal | None:
        odd = after < before or kw > rule.thresholds["most_kw"]
        return _pulse(rule, at) if odd else None

    if after < before or kw > 1:
        says = {"doubt": "meter_backwards" if after < before else "meter_jump", "session": event["session"]}
        yield Telling("meter_anomaly", _connector(event), signal, says, again=True)


def _doubts(event: Event) -> Iterator[Telling]:
    at = event["received"]
    for doubt in event["doubts"]:
        says = {"doubt": doubt, "session": event["session"]}
        yield Telling("meter_anomaly", _connector(event), _unless_ignored(doubt, at), says, again=True)


def _refusals(event: Event) -> Iterator[Telling]:
    if event["authorisation"] in _REFUSED:
        yield _failure(event, event["authorisation"])


def _failure(event: Event, why: str) -> Telling:
    at = event["received"]
    says = {"why": why}
    return Telling("failed_authentication", Subject(event["charge_point"]), _counted("failures", at), says, again=True)


# --- events that need no memory --------------------------------------------------------------------------------------


def _status(event: Event) -> Iterator[Telling]:
    at = event["received"]
    if event["status"] != "Faulted":
        yield _over("faulted", _connector(event), at)
        return
    says = {name: event[name] for name in ("error", "vendor_error", "info", "vendor") if event[name]}
    yield Telling("faulted", _connector(event), lambda rule: Holds(at, rule.hold_s * SECOND), says, again=True)


def _link(event: Event) -> Iterator[Telling]:
    at, subject = event["received"], Subject(event["charge_point"])
    if event["link"] == "connected":
        yield _over("offline", subject, at)
        # Without a code of an earlier end: told again because something else about the connection is known now.
        if not event["reason"]:
            yield Telling("flapping", subject, _counted("connections", at), again=True)
    elif event["link"] in ("reconnecting", "offline"):
        says = {"since": at, "close_code": event["close_code"], "reason": event["reason"]}
        yield Telling("offline", subject, lambda rule: Holds(at, rule.hold_s * SECOND), says)


def _boot(event: Event) -> Iterator[Telling]:
    at = event["received"]
    says = {"reason": event["reason"], "firmware": event["firmware"]}
    if not event["command"]:
        yield Telling("boot_loop", Subject(event["charge_point"]), _counted("boots", at), says, again=True)


def _job(event: Event) -> Iterator[Telling]:
    at, subject = event["received"], Subject(event["charge_point"], name=event["job"])
    if event["state"] == "failed":
        says = {"job": event["job"], "status": event["status"], "info": event["info"], "command": event["command"]}
        yield Telling("job_failed", subject, _unless_ignored(event["status"], at), says, again=True)
    elif event["state"] == "done" and event["status"] != "Idle":
        yield _over("job_failed", subject, at)


def _security_event(event: Event) -> Iterator[Telling]:
    at, kind = event["received"], event["type"]
    if kind in _FAILED_LOGINS:
        yield _failure(event, kind)
    if is_critical(kind):
        subject = Subject(event["charge_point"], name=kind)
        says = {"type": kind, "info": event["info"]}
        yield Telling("security_event", subject, _unless_ignored(kind, at), says, again=True)


def _deviation(event: Event) -> Iterator[Telling]:
    at, many, name = event["received"], event["count"], event["name"]

    def signal(rule: Rule) -> Signal | None:
        limits = rule.thresholds
        return None if name in rule.ignore else Counts(at, limits["deviations"], limits["window_s"] * SECOND, many)

    says = {"deviation": name, "detail": event["detail"]}
    yield Telling("deviation_spike", Subject(event["charge_point"], name=name), signal, says, again=True)


def _actor(event: Event) -> Iterator[Telling]:
    at, subject = event["received"], Subject(event["charge_point"])
    if event["state"] == "quarantined":
        yield Telling("quarantine", subject, lambda rule: _pulse(rule, at), {"error": event["error"]}, again=True)


def _over(kind: str, subject: Subject, at: int) -> Telling:
    return Telling(kind, subject, lambda _: Ended(at), over=True)


def _connector(event: Event) -> Subject:
    return Subject(event["charge_point"], event["evse"], event["connector"])


def _pulse(rule: Rule, at: int) -> Signal:
    return Counts(at, 1, rule.thresholds["lasts_s"] * SECOND)


def _unless_ignored(name: str, at: int) -> Callable[[Rule], Signal | None]:
    return lambda rule: None if name in rule.ignore else _pulse(rule, at)


def _counted(threshold: str, at: int) -> Callable[[Rule], Signal]:
    return lambda rule: Counts(at, rule.thresholds[threshold], rule.thresholds["window_s"] * SECOND)


_PLAIN: Mapping[str, Callable[[Event], Iterator[Telling]]] = {
    "status": _status,
    "link": _link,
    "boot": _boot,
    "job": _job,
    "security_event": _security_event,
    "deviation": _deviation,
    "actor": _actor,
}
