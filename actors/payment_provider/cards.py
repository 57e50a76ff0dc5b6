"""Test cards: what a card does is decided by its number, as real providers' test cards do."""

from __future__ import annotations

from collections.abc import Mapping

APPROVE = "approve"
CARDS: Mapping[str, tuple[str, str]] = {
    "4242424242424242": (APPROVE, "pays"),
    "4000000000000002": ("decline:do_not_honour", "is declined by the bank"),
    "4000000000009995": ("decline:insufficient_funds", "does not have enough money"),
    "4000000000009987": ("decline:lost_or_stolen", "is reported as lost"),
    "4000000000000069": ("decline:expired_card", "has expired"),
    "4000002760003184": ("challenge", "asks for a confirmation, then pays"),
    "4000000000000341": ("capture_fails", "holds money, but does not give it"),
    "4000000000000259": ("capture_fails_once", "gives its money at the second try"),
    "4000000000003220": ("raise_refused", "holds no more than at first"),
    "4000000000000077": ("slow", "pays, but every answer takes its time"),
    "4000000000001000": ("webhook_lost", "pays, and nobody is told"),
    "4000000000001018": ("webhook_twice", "pays, and everything is told twice"),
    "4000000000001026": ("webhook_disordered", "pays, and the latest is told first"),
}
"""Number → what it does, and how the payment page says so."""


def behaviour(number: str) -> str:
    """What a card does. Any other number of a card's form is declined; "" for what is no card's number."""
    digits = number.replace(" ", "")
    if not digits.isdecimal() or not 12 <= len(digits) <= 19 or not _luhn(digits):
        return ""
    return CARDS.get(digits, ("decline:do_not_honour", ""))[0]


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
