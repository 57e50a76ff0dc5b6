"""The JSON of the REST interface: what it takes and what it gives.

Times are RFC 3339 in UTC with milliseconds. Energies are decimal text in Wh, exact: read them with a decimal type.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

import orjson
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.ports import facade as ports
from engine.clock import to_iso

Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
IdToken = Annotated[str, StringConstraints(min_length=1, max_length=36, pattern=r"^[!-~]+$")]
NetworkId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]
TokenStatus = Literal["Accepted", "Blocked"]


def _as_json(content: dict[str, Any]) -> dict[str, Any]:
    try:
        orjson.dumps(content)
    except TypeError as error:
        raise ValueError(f"This cannot be kept ({error}). Numbers have at most 64 bits, nesting has bounds.") from error
    return content


FreeObject = Annotated[dict[str, Any], AfterValidator(_as_json)]
"""An object whose members are for somebody else to judge; all that we ask is that it can be handed on as it is."""

T = TypeVar("T")


def moment(micros: int | None) -> str | None:
    """A time for the outside; None stays None."""
    return None if micros is None else to_iso(micros)


def micros_of(at: AwareDatetime | None) -> int | None:
    """A time from the outside in microseconds; None stays None."""
    if at is None:
        return None
    # timestamp() is a float and would round away the last digit; whole seconds are exact.
    return int(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond


class Strict(BaseModel):
    """What comes in has no members that we do not know: a misspelt one would be dropped without a word."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(description="Give this as `cursor` for the next page; null on the last one.")


class Problem(BaseModel):
    """An error as problem details (RFC 9457)."""

    type: str = Field(examples=["urn:raycharge:problem:invalid-input"])
    title: str = Field(examples=["The request cannot be used"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["'Sot' is not one of Hard, Soft."])
    instance: str = Field(examples=["/api/v1/charge-points/CP-1/commands"])
    field: str | None = Field(None, description="Path of the faulty member.", examples=["payload.type"])
    remedy: str | None = Field(None, description="What would be accepted.", examples=["Use Hard or Soft."])
    errors: list[dict[str, Any]] | None = Field(None, description="Every fault that was found, where there are more.")
    correlation: str | None = Field(None, description="Under this id the log has the rest.")


# --- login --------------------------------------------------------------------------------------------------------


class LoginIn(Strict):
    email: Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^\x00-\x20\x7f]+$")] = Field(
        examples=["admin@example.org"]
    )
    password: Password = Field(examples=["correct horse battery staple"])
    network: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:-]{1,64}$")] | None = Field(
        None, description="A driver's operator; needed by drivers who have accounts with several."
    )
    totp: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = Field(
        None, description="The one-time code of who has a second factor."
    )
    recovery_code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z -]{6,40}$")] | None = Field(
        None, description="Instead of a one-time code, once each."
    )


class LoginOut(BaseModel):
    access_token: str = Field(description="Send it as `Authorization: Bearer …`.")
    token_type: Literal["bearer"] = "bearer"
    expires_at: str = Field(examples=["2026-01-01T08:00:00.000Z"])
    role: str = Field(examples=["admin"])
    second_factor_missing: bool = Field(
        False, description="A second factor is required: until one is set up, this login can do nothing else."
    )


class GrantedOut(BaseModel):
    """Permissions in one network, or (null) in the whole installation."""

    network: str | None
    permissions: list[str]


class MeOut(BaseModel):
    id: str
    email: str = Field(examples=["admin@example.org"])
    role: str = Field(examples=["admin"])
    permissions: list[str] = Field(examples=[["charge-points:read", "sessions:read"]])
    network: str | None = Field(None, description="A driver's operator.")
    grants: list[GrantedOut] = []


# --- sessions -----------------------------------------------------------------------------------------------------


class SessionOut(BaseModel):
    id: str
    charge_point: str = Field(examples=["CP-1"])
    evse: int
    connector: int
    transaction: str = Field(description="The station's own transaction id.", examples=["17"])
    id_token: str
    stop_id_token: str = Field(description="The token that stopped it; empty where none was shown.")
    state: str = Field(examples=["stopped"])
    started_at: str | None
    stopped_at: str | None
    meter_start_wh: str | None = Field(description="Register at the start, Wh, decimal text.", examples=["1200"])
    meter_stop_wh: str | None = Field(description="Register at the stop, Wh, decimal text.", examples=["9200"])
    energy_wh: str | None = Field(
        description="Energy, Wh, decimal text, from registers; null where they do not tell.", examples=["8000"]
    )
    duration_s: int | None = Field(description="Seconds from start to stop.")
    reason: str = Field(description="Why it stopped, in the station's words.", examples=["Local"])
    doubts: list[str] = Field(description="What about this session should be looked at before it is billed.")
    network: str = Field(description="Whose it was when it began; empty where nobody knew.")
    tariff: str | None = Field(description="The tariff that it began with; null: it costs nothing.")
    tariff_version: int | None
    currency: str | None = Field(examples=["INR"])
    cost: str | None = Field(
        description="So far, then in all, taxes included; null without a tariff or where the data are doubtful.",
        examples=["402.00"],
    )
    ended_at: str | None = Field(description="When its connector was free again, where that costs something.")
    settled_at: str | None = Field(description="When its price became final; null: it may still rise.")

    @classmethod
    def of(cls, row: ports.SessionRow) -> SessionOut:
        return cls(
            id=row.id,
            charge_point=row.charge_point,
            evse=row.evse,
            connector=row.connector,
            transaction=row.transaction,
            id_token=row.id_token,
            stop_id_token=row.stop_id_token,
            state=row.state,
            started_at=moment(row.started),
            stopped_at=moment(row.stopped),
            meter_start_wh=row.meter_start_wh,
            meter_stop_wh=row.meter_stop_wh,
            energy_wh=row.energy_wh,
            duration_s=row.duration_s,
            reason=row.reason,
            doubts=list(row.doubts),
            network=row.network,
            tariff=row.tariff or None,
            tariff_version=row.tariff_version or None,
            currency=row.currency or None,
            cost=row.cost,
            ended_at=moment(row.ended),
            settled_at=moment(row.settled),
        )


class MeterPointOut(BaseModel):
    at: str = Field(description="When it was measured, as believed.", examples=["2026-01-01T00:01:00.000Z"])
    phase: str = Field(description="Empty: all phases.", examples=["L1"])
    location: str = Field(examples=["Outlet"])
    value: str = Field(description="Decimal text in the curve's unit, exact.", examples=["1250.5"])
    samples: int = Field(description="How many samples this point stands for; its value is the last one's.")


class MeterCurveOut(BaseModel):
    measurand: str = Field(examples=["Energy.Active.Import.Register"])
    unit: str = Field(description="Base unit: Wh, W, A, V, …", examples=["Wh"])
    points: list[MeterPointOut]


class MeterValuesOut(BaseModel):
    session: str
    curves: list[MeterCurveOut]
    complete: bool = Field(description="False: there are more points than `limit`; ask for a longer step.")


# --- the system ---------------------------------------------------------------------------------------------------


class ActorsOut(BaseModel):
    hosts: list[dict[str, Any]] = Field(
        description="One object a host; its logical actors under `actors`, each with mailbox, epoch and connection."
    )


class ComponentOut(BaseModel):
    name: str = Field(examples=["journal"])
    ok: bool
    detail: str


class ReadyOut(BaseModel):
    ready: bool
    components: list[ComponentOut]


class AliveOut(BaseModel):
    alive: Literal[True] = True
