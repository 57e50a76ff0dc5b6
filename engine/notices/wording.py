"""What drivers are told, in the languages that there are. Pure.

Facts are texts already: amounts with their currency, times on the station's clock. `{…}` names one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from zoneinfo import ZoneInfo

from engine.notices.kinds import CASE_ANSWERED, CHARGING_COMPLETE, FAULT, IDLE_FEE, RECEIPT, START_FAILED

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Wording:
    """A notice in one language: `title` is the letter's subject and the push message's heading."""

    title: str
    text: str


_WORDS: Mapping[str, Mapping[str, Wording]] = {
    "en": {
        CHARGING_COMPLETE: Wording("Charging complete", "{place}: {energy} kWh since {since}.{more}"),
        IDLE_FEE: Wording(
            "Idle fee from {from}",
            "Your car at {place} takes no more energy. From {from} the connector costs {price} a minute.{cap} "
            "Please move your car before then.",
        ),
        FAULT: Wording(
            "Charging was stopped by a fault",
            "{place} reports a fault ({error}); charging ended at {energy} kWh. You pay for what you have taken only.",
        ),
        START_FAILED: Wording("Charging did not start", "{place}: {reason}"),
        RECEIPT: Wording("Your receipt {number}", "{place}: {amount}."),
        CASE_ANSWERED: Wording("Answer to {number}: {subject}", "{answer}"),
    },
    "de": {
        CHARGING_COMPLETE: Wording("Laden abgeschlossen", "{place}: {energy} kWh seit {since}.{more}"),
        IDLE_FEE: Wording(
            "Blockiergebühr ab {from}",
            "Ihr Auto an {place} lädt nicht mehr. Ab {from} kostet der Anschluss {price} je Minute.{cap} "
            "Bitte geben Sie ihn vorher frei.",
        ),
        FAULT: Wording(
            "Laden durch Störung beendet",
            "{place} meldet eine Störung ({error}); das Laden endete bei {energy} kWh. Sie zahlen nur, was Sie geladen "
            "haben.",
        ),
        START_FAILED: Wording("Das Laden hat nicht begonnen", "{place}: {reason}"),
        RECEIPT: Wording("Ihre Rechnung {number}", "{place}: {amount}."),
        CASE_ANSWERED: Wording("Antwort zu {number}: {subject}", "{answer}"),
    },
}

_AT_MOST = {"en": " At most {amount} in all.", "de": " Höchstens {amount} insgesamt."}
_ENDED = {"en": " The session has ended.", "de": " Der Ladevorgang ist beendet."}
_GREETING = {
    "en": "You choose what you are told in your account.",
    "de": "In Ihrem Konto wählen Sie, was Sie erfahren.",
}

_REASONS_DE: Mapping[str, str] = {
    "offline": "Die Ladesäule ist nicht erreichbar. Es wurde nichts berechnet.",
    "not_plugged_in": "Das Kabel wurde nicht rechtzeitig eingesteckt. Es wurde nichts berechnet.",
    "refused_by_charger": "Die Ladesäule hat den Start abgelehnt. Es wurde nichts berechnet.",
    "no_transaction_in_time": "Die Ladesäule hat nicht rechtzeitig begonnen. Es wurde nichts berechnet.",
    "connector_taken": "Hier lädt schon jemand. Es wurde nichts berechnet.",
    "connector_unavailable": "Dieser Anschluss ist gestört oder reserviert. Es wurde nichts berechnet.",
    "under_maintenance": "Dieser Anschluss wird repariert. Es wurde nichts berechnet.",
    "token_refused": "Sie dürfen hier nicht laden. Es wurde nichts berechnet.",
    "payment_declined": "Die Zahlung wurde abgelehnt. Es wurde nichts berechnet.",
    "payment_expired": "Die Zahlung wurde nicht rechtzeitig abgeschlossen. Es wurde nichts berechnet.",
    "failed": "Der Start ist ohne Ihr Zutun fehlgeschlagen. Es wurde nichts berechnet.",
}


def language_of(wanted: str) -> str:
    """The one of ours that comes nearest to a language tag."""
    main = wanted.lower().partition("-")[0]
    return main if main in _WORDS else FALLBACK


def worded(kind: str, language: str, facts: Mapping[str, str]) -> Wording:
    """The notice in the language. Raises KeyError for a kind that there is not, or a fact that is missing."""
    words = _WORDS[language_of(language)][kind]
    return Wording(words.title.format_map(facts), words.text.format_map(facts))


def letter_texts(wording: Wording, language: str, link: str) -> tuple[str, str]:
    """The letter's body as plain text and as HTML; `link` leads to where one sees more, "" to nowhere."""
    foot = _GREETING[language_of(language)]
    text = "\n\n".join(filter(None, (wording.text, link, foot)))
    said = "".join(f"<p>{escape(part)}</p>" for part in wording.text.split("\n") if part.strip())
    more = f'<p><a href="{escape(link, quote=True)}">{escape(link)}</a></p>' if link else ""
    tag = language_of(language)
    return f"{text}\n", f'<html lang="{tag}"><body>{said}{more}<p><small>{escape(foot)}</small></p></body></html>'


def at_most(amount: str, language: str) -> str:
    """The sentence about the most that an idle fee comes to."""
    return _AT_MOST[language_of(language)].format(amount=amount)


def has_ended(language: str) -> str:
    """The sentence that a session is over."""
    return _ENDED[language_of(language)]


def reason_of(ended_as: str, english: str, language: str) -> str:
    """Why a start went nowhere, in the language; `english` is what engine/starts/course.py says."""
    return _REASONS_DE.get(ended_as, english) if language_of(language) == "de" else english


def clock_time(at: int, zone: str) -> str:
    """A moment (microseconds) as the station's clock shows it, with the zone: `14:35 (CEST)`."""
    local = datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(ZoneInfo(zone or "UTC"))
    return f"{local:%H:%M} ({local.tzname()})"
