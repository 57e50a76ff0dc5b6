"""The letters to those who have a case and no account, in the languages that there are. Pure."""

from __future__ import annotations

from engine.notices.wording import language_of
from engine.outbox.letter import Letter

_CONFIRM = {
    "en": (
        "Please confirm your message {number}",
        "Thank you for your message about {place}. Before anybody reads it, please confirm your address:\n\n{link}\n\n"
        "If you did not write to us, you need not do anything.\n",
    ),
    "de": (
        "Bitte bestätigen Sie Ihre Nachricht {number}",
        "Danke für Ihre Nachricht zu {place}. Bevor sie jemand liest, bestätigen Sie bitte Ihre Adresse:\n\n{link}\n\n"
        "Wenn Sie uns nicht geschrieben haben, müssen Sie nichts tun.\n",
    ),
}
_ANSWER = {
    "en": ("Answer to {number}: {subject}", "{answer}\n\nRead it again:\n{link}\n"),
    "de": ("Antwort zu {number}: {subject}", "{answer}\n\nNachlesen:\n{link}\n"),
}
_CONFIRMED = {
    "en": ("Thank you", "Your message {number} has reached us. We will answer you by e-mail."),
    "de": ("Danke", "Ihre Nachricht {number} ist bei uns. Wir antworten Ihnen per E-Mail."),
}


def confirmation(email: str, network: str, language: str, facts: dict[str, str], expires: int) -> Letter:
    """To somebody who has written from a charger's page: the link makes the case one. `expires` in microseconds.

    Facts: number, place, link.
    """
    subject, body = _CONFIRM[language_of(language)]
    return Letter(
        email,
        "case_confirmation",
        subject.format_map(facts),
        body.format_map(facts),
        language=language_of(language),
        network=network,
        secret=True,
        expires=expires,
        key=f"case:{facts['number']}:confirmation",
    )


def answer(email: str, network: str, language: str, facts: dict[str, str], key: str) -> Letter:
    """To the same, with support's answer. Facts: number, subject, answer, link."""
    subject, body = _ANSWER[language_of(language)]
    return Letter(
        email,
        "case_answered",
        subject.format_map(facts),
        body.format_map(facts),
        language=language_of(language),
        network=network,
        key=key,
    )


def confirmed(language: str, number: str) -> tuple[str, str]:
    """Heading and text of the page that the link leads to."""
    title, text = _CONFIRMED[language_of(language)]
    return title, text.format(number=number)
