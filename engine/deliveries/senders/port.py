"""What a way out is given and what it answers. None of them raises for what is the receiver's trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

EMAIL, APPRISE, WEBHOOK = "email", "apprise", "webhook"
CHANNEL_KINDS = (EMAIL, APPRISE, WEBHOOK)
MAX_ERROR = 500
"""Characters of a failure's text that are kept."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: address in the clear, and for webhooks the secrets to sign with, the one in force first."""

    kind: str
    address: str
    secrets: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it leaves. `created` in microseconds; `attempt` counts from 1.

    `uncertain`: somebody died with it in hand, so that it may have arrived already.
    """

    id: str
    kind: str
    network: str | None
    severity: str
    subject: str
    body: str
    payload: Mapping[str, Any]
    created: int
    attempt: int = 1
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended. `status` is the receiver's own (HTTP, SMTP), None where there was none.

    `gone`: the receiver wants nothing any more, ever. `final`: this message will never be taken. `retry_after_s`:
    before that it is of no use to try again.
    """

    delivered: bool
    status: int | None = None
    error: str = ""
    gone: bool = False
    final: bool = False
    retry_after_s: float = 0.0


class Sender(Protocol):
    """One way out."""

    async def send(self, target: Target, message: Message) -> Outcome:
        """Try once, within a few seconds."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and threads."""
        ...


def failed(error: str, status: int | None = None, **more: Any) -> Outcome:
    """A try that has not delivered."""
    return Outcome(False, status, clipped(error), **more)


def clipped(text: str) -> str:
    """As much of a text as is kept, in one line that every store takes."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:MAX_ERROR]
