"""The JSON of passwords and certificates."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.ports.security import Certificate
from api.schemas.charge_points import WithSecret
from api.schemas.operations import OperationOut
from api.schemas.resources import Strict, moment
from engine.clock import to_iso
from engine.stores.signing_requests import SigningRequest

Reason = Literal[
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
]


class PasswordIn(WithSecret):
    """Neither of both has one made that every version of OCPP can carry."""


class PasswordOut(OperationOut):
    password: str | None = Field(
        None, description="The one that was made, shown this once; null where it was given or not taken."
    )
    waiting: bool = Field(
        description="Whether old and new are both right: until the station has connected with the new one."
    )


class RevocationIn(Strict):
    reason: Reason = Field("unspecified", description="As in RFC 5280, section 5.3.1.")


class CertificateOut(BaseModel):
    serial_number: str = Field(description="Hexadecimal.", examples=["358db04fed02d5fef2c5962a4da732980cc3d78b"])
    subject: str = Field(examples=["CN=SN-0042,O=Raycharge"])
    issuer: str
    charge_point: str | None = Field(description="null for one of the gateway's own.")
    kind: str = Field(examples=["ChargingStationCertificate"])
    valid_from: str
    valid_until: str
    revoked_at: str | None
    revocation_reason: str | None
    pem: str

    @classmethod
    def of(cls, row: Certificate) -> CertificateOut:
        return cls(
            serial_number=row.serial_number,
            subject=row.subject,
            issuer=row.issuer,
            charge_point=row.charge_point or None,
            kind=row.kind,
            valid_from=to_iso(row.not_before),
            valid_until=to_iso(row.not_after),
            revoked_at=moment(row.revoked),
            revocation_reason=row.revocation_reason or None,
            pem=row.pem,
        )


class SigningRequestOut(BaseModel):
    charge_point: str
    received_at: str
    use: str = Field(examples=["ChargingStationCertificate"])
    state: str = Field(
        description="asked, signed (on its way), installed, rejected (by the station), undelivered, refused (by us).",
        examples=["installed"],
    )
    detail: str = Field(description="Why it was refused, or how sending it ended.")
    serial_number: str | None = Field(description="Of what was signed.")
    command: str | None = Field(description="The command that sends it.")
    csr: str

    @classmethod
    def of(cls, row: SigningRequest) -> SigningRequestOut:
        return cls(
            charge_point=row.charge_point,
            received_at=to_iso(row.received),
            use=row.use,
            state=row.state,
            detail=row.detail,
            serial_number=row.serial_number or None,
            command=row.command or None,
            csr=row.csr,
        )
