"""The live state of a charge point for the outside: engine/charging/view.py's view with readable times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from engine.clock import to_iso

_TIMES = {
    "link_since": "link_since",
    "last_seen": "last_seen_at",
    "since": "since",
    "started": "started_at",
    "metered": "metered_at",
    "deadline": "deadline_at",
    "at": "at",
}


class LiveSession(BaseModel):
    """A session that is not final yet."""

    id: str
    state: str = Field(examples=["metered"])
    transaction: str = Field(examples=["17"])
    id_token: str
    authorisation: str = Field(description="How the token stood at the start.", examples=["Accepted"])
    command: str = Field(description="The remote start that led here, or empty.")
    started_at: str | None
    energy_wh: str | None = Field(description="Energy so far, Wh, decimal text.", examples=["4210"])
    power_w: str | None = Field(description="Power at the last reading, W, decimal text.", examples=["11040"])
    metered_at: str | None
    doubts: list[str]
    tariff: str | None = Field(None, description="The tariff that it began with; null: it has none (yet).")
    currency: str | None = Field(None, examples=["INR"])
    cost: str | None = Field(None, description="By the last minute, taxes included.", examples=["39.60"])


class LiveConnector(BaseModel):
    """A connector as it last reported; evse 0, connector 0 is the station itself."""

    evse: int
    connector: int
    status: str = Field(examples=["Charging"])
    error: str = Field(examples=["NoError"])
    info: str
    since: str | None = Field(description="When this status began.")
    power_w: str | None = Field(description="W, decimal text.", examples=["11040"])
    session: LiveSession | None


class LiveCommand(BaseModel):
    """A command in flight."""

    id: str
    action: str
    state: str
    deadline_at: str


class LiveBoot(BaseModel):
    """The last BootNotification."""

    at: str | None
    vendor: str
    model: str
    serial: str
    firmware: str
    iccid: str
    imsi: str
    meter_type: str
    meter_serial: str
    reason: str


class LiveState(BaseModel):
    """What a charge point is doing now."""

    id: str
    link: str = Field(description="connected, reconnecting, offline or unknown", examples=["connected"])
    link_since: str | None
    subprotocol: str = Field(examples=["ocpp1.6"])
    remote: str = Field(description="The peer's address.")
    registration: str = Field(examples=["accepted"])
    last_seen_at: str | None
    boot: LiveBoot | None
    clock_drift_s: float | None = Field(description="The station's clock against ours, seconds.")
    deviations: dict[str, int] = Field(description="Deviations from the protocol that were tolerated, counted.")
    quirks: list[str] = Field(
        description="Tolerances that are known beforehand to be needed by a station of this make.",
        examples=[["no_milliseconds"]],
    )
    connectors: list[LiveConnector]
    commands: list[LiveCommand]


def live_state(view: Mapping[str, Any]) -> LiveState:
    """Write a view for the outside."""
    return LiveState.model_validate(_readable(view))


def _readable(value: Any) -> Any:
    if isinstance(value, Mapping):
        out = {}
        for name, member in value.items():
            if name in _TIMES:
                out[_TIMES[name]] = to_iso(member) if member else None
            else:
                out[name] = _readable(member)
        return out
    if isinstance(value, (list, tuple)):
        return [_readable(member) for member in value]
    return value
