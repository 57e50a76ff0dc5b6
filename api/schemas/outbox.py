"""The JSON of letters on their way out."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.schemas.resources import moment
from engine.clock import to_iso
from engine.outbox.store import Dispatch


class LetterOut(BaseModel):
    """A letter's way; its text is not shown."""

    id: str
    network: str | None
    kind: str = Field(examples=["receipt"])
    recipient: str
    language: str
    subject: str
    state: str = Field(examples=["waiting", "sent", "dead"])
    attempts: int
    error: str = Field(description="Why the last try failed, or why it is not tried.")
    created_at: str
    due_at: str
    expires_at: str | None
    ended_at: str | None

    @classmethod
    def of(cls, row: Dispatch, waits_because: str = "") -> LetterOut:
        same = ("id", "network", "kind", "recipient", "language", "subject", "state", "attempts")
        return cls(
            **{name: getattr(row, name) for name in same},
            error=row.error or (waits_because if row.state == "waiting" else ""),
            created_at=to_iso(row.created),
            due_at=to_iso(row.due),
            expires_at=moment(row.expires),
            ended_at=moment(row.ended),
        )
