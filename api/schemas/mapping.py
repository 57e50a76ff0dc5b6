"""The JSON of maps: signs that stand for one station or many."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Tone = Literal["good", "busy", "wait", "warn", "bad", "off"]


class SignStationOut(BaseModel):
    id: str = Field(examples=["city-mall"])
    name: str
    free: int
    connectors: int


class SignOut(BaseModel):
    latitude: float
    longitude: float
    stations: int = Field(description="How many it stands for.")
    tone: Tone = Field(description="good free, busy in use, wait reserved, warn unavailable, bad faulted, off offline.")
    tones: dict[str, int] = Field(description="Its stations by tone.")
    free: int
    connectors: int
    first: list[SignStationOut] = Field(description="Up to five of its stations.")


class MapOut(BaseModel):
    items: list[SignOut]
    stations: int = Field(description="How many are in the box, and fit.")
    complete: bool
