"""JSON of accounts, roles, logins, second factors and API keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.schemas.resources import Password, Strict, moment
from engine.access.scope import Scope
from engine.clock import to_iso
from engine.stores.people.accounts import Known
from engine.stores.people.api_keys import ApiKey
from engine.stores.people.logins import Login
from engine.stores.people.roles import LoginPolicy, Role
from engine.stores.people.rows import HeldRole

Email = Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^\x00-\x20\x7f]+$")]
NewPassword = Annotated[str, StringConstraints(min_length=8, max_length=256)]
Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
FullName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:-]{1,64}$")]
Permission = Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}:[a-z]{1,20}$")]
MailToken = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{20,100}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z -]{6,40}$")]


# --- letting oneself in ----------------------------------------------------------------------------------------------


class SignUpIn(Strict):
    network: Identifier = Field(description="The operator whose customer you become.", examples=["default"])
    email: Email = Field(examples=["ann@example.org"])
    password: NewPassword
    name: Name = ""


class SentOut(BaseModel):
    """The same whether or not there is such an account."""

    message: str = "If this address can be used, a letter is on its way."


class ConfirmIn(Strict):
    token: MailToken = Field(description="The code of the letter.")
    password: Password = Field(description="As chosen when signing up.")


class ResetIn(Strict):
    email: Email = Field(examples=["ann@example.org"])
    network: Identifier | None = Field(None, description="A driver's operator; without it the staff's account.")


class NewPasswordIn(Strict):
    token: MailToken = Field(description="The code of the letter.")
    password: NewPassword


class PasswordChange(Strict):
    old_password: Password
    new_password: NewPassword


class ProviderOut(BaseModel):
    authorization_url: str = Field(description="Send the browser there.")


class LoginSessionOut(BaseModel):
    id: str
    method: str = Field(description="password or oidc.")
    second_factor: bool = Field(description="Whether a second factor was shown.")
    address: str = Field(examples=["198.51.100.7"])
    client: str = Field(description="What the program called itself.", examples=["Mozilla/5.0 …"])
    created_at: str
    expires_at: str
    current: bool = Field(description="Whether it is the one that asks.")

    @classmethod
    def of(cls, login: Login, current: str = "") -> LoginSessionOut:
        return cls(
            id=login.id,
            method=login.method,
            second_factor=login.second_factor,
            address=login.address,
            client=login.client,
            created_at=to_iso(login.created),
            expires_at=to_iso(login.expires),
            current=login.id == current,
        )


class EnrolIn(Strict):
    password: Password | None = Field(None, description="Not needed by who has none and logs in at a provider.")


class EnrolmentOut(BaseModel):
    secret: str = Field(description="In base 32, to be typed in.", examples=["JBSWY3DPEHPK3PXP"])
    uri: str = Field(description="To be shown as a QR code.", examples=["otpauth://totp/…"])


class CodeIn(Strict):
    code: Code = Field(description="The code that the authenticator program shows now.", examples=["492039"])


class ProofIn(Strict):
    password: Password | None = Field(None, description="Not needed by who has none and logs in at a provider.")
    code: Code = Field(description="A one-time code, or a recovery code.")


class RecoveryCodesOut(BaseModel):
    recovery_codes: list[str] = Field(description="Each lets you in once without the program; never shown again.")


# --- accounts and roles ----------------------------------------------------------------------------------------------


class GrantIn(Strict):
    role: Identifier = Field(examples=["support"])
    network: Identifier | None = Field(None, description="Null: in the whole installation.", examples=["default"])


class GrantOut(BaseModel):
    id: str
    role: str
    name: str
    network: str | None

    @classmethod
    def of(cls, held: HeldRole) -> GrantOut:
        return cls(id=held.id, role=held.role, name=held.name, network=held.network)


class AccountIn(Strict):
    email: Email = Field(examples=["ann@example.org"])
    name: Name = ""
    password: NewPassword | None = Field(None, description="Without it an invitation is sent.")
    network: Identifier | None = Field(None, description="Makes a driver of this network; staff have roles instead.")
    roles: Annotated[list[GrantIn], Field(max_length=50)] = Field([])


class AccountChange(Strict):
    email: Email | None = None
    name: Name | None = None
    disabled: bool | None = None


class AccountOut(BaseModel):
    id: str
    kind: str = Field(description="staff or driver.")
    network: str | None = Field(description="A driver's operator.")
    email: str
    email_verified: bool
    name: str
    disabled: bool
    roles: list[GrantOut] = Field(description="Those that you may see.")
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, known: Known, scope: Scope) -> AccountOut:
        account = known.account
        return cls(
            id=account.id,
            kind=account.kind,
            network=account.network,
            email=account.email,
            email_verified=account.email_verified is not None,
            name=account.name,
            disabled=account.disabled,
            roles=[GrantOut.of(role) for role in known.roles if scope.covers(role.network)],
            created_at=to_iso(account.created),
            updated_at=to_iso(account.updated),
        )


class RoleIn(Strict):
    name: FullName
    description: Name = ""
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=100)] = Field(
        examples=[["charge-points:read", "sessions:read"]]
    )
    network: Identifier | None = Field(None, description="Null: it may be granted anywhere.")
    totp_required: bool = False


class RoleChange(Strict):
    name: FullName | None = None
    description: Name | None = None
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=100)] | None = None
    totp_required: bool | None = None


class RoleOut(BaseModel):
    id: str
    name: str
    description: str
    permissions: list[str]
    builtin: bool
    network: str | None
    totp_required: bool = Field(description="Who has it must show a second factor.")

    @classmethod
    def of(cls, role: Role) -> RoleOut:
        return cls(
            id=role.id,
            name=role.name,
            description=role.description,
            permissions=sorted(role.permissions),
            builtin=role.builtin,
            network=role.network,
            totp_required=role.totp_required,
        )


class PolicyIn(Strict):
    totp_required: bool


class PolicyOut(BaseModel):
    network: str = Field(description='"*": everybody who is no driver.')
    totp_required: bool

    @classmethod
    def of(cls, policy: LoginPolicy) -> PolicyOut:
        return cls(network=policy.network, totp_required=policy.totp_required)


# --- API keys --------------------------------------------------------------------------------------------------------


class ApiKeyIn(Strict):
    name: FullName = Field(examples=["Nightly export"])
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=100)]
    networks: Annotated[list[Identifier], Field(min_length=1, max_length=100)] | None = Field(
        None, description="Null: wherever you may."
    )
    expires_at: AwareDatetime = Field(description="Within a year.")


class ApiKeyOut(BaseModel):
    id: str
    account: str
    owner: str = Field(description="The owner's e-mail address.")
    name: str
    permissions: list[str]
    networks: list[str] | None
    created_at: str
    expires_at: str
    last_used_at: str | None = Field(description="To the minute.")
    revoked_at: str | None

    @classmethod
    def of(cls, key: ApiKey) -> ApiKeyOut:
        return cls(
            id=key.id,
            account=key.account,
            owner=key.owner,
            name=key.name,
            permissions=list(key.permissions),
            networks=None if key.networks is None else list(key.networks),
            created_at=to_iso(key.created),
            expires_at=to_iso(key.expires),
            last_used_at=moment(key.last_used),
            revoked_at=moment(key.revoked),
        )


class NewApiKeyOut(BaseModel):
    key: str = Field(description="Send it as `Authorization: Bearer …`. Shown this once.", examples=["rck_…"])
    api_key: ApiKeyOut
