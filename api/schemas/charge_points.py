"""The JSON of charge points and their connectors: what is registered and described, beside what they do now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from api.live.state import LiveState, live_state
from api.ports import facade as ports
from api.schemas.resources import Strict, Text, moment
from engine.clock import to_iso
from engine.places.checks import ID_PATTERN
from engine.places.connectors import MAX_NUMBER
from engine.stores.places.connectors import Described

StationPassword = Annotated[str, StringConstraints(min_length=16, max_length=64, pattern=r"^[!-~]+$")]
PasswordDigits = Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{2}){16,64}$")]
SecurityProfile = Annotated[int, Field(ge=0, le=3)]
CertificateName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Isolation = Literal["shared", "dedicated"]
Admission = Literal["accepted", "pending", "rejected"]
Commissioning = Literal["planned", "commissioning", "live", "retired"]
PlaceId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True, pattern=r"^[!-~]+$")]
Tags = Annotated[list[Tag], Field(max_length=30)]
Note = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
"""Text of several lines."""

_TAGS = Field(description="Words to find it by; kept in lower case.", examples=[["fast", "north"]])


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


class Registered(WithSecret):
    """What is said of a charge point when it is registered, but for its id."""

    name: Text = Field("", examples=["Car park, level 2"])
    station: PlaceId = Field("default", description="Where it stands.", examples=["city-mall"])
    tags: Annotated[Tags, _TAGS] = Field(default_factory=list)
    notes: Note = Field("", description="For those who run it.")
    commissioning: Literal["planned", "commissioning", "live"] = Field(
        "live", description="Only what is live is offered to drivers."
    )
    isolation: Isolation = Field("shared", description="`dedicated` gives the actor a process of its own.")
    security_profile: SecurityProfile | None = Field(
        None,
        description="What a connection must show at least: 1 a password (the default), 2 a password over TLS, 3 a "
        "client certificate. 0 lets everybody in under this id and has to be asked for.",
    )
    certificate_name: CertificateName | None = Field(
        None, description="Common name of its client certificate, if not its id: its serial number.", examples=["SN-9"]
    )


class ChargePointIn(Registered):
    id: str = Field(description="As in the station's OCPP address; up to 48 characters.", examples=["CP-1"])


class ChargePointChange(WithSecret):
    """Members that are left out stay as they are. A `password` of null lets the station in without one."""

    name: Text = Field("", examples=["Car park, level 3"])
    station: PlaceId = Field("default", description="Move it there.", examples=["city-mall"])
    tags: Annotated[Tags, _TAGS] = Field(default_factory=list)
    notes: Note = ""
    commissioning: Commissioning = Field(
        "live", description="planned ⇄ commissioning ⇄ live; retired from each, and for good."
    )
    isolation: Isolation = "shared"
    admission: Admission = Field(
        "accepted", description="What its next boot is answered with; a pending one may be asked and configured."
    )
    security_profile: SecurityProfile = Field(
        1, description="The only way to lower it after the station has connected with a higher one."
    )
    certificate_name: CertificateName = Field("", description="Empty: its id.")

    def changes(self) -> dict[str, Any]:
        """What is to be changed, in the registry's words."""
        given = self.model_dump(exclude_unset=True, exclude={"password", "password_hex", "station"})
        if "station" in self.model_fields_set:
            given["station_id"] = self.station
        if self.secret is not None or "password" in self.model_fields_set:
            given["secret"] = self.secret
        return given


class ConnectorIn(Strict):
    """What a connector is, in OCPI's words."""

    type: Annotated[str, StringConstraints(max_length=40)] = Field(
        description="OCPI's ConnectorType.", examples=["IEC_62196_T2_COMBO"]
    )
    format: Literal["SOCKET", "CABLE"]
    power_type: Literal["AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"]
    max_voltage_v: int | None = Field(None, ge=1, le=2_000, description="Of one phase, V.", examples=[920])
    max_amperage_a: int | None = Field(None, ge=1, le=5_000, description="Of one phase, A.", examples=[200])
    max_power_w: int | None = Field(
        None, ge=1, le=10_000_000, description="W; if left out, what voltage and amperage make.", examples=[60_000]
    )
    label: Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")] = Field(
        "", description="What is written on it; empty: charge point and EVSE.", examples=["CP-01 / 1"]
    )


class ConnectorOut(BaseModel):
    charge_point: str = Field(examples=["CP-1"])
    evse: int
    connector: int
    label: str = Field(description="What is written on it.", examples=["CP-01 / 1"])
    type: str = Field(examples=["IEC_62196_T2_COMBO"])
    format: str = Field(examples=["CABLE"])
    power_type: str = Field(examples=["DC"])
    max_voltage_v: int | None
    max_amperage_a: int | None
    max_power_w: int | None = Field(description="W, said or of voltage and amperage.", examples=[60_000])
    code: str = Field(description="In the address of its QR code; never changes.", examples=["7GK2M9XQ4P"])
    status: str | None = Field(description="As it last reported; null if it never did.", examples=["Charging"])

    @classmethod
    def of(cls, row: Described, live: ports.View | None) -> ConnectorOut:
        one = row.connector
        return cls(
            charge_point=row.charge_point,
            evse=one.evse,
            connector=one.connector,
            label=row.label,
            type=one.type,
            format=one.format,
            power_type=one.power_type,
            max_voltage_v=one.max_voltage_v,
            max_amperage_a=one.max_amperage_a,
            max_power_w=one.power_w,
            code=row.code,
            status=status_of(live, one.evse, one.connector),
        )


ConnectorNumber = Annotated[int, Field(ge=1, le=MAX_NUMBER)]


def status_of(live: Mapping[str, Any] | None, evse: int, connector: int) -> str | None:
    """What a connector last reported, None if it never did."""
    for each in () if live is None else live["connectors"]:
        if (each["evse"], each["connector"]) == (evse, connector):
            return str(each["status"])
    return None


class ChargePointOut(BaseModel):
    id: str = Field(examples=["CP-1"])
    name: str
    network: str = Field(examples=["default"])
    station: str = Field(examples=["city-mall"])
    tags: list[str]
    notes: str
    commissioning: Commissioning
    isolation: Isolation
    admission: Admission
    secured: bool = Field(description="Whether the station has to prove who it is.")
    security_profile: int = Field(description="What a connection must show at least.", examples=[2])
    certificate_name: str | None = Field(description="Common name of its client certificate, if not its id.")
    vendor: str = Field(description="As it last reported, like `model`, `serial` and `firmware`.")
    model: str
    serial: str
    firmware: str
    created_at: str = Field(examples=["2026-01-01T00:00:00.000Z"])
    updated_at: str
    retired_at: str | None
    connectors: list[ConnectorOut] = Field(description="Those that are described.")
    live: LiveState | None = Field(
        description="What it is doing now. null if the station never connected, or while the live state cannot be read."
    )

    @classmethod
    def of(
        cls, row: ports.ChargePoint, live: ports.View | None, connectors: Sequence[Described] = ()
    ) -> ChargePointOut:
        return cls.model_validate(
            {
                "id": row.id,
                "name": row.name,
                "network": row.network_id,
                "station": row.station_id,
                "tags": list(row.tags),
                "notes": row.notes,
                "commissioning": row.commissioning,
                "isolation": row.isolation,
                "admission": row.admission,
                "secured": row.security_profile > 0,
                "security_profile": row.security_profile,
                "certificate_name": row.certificate_name,
                "vendor": row.vendor,
                "model": row.model,
                "serial": row.serial,
                "firmware": row.firmware,
                "created_at": to_iso(row.created),
                "updated_at": to_iso(row.updated),
                "retired_at": moment(row.retired),
                "connectors": [ConnectorOut.of(each, live) for each in connectors],
                "live": None if live is None else live_state(live),
            }
        )
