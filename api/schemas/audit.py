"""The JSON of the audit log."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from engine.clock import to_iso
from engine.stores.audit import AuditLine


class ActorOut(BaseModel):
    """Who did it, and from where."""

    kind: str = Field(description="user, api_key, driver, anonymous or system.", examples=["user"])
    id: str
    label: str = Field(description="As people know them; empty for drivers.", examples=["ops@north.example"])
    address: str = Field(description="Where the request came from; empty for the system.", examples=["203.0.113.9"])


class AuditLineOut(BaseModel):
    """What was changed or commanded. With both `before` and `after`, what differs between them."""

    id: str
    at: str
    actor: ActorOut
    action: str = Field(description="What was done; of a command, which.", examples=["changed"])
    kind: str = Field(description="To what kind of thing.", examples=["charge point"])
    subject: str = Field(description="To which: its id.", examples=["CP-1"])
    network: str | None = Field(description="Whose it is; null: the whole installation's.")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    correlation: str = Field(description="The request's X-Request-Id, as in the log.")

    @classmethod
    def of(cls, line: AuditLine) -> AuditLineOut:
        return cls(
            id=line.id,
            at=to_iso(line.at),
            actor=ActorOut(kind=line.actor_kind, id=line.actor, label=line.actor_label, address=line.address),
            action=line.action,
            kind=line.kind,
            subject=line.subject,
            network=line.network,
            before=line.before,
            after=line.after,
            correlation=line.correlation,
        )
