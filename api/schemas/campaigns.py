"""The JSON of campaigns: one operation for many charge points."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.schemas.charge_points import Tags
from api.schemas.resources import FreeObject, NetworkId, Strict, Text, moment
from engine.campaigns.course import Plan, Tally
from engine.campaigns.port import Campaign, Target
from engine.clock import to_iso

ChargePointText = Annotated[str, StringConstraints(min_length=1, max_length=48)]
State = Literal["running", "paused", "stopped", "cancelled", "done"]
TargetState = Literal["waiting", "asked", "ended", "skipped"]
Version = Literal["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]


class CampaignFilterIn(Strict):
    """Which charge points: those that fit all that is given. The choice is made once, when the campaign is made."""

    ids: list[ChargePointText] | None = Field(None, max_length=100_000, examples=[["CP-1", "CP-2"]])
    vendor: Text = ""
    model: Text = ""
    firmware: Text = Field("", description="As last reported.", examples=["1.4.2"])
    network: Annotated[str, StringConstraints(max_length=64)] = ""
    station: Annotated[str, StringConstraints(max_length=64)] = Field("", examples=["city-mall"])
    tags: Tags = Field(default_factory=list, description="Those that have all of these tags.", examples=[["fast"]])
    version: Version | None = Field(None, description="What they spoke when last connected.")
    online_only: bool = Field(False, description="Only those that are connected when the campaign is made.")


class CampaignIn(Strict):
    name: Text = Field("", examples=["Heartbeat to 5 minutes"])
    operation: Annotated[str, StringConstraints(max_length=50)] = Field(
        description="reset, unlock, availability, set_configuration, get_configuration, trigger, set_charging_profile, "
        "clear_charging_profile, get_composite_schedule, clear_cache, get_local_list_version, send_local_list, "
        "transfer_data, set_display_message, get_display_messages, update_firmware, get_log, or call.",
        examples=["set_configuration"],
    )
    parameters: FreeObject = Field(
        default_factory=dict,
        description="As in the body of the operation's own endpoint; for `call`, `action` and `payload`.",
        examples=[{"name": {"key": "HeartbeatInterval"}, "value": "300"}],
    )
    network: NetworkId | None = Field(
        None, description="Whose campaign it is; left out: your own network's, or the whole installation's."
    )
    filter: CampaignFilterIn = Field(default_factory=CampaignFilterIn)
    per_minute: float = Field(60.0, gt=0, le=60_000, description="How many are asked in a minute.")
    at_once: int = Field(10, ge=1, le=1000, description="How many may be under way.")
    stop_failures: int | None = Field(None, ge=1, description="Stop at so many failures.")
    stop_share: float | None = Field(
        None, ge=0, lt=1, description="Stop when more than this share has failed, of ten or more that have ended."
    )
    deadline_at: AwareDatetime | None = Field(
        None, description="Wait for those that are offline until then; left out: they are left out."
    )
    timeout_s: float = Field(60.0, gt=0, le=3600, description="How long each station may take.")


class CampaignProgressOut(BaseModel):
    targets: int
    waiting: int
    asked: int = Field(description="Asked, and not answered yet.")
    succeeded: int
    failed: int = Field(description="Refused, failed or silent; also those whose firmware or log job failed later.")
    unreached: int = Field(description="Never there.")
    skipped: int = Field(description="Left out when the campaign was cancelled.")

    @classmethod
    def of(cls, tally: Tally) -> CampaignProgressOut:
        return cls(
            targets=tally.waiting + tally.asked + tally.ended + tally.skipped,
            waiting=tally.waiting,
            asked=tally.asked,
            succeeded=tally.succeeded,
            failed=tally.failed,
            unreached=tally.unreached,
            skipped=tally.skipped,
        )


class CampaignOut(BaseModel):
    id: str
    name: str
    operation: str = Field(examples=["set_configuration"])
    network: str | None = Field(description="Whose it is; null: the whole installation's.")
    filter: dict[str, Any]
    state: State
    reason: str | None = Field(description="Why it stopped itself.")
    per_minute: float
    at_once: int
    stop_failures: int | None
    stop_share: float | None
    deadline_at: str | None
    created_by: str
    created_at: str
    ended_at: str | None
    progress: CampaignProgressOut

    @classmethod
    def of(cls, row: Campaign, tally: Tally) -> CampaignOut:
        plan: Plan = row.plan
        return cls.model_validate(
            {
                "id": row.id,
                "name": row.name,
                "operation": row.operation.kind,
                "network": row.network,
                "filter": row.description,
                "state": row.state,
                "reason": row.reason or None,
                "per_minute": plan.per_minute,
                "at_once": plan.at_once,
                "stop_failures": plan.stop_failures,
                "stop_share": plan.stop_share,
                "deadline_at": moment(plan.deadline),
                "created_by": row.created_by,
                "created_at": to_iso(row.created),
                "ended_at": moment(row.ended),
                "progress": CampaignProgressOut.of(tally),
            }
        )


class CampaignTargetOut(BaseModel):
    charge_point: str = Field(examples=["CP-1"])
    state: TargetState
    outcome: str | None = Field(description="As of a command, or Refused where its version cannot do it.")
    error: str | None
    command: str | None = Field(description="The command that asked it: /api/v1/commands/{id}.")
    attempts: int
    asked_at: str | None
    ended_at: str | None

    @classmethod
    def of(cls, row: Target) -> CampaignTargetOut:
        return cls.model_validate(
            {
                "charge_point": row.charge_point,
                "state": row.state,
                "outcome": row.outcome or None,
                "error": row.error or None,
                "command": row.command or None,
                "attempts": row.attempts,
                "asked_at": moment(row.asked),
                "ended_at": moment(row.ended),
            }
        )
