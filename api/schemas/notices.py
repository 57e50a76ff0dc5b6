"""The JSON of what drivers want to be told, and of the browsers that they have subscribed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.resources import Strict, Text, moment
from engine.clock import to_iso
from engine.notices.kinds import CHANNELS, FIXED, KINDS
from engine.notices.preferences import Choice
from engine.notices.subscriptions import Subscription

Kind = Literal["charging_complete", "idle_fee", "fault", "start_failed", "receipt", "case_answered"]
Channel = Literal["email", "push"]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[0-9A-Za-z_=-]+$")]
Endpoint = Annotated[str, StringConstraints(min_length=10, max_length=1000, pattern=r"^https?://[!-~]+$")]


class WishIn(Strict):
    kind: Kind
    channel: Channel
    wanted: bool


class NotificationsChange(Strict):
    """What is left out stays as it is."""

    items: Annotated[list[WishIn], Field(min_length=1, max_length=20)]


class WishOut(BaseModel):
    kind: Kind
    channel: Channel
    wanted: bool
    fixed: bool = Field(description="Not chosen here: the receipt's own letter, of which your profile says.")


class NotificationsOut(BaseModel):
    items: list[WishOut]

    @classmethod
    def of(cls, choice: Choice) -> NotificationsOut:
        places = [(kind, channel) for kind in KINDS for channel in CHANNELS]
        wishes = [
            {"kind": place[0], "channel": place[1], "wanted": choice[place], "fixed": place in FIXED}
            for place in places
        ]
        return cls.model_validate({"items": wishes})


class KeysIn(Strict):
    p256dh: Key
    auth: Key


class PushSubscriptionIn(Strict):
    """A browser's PushSubscription, as its toJSON() gives it."""

    endpoint: Endpoint = Field(examples=["https://push.example.org/send/1"])
    keys: KeysIn = Field(
        examples=[
            {
                "p256dh": "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
                "auth": "MDEyMzQ1Njc4OWFiY2RlZg",
            }
        ]
    )
    label: Text = Field("", examples=["Phone"])
    expiration_time: float | None = Field(None, alias="expirationTime", description="Browsers say it; it is not used.")


class PushSubscriptionOut(BaseModel):
    id: str
    label: str
    service: str = Field(description="The host of the browser's push service.")
    created_at: str
    reached_at: str | None

    @classmethod
    def of(cls, row: Subscription) -> PushSubscriptionOut:
        host = row.endpoint.partition("://")[2].partition("/")[0]
        created = to_iso(row.created)
        return cls(id=row.id, label=row.label, service=host, created_at=created, reached_at=moment(row.reached))


class PushKeyOut(BaseModel):
    application_server_key: str = Field(description="For PushManager.subscribe(), base64url.")
