"""What drivers are told, in their words: what a plug is called, how a connector stands, why a start went nowhere.

The API says these things in codes; here every code has its text, which the catalogues translate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from api.drive.figures import money
from api.ui.client import ProblemError
from api.ui.texts import N_, _, language

PLUGS: Mapping[str, str] = {
    "IEC_62196_T2": N_("Type 2"),
    "IEC_62196_T2_COMBO": N_("CCS"),
    "IEC_62196_T1": N_("Type 1"),
    "IEC_62196_T1_COMBO": N_("CCS 1"),
    "CHADEMO": N_("CHAdeMO"),
    "GBT_AC": N_("GB/T AC"),
    "GBT_DC": N_("GB/T DC"),
    "TESLA_S": N_("Tesla"),
}
"""Others are called by their name in OCPI."""

STANDS: Mapping[str, tuple[str, str, str]] = {
    "free": ("good", "✓", N_("Free")),
    "occupied": ("busy", "●", N_("In use")),
    "reserved": ("wait", "◷", N_("Reserved")),
    "out_of_order": ("bad", "!", N_("Out of order")),
    "unknown": ("off", "?", N_("Not reachable")),
}
"""Availability → tone, sign and word: never a colour alone."""

STEPS: Mapping[str, str] = {
    "requested": N_("One moment …"),
    "paying": N_("Please pay first. Nothing is charged before you charge."),
    "commanding": N_("We ask the charger to start …"),
    "waiting": N_("Plug in now. The charger waits for your car."),
    "charging": N_("Charging"),
}

FLOWS: Mapping[str, str] = {
    "Charging": N_("Charging"),
    "SuspendedEV": N_("Your car takes no energy at the moment"),
    "SuspendedEVSE": N_("The charger has paused: it will go on by itself"),
    "Finishing": N_("Charging is finished: you can unplug"),
    "Preparing": N_("Getting ready"),
    "Faulted": N_("The charger reports a fault"),
    "Offline": N_("The charger is offline at the moment; what it measures is kept and told later"),
    "Reconnecting": N_("The charger is connecting again"),
}

ENDS: Mapping[str, tuple[str, str]] = {
    "completed": (N_("Done"), N_("The session is over. Thank you!")),
    "offline": (N_("The charger is not connected"), N_("Try another connector, or come back in a few minutes.")),
    "not_plugged_in": (
        N_("The cable was not plugged in in time"),
        N_("Start again and plug in when you are asked to."),
    ),
    "refused_by_charger": (
        N_("The charger did not accept the start"),
        N_("Unplug, plug in again and start once more, or try another connector."),
    ),
    "no_transaction_in_time": (
        N_("The charger did not begin in time"),
        N_("Check that the plug sits tight and the car is locked, then start again."),
    ),
    "connector_taken": (N_("Somebody else is charging here"), N_("Choose another connector.")),
    "connector_unavailable": (N_("This connector is out of order or reserved"), N_("Choose another connector.")),
    "token_refused": (N_("You may not charge here"), N_("Ask your operator, or pay without an account.")),
    "payment_declined": (N_("The payment was declined"), N_("Try another card.")),
    "payment_expired": (N_("The payment was not finished in time"), N_("Start again and pay within a few minutes.")),
    "cancelled": (N_("You have cancelled"), N_("You can start again whenever you like.")),
    "failed": (
        N_("It could not be started, through no fault of yours"),
        N_("Try again or choose another connector. If it happens again, report a problem."),
    ),
}
"""How a start ended → what happened, and what to do now. But for `completed` nothing was charged."""

REASONS: Mapping[str, str] = {
    "Local": N_("stopped at the charger"),
    "Remote": N_("stopped in the app"),
    "EVDisconnected": N_("unplugged"),
    "EmergencyStop": N_("stopped by the emergency button"),
    "PowerLoss": N_("stopped by a loss of power"),
    "DeAuthorized": N_("stopped: not authorised"),
}

WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


def plug(kind: str) -> str:
    return _(PLUGS[kind]) if kind in PLUGS else kind.replace("_", " ").title()


def stands(availability: str) -> tuple[str, str, str]:
    tone, sign, word = STANDS.get(availability, STANDS["unknown"])
    return tone, sign, _(word)


def flow(live: Mapping[str, Any] | None) -> str:
    """What goes on at the connector while it charges; the last that is known where nobody says."""
    return _(FLOWS.get(live["status"] if live else "Charging", FLOWS["Charging"]))


def ended(how: str) -> tuple[str, str]:
    """What happened, and what to do now."""
    what, next_step = ENDS.get(how, ENDS["failed"])
    return _(what), _(next_step)


def step(state: str) -> str:
    return _(STEPS.get(state, STEPS["requested"]))


def reason(how: str) -> str:
    return _(REASONS[how]) if how in REASONS else ""


def of_problem(problem: ProblemError) -> str:
    """The API's own words, and what to do."""
    if problem.status == 404:
        return _("There is no such page or it is not yours.")
    return f"{problem.detail} {problem.remedy}".strip()


def tariff_lines(tariff: Mapping[str, Any] | None) -> list[str]:
    """The price in words, a sentence each; what the operator wrote in the reader's language comes first."""
    if tariff is None:
        return [_("Charging is free here.")]
    price, currency = tariff["price"], tariff["price"]["currency"]
    written = tariff["text"].get(language())
    if written:
        return [written]
    lines = [words(money(price[name], currency)) for name, words in _PRICED.items() if price[name] is not None]
    if price["idle"] is not None:
        lines.append(
            _(
                "{amount} per minute for a full car that stays longer than {grace} minutes",
                amount=money(price["idle"], currency),
                grace=price["idle_grace_s"] // 60,
            )
        )
    if price["varies"]:
        lines.append(_("The price depends on time or amount; these are the prices now."))
    return lines


_PRICED: Mapping[str, Callable[[str], str]] = {
    "energy": lambda amount: _("{amount} per kWh", amount=amount),
    "time": lambda amount: _("{amount} per hour of charging", amount=amount),
    "parking": lambda amount: _("{amount} per hour without charging", amount=amount),
    "flat": lambda amount: _("{amount} per session", amount=amount),
}


def glance(tariff: Mapping[str, Any] | None) -> str:
    """The price in one short line."""
    if tariff is None:
        return _("Free of charge")
    price = tariff["price"]
    for name, words in _PRICED.items():
        if price[name] is not None:
            return words(money(price[name], price["currency"]))
    return _("See the tariff")


def opening(hours: Mapping[str, Any] | None) -> list[str]:
    """Opening hours, a line a stretch of days with the same hours."""
    if hours is None:
        return [_("Opening hours are not known.")]
    if hours["twentyfourseven"]:
        return [_("Open day and night")]
    by_day: list[tuple[str, list[str]]] = []
    for number in range(1, 8):
        spans = [p for p in hours["regular_hours"] or () if p["weekday"] == number]
        text = ", ".join(f"{p['period_begin']}–{p['period_end']}" for p in spans) or _("closed")
        if by_day and by_day[-1][0] == text:
            by_day[-1][1].append(_(WEEKDAYS[number - 1]))
        else:
            by_day.append((text, [_(WEEKDAYS[number - 1])]))
    return [f"{days[0]}–{days[-1]} {text}" if len(days) > 1 else f"{days[0]} {text}" for text, days in by_day]
