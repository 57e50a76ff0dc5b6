"""The JSON of tokens and their groups. Money is decimal text in the network's currency, exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.schemas.resources import IdToken, Strict, Text, TokenStatus, micros_of, moment
from engine.clock import to_iso
from engine.stores.tokens.groups import TokenGroup
from engine.stores.tokens.token import Token

Network = Annotated[str, StringConstraints(max_length=48, pattern=r"^[0-9A-Za-z_.-]*$")]
Kind = Literal["RFID", "app", "ad_hoc", "roaming"]
GroupId = Annotated[str, StringConstraints(max_length=36, pattern=r"^[!-~]*$")]
Language = Annotated[str, StringConstraints(max_length=8, pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?)?$")]
MaxSessions = Annotated[int, Field(ge=1, le=10_000)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=16, decimal_places=4)]
Short = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
DriverId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_.:-]+$")]
ClaimCode = Annotated[str, StringConstraints(min_length=6, max_length=64, pattern=r"^[!-~]+$")]

_NAMES = {"label": "label", "group": "group_id", "expires_at": "expires", "valid_from": "valid_from"}
_MOMENTS = frozenset({"expires_at", "valid_from"})


def as_stored(said: dict[str, Any]) -> dict[str, Any]:
    """Members of the JSON as the store has them."""
    return {_NAMES.get(name, name): micros_of(value) if name in _MOMENTS else value for name, value in said.items()}


class TokenChange(Strict):
    """Members that are left out stay as they are; null takes away."""

    kind: Kind = "RFID"
    label: Text = Field("", examples=["Pool car 3"])
    status: TokenStatus = "Accepted"
    block_reason: Text = Field("", description="Why it is blocked; gone when it is unblocked.")
    valid_from: AwareDatetime | None = None
    expires_at: AwareDatetime | None = Field(None, examples=["2027-01-01T00:00:00.000Z"])
    group: GroupId = Field(
        "", description="Parent idTag: tokens of one group may end each other's sessions, and share its limits."
    )
    max_sessions: MaxSessions | None = Field(
        None, description="Sessions at once; null any number. A new app or ad hoc token has 1 unless this is given."
    )
    credit_limit: Amount | None = Field(
        None, description="What may be owed before charging is refused; null any amount."
    )
    driver: DriverId | None = Field(None, description="Whose it is; null nobody's.")
    visual_number: Short = Field("", description="What is printed on the card.")
    language: Language = Field("", description="Of the station's texts for the holder.", examples=["de"])
    issuer: Short = Field("", description="Of roaming tokens: the partner's country and party.", examples=["NL-TNM"])
    contract_id: Short = Field(
        "", description="Of roaming tokens: the contract there.", examples=["NL-TNM-C12345678-X"]
    )


class TokenIn(TokenChange):
    id_token: IdToken = Field(description="OCPP 1.6 stations send at most 20 characters.", examples=["04A2B3C4D5E6F7"])
    network: Network | None = Field(
        None, description="Where it is good; empty: in the whole installation. Your only network, or `default`."
    )
    claim_code: ClaimCode | None = Field(
        None, description="Printed with the card: a driver who knows it may take the card for his own."
    )


class TokenOut(BaseModel):
    id_token: str = Field(examples=["04A2B3C4D5E6F7"])
    network: str | None = Field(description="Where it is good; null: in the whole installation.", examples=["default"])
    kind: str = Field(examples=["RFID"])
    label: str
    status: str = Field(examples=["Accepted"])
    block_reason: str
    valid_from: str | None
    expires_at: str | None
    group: str
    max_sessions: int | None
    credit_limit: str | None = Field(examples=["500.00"])
    credit_used: str = Field(description="What is owed now.", examples=["0"])
    driver: str | None
    visual_number: str
    language: str
    issuer: str
    contract_id: str

    @classmethod
    def of(cls, row: Token) -> TokenOut:
        return cls(
            id_token=row.id_token,
            network=row.network or None,
            kind=row.kind,
            label=row.label,
            status=row.status,
            block_reason=row.block_reason,
            valid_from=moment(row.valid_from),
            expires_at=moment(row.expires),
            group=row.group_id,
            max_sessions=row.max_sessions,
            credit_limit=text_of(row.credit_limit),
            credit_used=str(row.credit_used),
            driver=row.driver,
            visual_number=row.visual_number,
            language=row.language,
            issuer=row.issuer,
            contract_id=row.contract_id,
        )


def text_of(amount: Decimal | None) -> str | None:
    """An exact decimal as plain text."""
    return None if amount is None else format(amount, "f")


# --- groups -------------------------------------------------------------------------------------------------------


class GroupChange(Strict):
    """Members that are left out stay as they are; null takes away."""

    name: Text = Field("", examples=["Taxi fleet"])
    parent: GroupId = Field("", description="The group that this one is within; its limits count here, too.")
    status: TokenStatus = Field("Accepted", description="Blocked: none of its tokens may charge.")
    block_reason: Text = ""
    max_sessions: MaxSessions | None = Field(None, description="Sessions at once of all its tokens together.")
    credit_limit: Amount | None = Field(None, description="What all its tokens together may owe.")


class GroupIn(GroupChange):
    id: Annotated[str, StringConstraints(min_length=1, max_length=36, pattern=r"^[!-~]+$")] = Field(
        description="As tokens name it, and stations are told: the parent idTag.", examples=["FLEET-1"]
    )
    network: Network | None = Field(None, description="As for tokens, whose group it is.")


class GroupOut(BaseModel):
    id: str = Field(examples=["FLEET-1"])
    network: str | None
    name: str
    parent: str
    status: str
    block_reason: str
    max_sessions: int | None
    credit_limit: str | None
    credit_used: str
    created_at: str

    @classmethod
    def of(cls, row: TokenGroup) -> GroupOut:
        return cls(
            id=row.id,
            network=row.network or None,
            name=row.name,
            parent=row.parent,
            status=row.status,
            block_reason=row.block_reason,
            max_sessions=row.max_sessions,
            credit_limit=text_of(row.credit_limit),
            credit_used=text_of(row.credit_used) or "0",
            created_at=to_iso(row.created),
        )
