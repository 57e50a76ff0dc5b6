"""What is wrong with a session, in plain words, and what would help: pure, from one picture of it.

Each rule looks at one thing and knows nothing of the others; what is worse comes first. If no rule has anything to say
that needs somebody, all is well, and that is said, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from engine.clock import SECOND
from engine.diagnosis import words
from engine.diagnosis.picture import (
    CALL_SITE,
    DRIVER,
    ERROR,
    FINANCE,
    INFO,
    MAINTAIN,
    NOTHING,
    OK,
    RESET,
    SEVERITIES,
    START,
    STOP,
    WARNING,
    Finding,
    Picture,
)

QUIET_US = 10 * 60 * SECOND
"""For so long a running session may be without a meter value, and Charging without power, before it is stuck."""

LONG_US = 24 * 3600 * SECOND
"""A session that runs for longer is looked at."""

LITTLE_WH = Decimal(50)
"""Less than this is as good as nothing."""

_GOOD = ("", "NoError")
_REFUSED = ("Rejected", "Failed", "TimedOut", "NotConnected", "Expired")
_Rule = Callable[[Picture], Iterator[Finding]]


def diagnose(picture: Picture) -> list[Finding]:
    """The findings, the worst first; one of severity `ok` where nothing needs anybody."""
    found = [finding for rule in _RULES for finding in rule(picture)]
    if not any(finding.severity in (ERROR, WARNING) for finding in found):
        found.append(_all_well(picture))
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _all_well(picture: Picture) -> Finding:
    if picture.running:
        return Finding("running_well", OK, "It is charging, and nothing is wrong.")
    return Finding("ended_well", OK, "It has ended as it should.")


def _link(picture: Picture) -> Iterator[Finding]:
    if picture.link in ("offline", "reconnecting"):
        yield Finding(
            "offline",
            ERROR,
            "The charger is offline. What is sent to it now does not arrive.",
            "What it has charged meanwhile is told when it is back. Ask somebody at the site to look at its power "
            "and network.",
            CALL_SITE,
        )
    if picture.connected and picture.registration in ("pending", "rejected"):
        yield Finding(
            "not_accepted",
            ERROR,
            "The charger is connected, but has not been accepted: it is {registration}.",
            "Operations have to accept it before it can charge.",
            MAINTAIN,
            (("registration", picture.registration),),
        )


def _connector(picture: Picture) -> Iterator[Finding]:
    if picture.status == "Faulted" or picture.error not in _GOOD:
        unknown = ("The charger reports the error {error}.", "Reset the charger.", RESET)
        text, advice, action = words.ERRORS.get(picture.error, unknown)
        if picture.error in _GOOD:
            text, advice, action = (
                "The connector is faulted; the charger does not say why.",
                "Reset the charger.",
                RESET,
            )
        values = (("error", picture.error), ("vendor_error", picture.vendor_error))
        yield Finding("faulted", ERROR if picture.status == "Faulted" else WARNING, text, advice, action, values)
    if picture.status == "Unavailable":
        yield Finding(
            "unavailable",
            WARNING,
            "The connector is out of service.",
            "If nobody has switched it off on purpose, make it available again or reset the charger.",
            RESET,
        )
    if picture.blocked:
        text = "The connector is kept from drivers by a maintenance job."
        yield Finding("blocked", WARNING, text, "Close the job first.", MAINTAIN, (("job", picture.blocked),))


def _token(picture: Picture) -> Iterator[Finding]:
    if picture.authorisation not in ("", "Accepted"):
        text = words.STANDINGS.get(picture.authorisation, "The token was not accepted: {standing}.")
        advice = "Look at the driver's token; another card or the app may do."
        yield Finding("token", ERROR, text, advice, DRIVER, (("standing", picture.authorisation),))


def _flow(picture: Picture) -> Iterator[Finding]:
    """Whether a running session gets energy, as far as the charger is there to say so."""
    if not picture.running or not picture.connected:
        return
    last = max(picture.metered or 0, picture.started or 0)
    if picture.state == "suspended_ev":
        text = "The car takes no energy: it is full, waits for its timer, or limits itself."
        yield Finding("suspended_ev", INFO, text, "Ask the driver to look at the car's settings.", DRIVER)
    elif picture.state == "suspended_evse":
        text = "The charger gives no energy at the moment: a limit, or its own protection."
        advice = "If no limit is meant, stop it and start again; then reset the charger."
        yield Finding("suspended_evse", WARNING, text, advice, STOP)
    elif last and picture.now - last > QUIET_US:
        minutes = str((picture.now - last) // (60 * SECOND))
        text = "It should be charging, but no meter value has come for {minutes} minutes."
        yield Finding("no_meter", WARNING, text, "Stop it and start again.", STOP, (("minutes", minutes),))
    elif picture.power_w is not None and picture.power_w <= 0 and picture.now - (picture.started or 0) > QUIET_US:
        text = "It says that it is charging, but no power flows."
        yield Finding("no_power", WARNING, text, "Stop it and start again.", STOP)
    if picture.started is not None and picture.now - picture.started > LONG_US:
        text = "It has been running for more than a day."
        yield Finding("long", WARNING, text, "Ask whether the car is still there; then stop it.", STOP)


def _end(picture: Picture) -> Iterator[Finding]:
    if picture.running:
        return
    unknown = ("The charger stopped it: {reason}.", "", INFO, NOTHING)
    text, advice, severity, action = words.REASONS.get(picture.reason, unknown)
    yield Finding("stopped", severity, text, advice, action, (("reason", picture.reason),))
    if picture.energy_wh is not None and picture.energy_wh < LITTLE_WH and picture.authorisation in ("", "Accepted"):
        text = "Next to no energy was charged."
        yield Finding("no_energy", WARNING, text, "Start charging again; if that fails, reset the charger.", START)


def _commands(picture: Picture) -> Iterator[Finding]:
    """The newest outcome of each kind of command, where it was none that helps."""
    newest = {asked.action: asked for asked in sorted(picture.commands, key=lambda asked: asked.at)}
    for asked in newest.values():
        if asked.outcome not in _REFUSED:
            continue
        text = {
            "Rejected": "The charger refused {action}.",
            "Failed": "The charger could not carry out {action}.",
            "TimedOut": "The charger did not answer {action} in time.",
        }.get(asked.outcome, "{action} did not reach the charger.")
        helps = ("Somebody at the site has to switch it off and on.", CALL_SITE) if asked.action == "Reset" else None
        advice, action = helps or ("If it is needed still, reset the charger.", RESET)
        values = (("action", asked.action), ("outcome", asked.outcome), ("error", asked.error))
        yield Finding("command", WARNING, text, advice, action, values)


def _money(picture: Picture) -> Iterator[Finding]:
    for doubt in picture.doubts:
        text = words.DOUBTS.get(doubt, "Something about it is doubtful: {doubt}.")
        severity = INFO if doubt == "late_stop" else WARNING
        yield Finding("doubt", severity, text, "Finance looks at it before it is billed.", FINANCE, (("doubt", doubt),))
    for name, text in picture.findings:
        if name not in picture.doubts:
            values = (("finding", text),)
            yield Finding("review", WARNING, "There is no receipt yet: {finding}", "Finance decides.", FINANCE, values)
    if not picture.running and not picture.settled:
        yield Finding("unsettled", INFO, "Its price is not final yet: the connector may still cost idle time.")
    if picture.settled and not picture.priced and not picture.doubts and not picture.findings:
        yield Finding("free", INFO, "It costs nothing: no tariff held when it began.")


_RULES: tuple[_Rule, ...] = (_link, _connector, _token, _flow, _end, _commands, _money)
