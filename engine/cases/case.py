"""A support case as it is written down, and what can be one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from engine.cases.course import CATEGORIES, WITH_SUPPORT
from engine.errors import InvalidInput
from engine.stores.sql.tables.cases import case_messages, support_cases

DRIVER, SUPPORT, SYSTEM = "driver", "support", "system"
"""Whose side a message is from."""

MAX_SUBJECT, MAX_TEXT = 120, 4000
MOST_MESSAGES = 200
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LINK_KINDS = ("command", "payment", "receipt", "session", "alert", "maintenance_job")


@dataclass(frozen=True, slots=True)
class Case:
    """Times in microseconds. `driver` is "" for who has no account; then `email` is all that is known of them."""

    id: str
    number: str
    network: str
    station: str
    charge_point: str
    evse: int
    connector: int
    session: str
    driver: str
    email: str
    language: str
    category: str
    subject: str
    state: str
    assignee: str
    resolution: str
    waiting_since: int
    first_answer: int | None
    closed: int | None
    version: int
    created: int
    updated: int

    @property
    def waits(self) -> bool:
        """Whether somebody waits for support."""
        return self.state in WITH_SUPPORT


COLUMNS = [support_cases.c[field.name] for field in fields(Case)]


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `side` is driver, support or system. What is `internal` is for support alone. `at` in µs."""

    id: str
    at: int
    side: str
    author: str
    author_label: str
    internal: bool
    text: str


MESSAGE_COLUMNS = [case_messages.c[field.name] for field in fields(Message)]


@dataclass(frozen=True, slots=True)
class NewCase:
    """What somebody asks. `session`, or charge point and connector, say what it is about; neither: the account."""

    category: str
    subject: str
    text: str
    session: str = ""
    charge_point: str = ""
    evse: int = 0
    connector: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """Something that belongs to a case. `at` in microseconds."""

    kind: str
    subject: str
    author: str
    at: int


def fresh_number() -> str:
    """How people call a case: `C-7K2M9QXV`."""
    return "C-" + "".join(secrets.choice(_LETTERS) for _ in range(8))


def check_case(new: NewCase) -> None:
    """Raise InvalidInput for what cannot be a case."""
    if new.category not in CATEGORIES:
        raise InvalidInput(
            f"There is no category {new.category!r}.", field="category", remedy=f"Use one of: {', '.join(CATEGORIES)}."
        )
    if not 1 <= len(new.subject.strip()) <= MAX_SUBJECT:
        raise InvalidInput(f"A subject has 1 to {MAX_SUBJECT} characters.", field="subject", remedy="Say it shorter.")
    checked_text(new.text)


def checked_text(text: str) -> str:
    """A message without blanks around it. Raises InvalidInput."""
    words = text.strip()
    if not 1 <= len(words) <= MAX_TEXT:
        raise InvalidInput(f"A message has 1 to {MAX_TEXT} characters.", field="text", remedy="Write two messages.")
    return words


def audited(case: Case) -> Mapping[str, Any]:
    """What the audit log keeps of a case: nothing that a person wrote."""
    return {
        name: getattr(case, name) for name in ("number", "category", "state", "assignee", "charge_point", "session")
    }
