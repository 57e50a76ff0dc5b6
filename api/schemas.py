"""The JSON of the REST interface: what it takes and what it gives.

Times are RFC 3339 in UTC with milliseconds. Energies are decimal text in Wh, exact: read them with a decimal type.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api import ports
from api.live_state import LiveState, live_state
from engine.clock import to_iso

Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
StationPassword = Annotated[str, StringConstraints(min_length=16, max_length=64, pattern=r"^[!-~]+$")]
PasswordDigits = Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{2}){16,64}$")]
SecurityProfile = Annotated[int, Field(ge=0, le=3)]
CertificateName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
IdToken = Annotated[str, StringConstraints(min_length=1, max_length=36, pattern=r"^[!-~]+$")]
Isolation = Literal["shared", "dedicated"]
Admission = Literal["accepted", "pending", "rejected"]
TokenStatus = Literal["Accepted", "Blocked"]

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


class LoginOut(BaseModel):
    access_token: str = Field(description="Send it as `Authorization: Bearer …`.")
    token_type: Literal["bearer"] = "bearer"
    expires_at: str = Field(examples=["2026-01-01T08:00:00.000Z"])
    role: str = Field(examples=["admin"])


class MeOut(BaseModel):
    id: str
    email: str = Field(examples=["admin@example.org"])
    role: str = Field(examples=["admin"])
    permissions: list[str] = Field(examples=[["charge-points:read", "sessions:read"]])


# --- charge points ------------------------------------------------------------------------------------------------


class WithSecret(Strict):
    """A password as text or as the bytes that the station sends, never as both."""

    password: StationPassword | None = Field(
        None, description="For HTTP basic authentication, 16 to 64 characters; never given out again."
    )
    password_hex: PasswordDigits | None = Field(
        None, description="The same as bytes: 1.6's AuthorizationKey in hexadecimal.", examples=["0f" * 20]
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> WithSecret:
        if self.password is not None and self.password_hex is not None:
            raise ValueError("Give password or password_hex, not both.")
        return self

    @property
    def secret(self) -> str | bytes | None:
        """What the station has to send."""
        return self.password if self.password_hex is None else bytes.fromhex(self.password_hex)


class ChargePointIn(WithSecret):
    id: str = Field(description="As in the station's OCPP address; up to 48 characters.", examples=["CP-1"])
    name: Text = Field("", examples=["Car park, level 2"])
    isolation: Isolation = Field("shared", description="`dedicated` gives the actor a process of its own.")
    security_profile: SecurityProfile | None = Field(
        None,
        description="What a connection must show at least: 1 a password (the default), 2 a password over TLS, 3 a "
        "client certificate. 0 lets everybody in under this id and has to be asked for.",
    )
    certificate_name: CertificateName | None = Field(
        None, description="Common name of its client certificate, if not its id: its serial number.", examples=["SN-9"]
    )


class ChargePointChange(WithSecret):
    """Members that are left out stay as they are. A `password` of null lets the station in without one."""

    name: Text = Field("", examples=["Car park, level 3"])
    isolation: Isolation = "shared"
    admission: Admission = Field(
        "accepted", description="What its next boot is answered with; a pending one may be asked and configured."
    )
    security_profile: SecurityProfile = Field(
        1, description="The only way to lower it after the station has connected with a higher one."
    )
    certificate_name: CertificateName = Field("", description="Empty: its id.")


def _admission(text: str) -> Admission:
    return text if text in ("pending", "rejected") else "accepted"  # type: ignore[return-value]


class ChargePointOut(BaseModel):
    id: str = Field(examples=["CP-1"])
    name: str
    isolation: Isolation
    admission: Admission
    secured: bool = Field(description="Whether the station has to prove who it is.")
    security_profile: int = Field(description="What a connection must show at least.", examples=[2])
    certificate_name: str | None = Field(description="Common name of its client certificate, if not its id.")
    created_at: str = Field(examples=["2026-01-01T00:00:00.000Z"])
    retired_at: str | None
    live: LiveState | None = Field(
        description="What it is doing now. null if the station never connected, or while the live state cannot be read."
    )

    @classmethod
    def of(cls, row: ports.ChargePoint, live: ports.View | None) -> ChargePointOut:
        return cls(
            id=row.id,
            name=row.name,
            isolation="dedicated" if row.isolation == "dedicated" else "shared",
            admission=_admission(row.admission),
            secured=row.security_profile > 0,
            security_profile=row.security_profile,
            certificate_name=row.certificate_name,
            created_at=to_iso(row.created),
            retired_at=moment(row.retired),
            live=None if live is None else live_state(live),
        )


# --- tokens -------------------------------------------------------------------------------------------------------


class TokenIn(Strict):
    id_token: IdToken = Field(description="OCPP 1.6 stations send at most 20 characters.", examples=["04A2B3C4D5E6F7"])
    label: Text = Field("", examples=["Pool car 3"])
    status: TokenStatus = "Accepted"
    expires_at: AwareDatetime | None = Field(None, examples=["2027-01-01T00:00:00.000Z"])
    group: Annotated[str, StringConstraints(max_length=36, pattern=r"^[!-~]*$")] = Field(
        "", description="Parent idTag: tokens of one group may end each other's sessions."
    )


class TokenChange(Strict):
    """Members that are left out stay as they are."""

    label: Text = ""
    status: TokenStatus = "Accepted"
    expires_at: AwareDatetime | None = None
    group: Annotated[str, StringConstraints(max_length=36, pattern=r"^[!-~]*$")] = ""


class TokenOut(BaseModel):
    id_token: str = Field(examples=["04A2B3C4D5E6F7"])
    label: str
    status: str = Field(examples=["Accepted"])
    expires_at: str | None
    group: str

    @classmethod
    def of(cls, row: ports.Token) -> TokenOut:
        return cls(id_token=row.id, label=row.label, status=row.status, expires_at=moment(row.expires), group=row.group)


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
