"""The JSON of channels, subscriptions and deliveries. Addresses and secrets go in, and never come out again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.schemas.resources import NetworkId, Strict, moment
from engine.clock import to_iso
from engine.deliveries.channels import Channel
from engine.deliveries.log import Attempt, Delivery, Story
from engine.deliveries.senders.port import Outcome
from engine.deliveries.subscriptions import Subscription

Address = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00-\x20\x7f]+$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
ChannelKind = Literal["email", "apprise", "webhook"]
Severity = Literal["", "warning", "minor", "major", "critical"]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z_.*]+$")]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=40)]
ChannelId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]

_KINDS = Field(description="`*`, `session.*`, `alert.opened`, …; see docs/webhooks.md.", examples=[["alert.*"]])
_SEVERITY = Field("", description="The least that is wanted of what has a severity; empty: any.")


class ChannelIn(Strict):
    kind: ChannelKind
    name: Name = Field(examples=["Operations' chat"])
    address: Address = Field(
        description="webhook: https://…; email: an address; apprise: a service's URL. It is not shown again.",
        examples=["https://example.org/hooks/raycharge"],
    )
    network: NetworkId | None = Field(None, description="Whose it is; null: the whole installation's.")


class ChannelChange(Strict):
    """Members that are left out stay as they are."""

    name: Name | None = None
    address: Address | None = None
    enabled: bool | None = Field(None, description="Enabling it has it tried at once.")

    def changes(self) -> dict[str, Any]:
        """What is to be changed; null is the same as left out."""
        return self.model_dump(exclude_none=True)


class ChannelOut(BaseModel):
    id: str
    network: str | None
    kind: str = Field(examples=["webhook"])
    name: str
    address: str = Field(description="What of it may be shown.", examples=["https://example.org/…"])
    enabled: bool
    disabled_because: str
    failures: int = Field(description="Tries that have failed since the last success.")
    failing_since: str | None
    error: str = Field(description="Why the last try failed; empty after a success.")
    paused_until: str | None = Field(description="It fails, and is left alone until then.")
    last_success_at: str | None
    former_secret_until: str | None = Field(description="Until then the secret before this one signs, too.")
    created_at: str

    @classmethod
    def of(cls, row: Channel) -> ChannelOut:
        return cls(**_channel_fields(row))


class ChannelMadeOut(ChannelOut):
    secret: str | None = Field(description="A webhook's, shown this once.", examples=["whsec_…"])

    @classmethod
    def made(cls, row: Channel, secret: str) -> ChannelMadeOut:
        return cls(**_channel_fields(row), secret=secret or None)


class ChannelTestOut(BaseModel):
    delivered: bool
    status: int | None = Field(description="The receiver's own: of HTTP or SMTP.")
    error: str
    duration_ms: int

    @classmethod
    def of(cls, outcome: Outcome, duration_ms: int) -> ChannelTestOut:
        said = {"delivered": outcome.delivered, "status": outcome.status, "error": outcome.error}
        return cls(**said, duration_ms=duration_ms)  # type: ignore[arg-type]


class SubscriptionIn(Strict):
    channel: ChannelId
    kinds: Kinds = _KINDS
    severity: Severity = _SEVERITY
    network: NetworkId | None = Field(None, description="Narrows an installation's channel to one network.")


class SubscriptionChange(Strict):
    """Members that are left out stay as they are."""

    kinds: Kinds | None = None
    severity: Severity | None = None

    def changes(self) -> dict[str, Any]:
        """What is to be changed; null is the same as left out."""
        return self.model_dump(exclude_none=True)


class SubscriptionOut(BaseModel):
    id: str
    channel: str
    network: str | None = Field(description="Of this network only; null: of all.")
    kinds: list[str]
    severity: str
    created_at: str

    @classmethod
    def of(cls, row: Subscription) -> SubscriptionOut:
        return cls(
            id=row.id,
            channel=row.channel,
            network=row.network,
            kinds=list(row.kinds),
            severity=row.severity,
            created_at=to_iso(row.created),
        )


class DeliveryOut(BaseModel):
    id: str = Field(description="The receiver's `webhook-id`, the same at every try.")
    channel: str
    network: str | None
    kind: str = Field(examples=["session.ended"])
    severity: str
    subject: str
    stream: str = Field(description="What it is about; messages of one stream go out one after the other.")
    state: str = Field(examples=["waiting", "delivered", "dead"])
    attempts: int
    status: int | None = Field(description="The receiver's own, at the last try.")
    error: str
    created_at: str
    due_at: str | None = Field(description="When it is tried next; null: never.")
    ended_at: str | None

    @classmethod
    def of(cls, row: Delivery) -> DeliveryOut:
        return cls(**_delivery_fields(row))


class AttemptOut(BaseModel):
    at: str
    duration_ms: int
    delivered: bool
    status: int | None
    error: str

    @classmethod
    def of(cls, row: Attempt) -> AttemptOut:
        said = {"delivered": row.delivered, "status": row.status, "error": row.error}
        return cls(at=to_iso(row.at), duration_ms=row.duration_ms, **said)  # type: ignore[arg-type]


class DeliveryStoryOut(DeliveryOut):
    text: str = Field(description="What people are told.")
    payload: dict[str, Any] = Field(description="`data` of the webhook.")
    tries: list[AttemptOut] = Field(description="The latest 50, the newest first.")

    @classmethod
    def whole(cls, story: Story) -> DeliveryStoryOut:
        return cls(
            **_delivery_fields(story.delivery),
            text=story.body,
            payload=dict(story.payload),
            tries=[AttemptOut.of(each) for each in story.attempts],
        )


class ReplayIn(Strict):
    channel: ChannelId
    since: AwareDatetime = Field(description="What happened from then on.")
    until: AwareDatetime | None = Field(None, description="And before; null: until now.")
    delivered_too: bool = Field(False, description="Not the dead only, but also what has arrived.")


class ReplayOut(BaseModel):
    replayed: int


def _channel_fields(row: Channel) -> dict[str, Any]:
    same = ("id", "network", "kind", "name", "enabled", "disabled_because", "failures", "error")
    return {
        **{name: getattr(row, name) for name in same},
        "address": row.shown,
        "failing_since": moment(row.failing_since),
        "paused_until": moment(row.paused_until),
        "last_success_at": moment(row.last_success),
        "former_secret_until": moment(row.former_until),
        "created_at": to_iso(row.created),
    }


def _delivery_fields(row: Delivery) -> dict[str, Any]:
    same = ("id", "channel", "network", "kind", "severity", "subject", "stream", "state", "attempts", "status", "error")
    return {
        **{name: getattr(row, name) for name in same},
        "created_at": to_iso(row.created),
        "due_at": to_iso(row.due) if row.state == "waiting" else None,
        "ended_at": moment(row.ended),
    }
