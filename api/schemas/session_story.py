"""The JSON of a session's timeline and of its diagnosis."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.operations.session_story import Entry
from engine.clock import to_iso
from engine.diagnosis.picture import Finding

Part = Literal["session", "start", "status", "command", "outcome", "consequence", "alert", "receipt", "review"]


class EntryOut(BaseModel):
    at: str
    kind: Literal["session", "start", "status", "command", "outcome", "consequence", "alert", "receipt", "review"] = (
        Field(description="Where it is from. start: the driver's wish; consequence: what a command led to.")
    )
    what: str = Field(description="started, a status, an OCPP action, an outcome, …", examples=["SuspendedEV"])
    detail: str
    ref: str = Field(description="The id of what it is about; of a status, EVSE and connector.")

    @classmethod
    def of(cls, entry: Entry) -> EntryOut:
        return cls.model_validate(
            {
                "at": to_iso(entry.at),
                "kind": entry.kind,
                "what": entry.what,
                "detail": entry.detail,
                "ref": entry.ref,
            }
        )


class TimelineOut(BaseModel):
    session: str
    driver: str | None = Field(description="Who held the token when it began, for who may read drivers.")
    items: list[EntryOut] = Field(description="In order of time, from a quarter of an hour before the start.")


class FindingOut(BaseModel):
    """One thing that is seen, in plain words."""

    code: str = Field(description="Its stable name.", examples=["offline"])
    severity: Literal["error", "warning", "info", "ok"]
    text: str = Field(examples=["The charger is offline. What is sent to it now does not arrive."])
    advice: str
    action: Literal["reset", "unlock", "stop", "start", "call_site", "maintain", "finance", "driver"] | None = Field(
        description="What would help: a command, somebody at the site, maintenance, finance or the driver."
    )
    template: str = Field(description="The text with names in braces, for translation; `values` fills them in.")
    values: dict[str, str]

    @classmethod
    def of(cls, finding: Finding) -> FindingOut:
        return cls.model_validate(
            {
                "code": finding.code,
                "severity": finding.severity,
                "text": finding.said(),
                "advice": finding.advice,
                "action": finding.action or None,
                "template": finding.text,
                "values": dict(finding.values),
            }
        )


class DiagnosisOut(BaseModel):
    session: str
    items: list[FindingOut] = Field(description="The worst first; one of severity `ok` where nothing needs anybody.")
