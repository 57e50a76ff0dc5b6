"""The JSON of what operators do daily: one model for each operation, the same for every OCPP version.

`operation(number)` makes the neutral operation of it; `number` is a fresh one, for those that need it (`numbered`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from api.schemas.charging_profiles import Number, ProfileIn, Purpose, TransactionText, Unit
from api.schemas.commands import CommandResultOut
from api.schemas.resources import Strict, micros_of
from engine.charging import operations as ops

Evse = Annotated[int, Field(ge=0, le=1023)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[!-~]+$")]
TokenText = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[!-~]+$")]
TokenKind = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9]+$")]
Name = Annotated[str, StringConstraints(max_length=50)]


class OperationIn(Strict):
    """Base of all. `kind` as in `engine/charging/operations.py`."""

    kind: ClassVar[str]
    numbered: ClassVar[bool] = False

    def operation(self, number: int) -> ops.Operation:
        raise NotImplementedError


class OperationOut(CommandResultOut):
    action: str = Field(description="The OCPP action that it became in the station's version.", examples=["Reset"])
    number: int | None = Field(
        None,
        description="What station and CSMS call it by, made here: remote start id, reservation, profile, request, "
        "message or list version.",
    )


class TokenIn(Strict):
    id_token: TokenText = Field(examples=["04A2B3C4D5E6F7"])
    kind: TokenKind = Field("Central", description="As OCPP 2.x names it; 1.6 has no kinds.", examples=["ISO14443"])

    def token(self) -> ops.IdToken:
        return ops.IdToken(self.id_token, self.kind)


def _token(given: TokenIn | None) -> ops.IdToken | None:
    return None if given is None else given.token()


# --- charging profiles ------------------------------------------------------------------------------------------------


class SetChargingProfileIn(OperationIn):
    kind = ops.SetChargingProfile.kind
    numbered = True

    evse: Evse = Field(0, description="0: the whole station, or the default of every EVSE.")
    profile: ProfileIn = Field(examples=[{"schedules": [{"unit": "A", "periods": [{"limit": "16.0"}]}]}])

    def operation(self, number: int) -> ops.SetChargingProfile:
        return ops.SetChargingProfile(self.profile.profile(number), self.evse)


class ClearChargingProfileIn(OperationIn):
    kind = ops.ClearChargingProfile.kind

    number: Number | None = Field(None, description="Only this one; else all that fit the rest.")
    evse: Evse | None = None
    purpose: Purpose | None = None
    stack_level: int | None = Field(None, ge=0)

    def operation(self, number: int) -> ops.ClearChargingProfile:
        return ops.ClearChargingProfile(self.number, self.evse, self.purpose, self.stack_level)


class GetCompositeScheduleIn(OperationIn):
    kind = ops.GetCompositeSchedule.kind

    duration_s: int = Field(86_400, ge=1, le=31 * 86_400, examples=[3600])
    evse: Evse = 0
    unit: Unit | None = None

    def operation(self, number: int) -> ops.GetCompositeSchedule:
        return ops.GetCompositeSchedule(self.duration_s, self.evse, self.unit or "")


# --- charging ---------------------------------------------------------------------------------------------------------


class StartIn(OperationIn):
    kind = ops.StartCharging.kind
    numbered = True

    token: TokenIn = Field(examples=[{"id_token": "04A2B3C4D5E6F7"}])
    evse: Evse = Field(0, description="0: the station may choose.", examples=[1])
    group: TokenIn | None = None
    profile: ProfileIn | None = Field(None, description="A TxProfile for this session alone.")

    def operation(self, number: int) -> ops.StartCharging:
        profile = None if self.profile is None else self.profile.profile(number)
        return ops.StartCharging(number, self.token.token(), self.evse, _token(self.group), profile)


class ResetIn(OperationIn):
    kind = ops.Reset.kind

    immediate: bool = Field(False, examples=[True], description="Do not wait for sessions to end (1.6: Hard).")
    evse: Evse = Field(0, description="0: the whole station; one EVSE needs OCPP 2.x.")

    def operation(self, number: int) -> ops.Reset:
        return ops.Reset(self.immediate, self.evse)


class UnlockIn(OperationIn):
    kind = ops.Unlock.kind

    evse: int = Field(1, ge=1, le=1023, examples=[1])
    connector: int = Field(1, ge=1, le=16)

    def operation(self, number: int) -> ops.Unlock:
        return ops.Unlock(self.evse, self.connector)


class AvailabilityIn(OperationIn):
    kind = ops.ChangeAvailability.kind

    operative: bool = Field(examples=[False])
    evse: Evse = Field(0, description="0: the whole station.")
    connector: int = Field(0, ge=0, le=16, description="0: the whole EVSE.")

    def operation(self, number: int) -> ops.ChangeAvailability:
        return ops.ChangeAvailability(self.operative, self.evse, self.connector)


class ReserveIn(OperationIn):
    kind = ops.Reserve.kind
    numbered = True

    token: TokenIn = Field(examples=[{"id_token": "04A2B3C4D5E6F7"}])
    expires_at: AwareDatetime = Field(examples=["2027-01-01T08:00:00.000Z"])
    evse: Evse = Field(0, description="0: any.", examples=[1])
    group: TokenIn | None = None
    connector_type: Annotated[str, StringConstraints(max_length=20)] = Field("", description="OCPP 2.x only.")

    def operation(self, number: int) -> ops.Reserve:
        expires = micros_of(self.expires_at) or 0
        return ops.Reserve(number, self.token.token(), expires, self.evse, _token(self.group), self.connector_type)


# --- configuration ----------------------------------------------------------------------------------------------------


class SettingNameIn(Strict):
    """A configuration key, or a component's variable. Standard settings may be given by either name to any station."""

    key: Name = Field("", examples=["HeartbeatInterval"])
    component: Name = ""
    variable: Name = ""
    component_instance: Name = ""
    variable_instance: Name = ""
    evse: Evse = 0
    connector: int = Field(0, ge=0, le=16)

    def name(self) -> ops.SettingName:
        return ops.SettingName(
            self.key,
            self.component,
            self.variable,
            self.component_instance,
            self.variable_instance,
            self.evse,
            self.connector,
        )


class SetConfigurationIn(OperationIn):
    kind = ops.SetConfiguration.kind

    name: SettingNameIn = Field(examples=[{"key": "HeartbeatInterval"}])
    value: Annotated[str, StringConstraints(max_length=2500)] = Field(examples=["60"])
    attribute: Literal["Actual", "Target", "MinSet", "MaxSet"] = "Actual"

    def operation(self, number: int) -> ops.SetConfiguration:
        return ops.SetConfiguration(self.name.name(), self.value, self.attribute)


class GetConfigurationIn(OperationIn):
    kind = ops.GetConfiguration.kind
    numbered = True

    names: list[SettingNameIn] = Field(default_factory=list, max_length=100, description="Empty: all.")

    def operation(self, number: int) -> ops.GetConfiguration:
        return ops.GetConfiguration(number, tuple(each.name() for each in self.names))


class TriggerIn(OperationIn):
    kind = ops.Trigger.kind

    message: Literal[
        "boot",
        "heartbeat",
        "status",
        "meter_values",
        "transaction",
        "firmware_status",
        "publish_firmware_status",
        "log_status",
        "diagnostics_status",
        "sign_certificate",
        "sign_v2g_certificate",
        "sign_combined_certificate",
    ] = Field(examples=["status"])
    evse: Evse = 0
    connector: int = Field(0, ge=0, le=16)

    def operation(self, number: int) -> ops.Trigger:
        return ops.Trigger(self.message, self.evse, self.connector)


# --- the rest ---------------------------------------------------------------------------------------------------------


class ClearCacheIn(OperationIn):
    kind = ops.ClearCache.kind

    def operation(self, number: int) -> ops.ClearCache:
        return ops.ClearCache()


class GetLocalListVersionIn(OperationIn):
    kind = ops.GetLocalListVersion.kind

    def operation(self, number: int) -> ops.GetLocalListVersion:
        return ops.GetLocalListVersion()


class TransferDataIn(OperationIn):
    kind = ops.TransferData.kind

    vendor: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(examples=["com.acme"])
    message: Name = ""
    data: Any = None

    def operation(self, number: int) -> ops.TransferData:
        return ops.TransferData(self.vendor, self.message, self.data)


class CustomerInformationIn(OperationIn):
    kind = ops.RequestCustomerInformation.kind
    numbered = True

    report: bool = True
    clear: bool = False
    token: TokenIn | None = None
    customer: Annotated[str, StringConstraints(max_length=64)] = ""
    certificate: Mapping[str, str] | None = Field(None, description="OCPP's CertificateHashData.")

    def operation(self, number: int) -> ops.RequestCustomerInformation:
        return ops.RequestCustomerInformation(
            number, self.report, self.clear, _token(self.token), self.customer, self.certificate
        )


class DisplayMessageIn(OperationIn):
    kind = ops.SetDisplayMessage.kind
    numbered = True

    content: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(examples=["Out of order"])
    priority: Literal["AlwaysFront", "InFront", "NormalCycle"] = "NormalCycle"
    format: Literal["ASCII", "HTML", "URI", "UTF8", "QRCODE"] = "UTF8"
    language: Annotated[str, StringConstraints(max_length=8)] = Field("", examples=["en"])
    state: Literal["Charging", "Faulted", "Idle", "Unavailable", "Suspended", "Discharging"] | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    transaction: Annotated[str, StringConstraints(max_length=36)] = ""

    def operation(self, number: int) -> ops.SetDisplayMessage:
        return ops.SetDisplayMessage(
            number,
            self.content,
            self.priority,
            self.format,
            self.language,
            self.state or "",
            micros_of(self.start),
            micros_of(self.end),
            self.transaction,
        )


class GetDisplayMessagesIn(OperationIn):
    kind = ops.GetDisplayMessages.kind
    numbered = True

    messages: list[Number] = Field(default_factory=list, max_length=100, description="Empty: all.")

    def operation(self, number: int) -> ops.GetDisplayMessages:
        return ops.GetDisplayMessages(number, tuple(self.messages))


SIMPLE: dict[str, type[OperationIn]] = {
    model.kind: model
    for model in (
        ResetIn,
        UnlockIn,
        AvailabilityIn,
        SetConfigurationIn,
        GetConfigurationIn,
        TriggerIn,
        SetChargingProfileIn,
        ClearChargingProfileIn,
        GetCompositeScheduleIn,
        ClearCacheIn,
        GetLocalListVersionIn,
        TransferDataIn,
        DisplayMessageIn,
        GetDisplayMessagesIn,
    )
}
"""Operations that are the same for any number of stations: what a campaign may carry, beside firmware and logs."""


class StopIn(Strict):
    """One of the two."""

    session: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        None, description="Our id of it.", examples=["0a1b2c"]
    )
    transaction: TransactionText | None = Field(None, description="The station's id of it.")


class FirmwareIn(OperationIn):
    kind = ops.UpdateFirmware.kind
    numbered = True

    image: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,64}$")] | None = Field(
        None, description="One of ours, from /api/v1/firmware: the station is given an address for it."
    )
    location: Url | None = Field(None, description="Or where else the station fetches it.")
    retrieve_at: AwareDatetime | None = Field(None, description="Left out: at once.")
    install_at: AwareDatetime | None = None
    certificate: Annotated[str, StringConstraints(max_length=5500)] = Field("", description="PEM; with `signature`.")
    signature: Annotated[str, StringConstraints(max_length=800)] = ""
    retries: int | None = Field(None, ge=0, le=100)
    retry_interval_s: int | None = Field(None, ge=0)

    def operation(self, number: int) -> ops.UpdateFirmware:
        return ops.UpdateFirmware(
            number,
            self.location or "",
            micros_of(self.retrieve_at) or 0,
            micros_of(self.install_at),
            self.certificate,
            self.signature,
            self.retries,
            self.retry_interval_s,
        )


class LogIn(OperationIn):
    kind = ops.GetLog.kind
    numbered = True

    location: Url | None = Field(None, description="Where the station puts it; left out: here, see `…/files`.")
    log: Literal["diagnostics", "security"] = "diagnostics"
    oldest: AwareDatetime | None = None
    latest: AwareDatetime | None = None
    retries: int | None = Field(None, ge=0, le=100)
    retry_interval_s: int | None = Field(None, ge=0)

    def operation(self, number: int) -> ops.GetLog:
        return ops.GetLog(
            number,
            self.location or "",
            self.log,
            micros_of(self.oldest),
            micros_of(self.latest),
            self.retries,
            self.retry_interval_s,
        )


class LocalListIn(Strict):
    """The whole registry of tokens, or only those that are named: what the registry has no more is taken out."""

    tokens: list[TokenText] | None = Field(None, max_length=1000, description="Left out: all, as a full list.")
    version: Number | None = Field(None, description="Above the one that is there; left out: a new one.")
