"""The JSON of work that takes longer than a request."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from engine.clock import to_iso
from engine.long_work.works import Work

Kind = Literal["sessions_export", "receipts_export", "audit_export", "places_import", "tokens_import"]
State = Literal["waiting", "running", "done", "failed", "cancelled"]


class LongWorkOut(BaseModel):
    id: str
    kind: Kind
    state: State
    networks: list[str] | None = Field(description="Where; null: in the whole installation.")
    done: int = Field(description="Rows until now.")
    total: int | None = Field(description="Rows in all; null while that is not known.")
    result: dict[str, Any] | None = Field(description="What came of it, in numbers.")
    error: str = Field(description="Why it failed.")
    file_name: str = Field(description="Empty: there is no file, or not yet.", examples=["sessions.csv"])
    size: int = Field(description="Of the file, in bytes.")
    created_at: str
    updated_at: str
    ended_at: str | None
    expires_at: str | None = Field(description="The file can be fetched until then.")

    @classmethod
    def of(cls, work: Work) -> LongWorkOut:
        names = ("id", "kind", "state", "networks", "done", "total", "result", "error", "file_name", "size")
        times = {"created_at": work.created, "updated_at": work.updated, "ended_at": work.ended}
        times["expires_at"] = work.expires
        told = {name: None if at is None else to_iso(at) for name, at in times.items()}
        return cls.model_validate({name: getattr(work, name) for name in names} | told)
