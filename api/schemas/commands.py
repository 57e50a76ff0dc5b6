"""The JSON of commands: what is asked of a station, how it ended, and what it led to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.ports import facade as ports
from api.schemas.resources import FreeObject, Strict, moment
from engine.clock import to_iso

Outcome = Literal["Accepted", "Rejected", "Failed", "TimedOut", "NotConnected", "Superseded", "Expired"]


class CommandIn(Strict):
    action: Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9]+$")] = Field(
        description="An OCPP action that goes to stations.", examples=["Reset"]
    )
    payload: FreeObject = Field(
        default_factory=dict,
        description="The OCPP payload, valid for the station's version.",
        examples=[{"type": "Soft"}],
    )
    timeout_s: float = Field(30.0, gt=0, le=3600, description="Seconds until the command ends, whatever happens.")
    wait: bool = Field(False, description="Let it wait for a station that is offline, until the timeout.")


class CommandResultOut(BaseModel):
    id: str = Field(description="Ask for it again at /api/v1/commands/{id}.")
    outcome: Outcome = Field(description="How it ended; NotConnected, TimedOut and Failed are answers, not errors.")
    payload: Any = Field(None, description="The station's answer as it gave it.", examples=[{"status": "Accepted"}])
    error_code: str | None = Field(None, description="The station's CALLERROR, if it gave one.")
    error_description: str | None = None


class ConsequenceOut(BaseModel):
    kind: Literal["session", "boot", "job", "report", "reservation"]
    session: str | None = Field(None, description="The session that began, or in which a reservation was used.")
    job: str | None = Field(None, description="firmware, log, diagnostics or publish.", examples=["firmware"])
    report: str | None = None
    status: str | None = Field(None, description="In the station's words.", examples=["Downloading"])
    state: str | None = Field(None, description="running, done, failed, superseded …", examples=["running"])
    info: str | None = None
    began_at: str
    updated_at: str

    @classmethod
    def of(cls, row: ports.Consequence) -> ConsequenceOut:
        named = {row.kind: row.subject} if row.kind in ("session", "job", "report") else {}
        if row.kind == "reservation":
            named["session"] = row.info
        return cls.model_validate(
            {name: text or None for name, text in named.items()}
            | {
                "kind": row.kind,
                "status": row.status or None,
                "state": row.state or None,
                "info": (row.info if row.kind != "reservation" else "") or None,
                "began_at": to_iso(row.began),
                "updated_at": to_iso(row.updated),
            }
        )


class CommandOut(BaseModel):
    id: str
    charge_point: str = Field(examples=["CP-1"])
    action: str = Field(examples=["Reset"])
    state: str = Field(description="requested, sent or ended", examples=["ended"])
    outcome: Outcome | None = Field(description="null until it has ended")
    requested_by: str
    requested_at: str
    deadline_at: str
    ended_at: str | None
    payload: Any
    answer: Any
    error_code: str | None
    error_description: str | None
    followed_by: list[ConsequenceOut] = Field(
        description="What it led to: a session, the boot after a reset, a job and its progress, a report."
    )

    @classmethod
    def of(cls, row: ports.CommandRow) -> CommandOut:
        return cls.model_validate(
            {
                "id": row.id,
                "charge_point": row.charge_point,
                "action": row.action,
                "state": row.state,
                "outcome": row.outcome or None,
                "requested_by": row.requested_by,
                "requested_at": to_iso(row.requested),
                "deadline_at": to_iso(row.deadline),
                "ended_at": moment(row.ended),
                "payload": row.payload,
                "answer": row.answer,
                "error_code": row.error_code or None,
                "error_description": row.error_description or None,
                "followed_by": [ConsequenceOut.of(each) for each in row.followed_by],
            }
        )
