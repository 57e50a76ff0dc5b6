"""The JSON of what anybody is told who looks for a place to charge: stations, what is free, and what it costs.

Amounts are decimal text and hold the taxes.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.schemas.places import LocationConnector, LocationOut
from engine.tariffs.glance import Glance


def _text(amount: object) -> str | None:
    return None if amount is None else f"{amount:f}"


class PriceNowOut(BaseModel):
    """What a session that begins now costs at first, for everybody."""

    currency: str
    energy: str | None = Field(description="Per kWh.")
    time: str | None = Field(description="Per hour of charging.")
    parking: str | None = Field(description="Per hour without charging.")
    flat: str | None = Field(description="Once.")
    idle: str | None = Field(description="Per minute once a full car has blocked the connector for `idle_grace_s`.")
    idle_grace_s: int
    idle_cap: str | None
    varies: bool = Field(description="By hour, day, amount or power: the station's page says more.")

    @classmethod
    def of(cls, seen: Glance) -> PriceNowOut:
        amounts = ("energy", "time", "parking", "flat", "idle", "idle_cap")
        return cls.model_validate(
            {name: _text(getattr(seen, name)) for name in amounts}
            | {"currency": seen.currency, "idle_grace_s": seen.idle_grace_s, "varies": seen.varies}
        )


class ExampleNowOut(BaseModel):
    kwh: str
    minutes: int
    amount: str


class OpenTariffOut(BaseModel):
    name: str
    text: dict[str, str] = Field(description="What the operator says of it, by language.")
    example: ExampleNowOut
    price: PriceNowOut


class OpenConnectorOut(LocationConnector):
    tariff: OpenTariffOut | None = Field(description="null: charging is free here.")


class OpenLocationOut(LocationOut):
    connectors: list[OpenConnectorOut]  # type: ignore[assignment]


class OpenLocationsOut(BaseModel):
    items: list[OpenLocationOut]
    complete: bool = Field(description="False: there are more than `limit`; ask for a smaller area.")


class OperatorOut(BaseModel):
    """A network, as drivers know it."""

    id: str
    name: str
