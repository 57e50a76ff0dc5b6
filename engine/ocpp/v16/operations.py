"""Operations as CALLs of OCPP 1.6 (chapter 5; the security whitepaper for logs, signed firmware and triggers).

1.6's connector n is EVSE n's only connector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from engine.charging import operations as ops
from engine.charging.smart.profiles import ChargingProfile
from engine.errors import InvalidInput
from engine.ocpp.composing import Call, cannot, composed, given, moment
from engine.ocpp.setting_names import KEY_OF_VARIABLE, Variable

VERSION = "1.6"
_MAX_TOKEN = 20
_MAX_KEY = 20
"""Bytes of an AuthorizationKey (security whitepaper, A00.FR.205)."""


def compose(operation: ops.Operation) -> Call:
    """Action and payload. Raises InvalidInput."""
    return composed(VERSION, _COMPOSERS, operation)


# --- charging ---------------------------------------------------------------------------------------------------------


def _start(operation: ops.StartCharging) -> Call:
    if operation.group is not None:
        raise cannot(VERSION, "group of a remote start", "group", "Leave it out: the token's own group counts.")
    profile = None if operation.profile is None else _profile(operation.profile)
    payload = given(
        connectorId=operation.evse or None, idTag=_tag(operation.id_token, "id_token"), chargingProfile=profile
    )
    return "RemoteStartTransaction", payload


def _stop(operation: ops.StopCharging) -> Call:
    return "RemoteStopTransaction", {"transactionId": _number(operation.transaction, "transaction")}


def _reset(operation: ops.Reset) -> Call:
    if operation.evse:
        raise cannot(VERSION, "reset of one EVSE", "evse", "Leave it out: the whole station is reset.")
    return "Reset", {"type": "Hard" if operation.immediate else "Soft"}


def _unlock(operation: ops.Unlock) -> Call:
    return "UnlockConnector", {"connectorId": _place(operation.evse, operation.connector)}


def _availability(operation: ops.ChangeAvailability) -> Call:
    place = _place(operation.evse, operation.connector)
    return "ChangeAvailability", {"connectorId": place, "type": "Operative" if operation.operative else "Inoperative"}


def _reserve(operation: ops.Reserve) -> Call:
    if operation.connector_type:
        raise cannot(VERSION, "reservation by connector type", "connector_type", "Give the EVSE instead.")
    group = None if operation.group is None else _tag(operation.group, "group")
    return "ReserveNow", given(
        connectorId=operation.evse,
        expiryDate=moment(operation.expires),
        idTag=_tag(operation.id_token, "id_token"),
        parentIdTag=group,
        reservationId=operation.number,
    )


def _cancel_reservation(operation: ops.CancelReservation) -> Call:
    return "CancelReservation", {"reservationId": operation.number}


# --- smart charging ---------------------------------------------------------------------------------------------------

_PURPOSES = {
    "ChargingStationMaxProfile": "ChargePointMaxProfile",
    "TxDefaultProfile": "TxDefaultProfile",
    "TxProfile": "TxProfile",
}


def _set_charging_profile(operation: ops.SetChargingProfile) -> Call:
    return "SetChargingProfile", {"connectorId": operation.evse, "csChargingProfiles": _profile(operation.profile)}


def _clear_charging_profile(operation: ops.ClearChargingProfile) -> Call:
    purpose = None if operation.purpose is None else _purpose(operation.purpose, "purpose")
    return "ClearChargingProfile", given(
        id=operation.number,
        connectorId=operation.evse,
        chargingProfilePurpose=purpose,
        stackLevel=operation.stack_level,
    )


def _get_composite_schedule(operation: ops.GetCompositeSchedule) -> Call:
    return "GetCompositeSchedule", given(
        connectorId=operation.evse, duration=operation.duration_s, chargingRateUnit=operation.unit or None
    )


def _profile(profile: ChargingProfile) -> dict[str, Any]:
    if len(profile.schedules) != 1:
        raise cannot(VERSION, "profile of several schedules", "profile.schedules", "Give one schedule.")
    transaction = _number(profile.transaction, "profile.transaction") if profile.transaction else None
    (schedule,) = profile.schedules
    periods = [
        given(startPeriod=period.start_s, limit=float(period.limit), numberPhases=period.phases)
        for period in schedule.periods
    ]
    return given(
        chargingProfileId=profile.number,
        transactionId=transaction,
        stackLevel=profile.stack_level,
        chargingProfilePurpose=_purpose(profile.purpose, "profile.purpose"),
        chargingProfileKind=profile.kind,
        recurrencyKind=profile.recurrency or None,
        validFrom=moment(profile.valid_from),
        validTo=moment(profile.valid_to),
        chargingSchedule=given(
            duration=schedule.duration_s,
            startSchedule=moment(schedule.start),
            chargingRateUnit=schedule.unit,
            chargingSchedulePeriod=periods,
            minChargingRate=None if schedule.min_rate is None else float(schedule.min_rate),
        ),
    )


def _purpose(purpose: str, field: str) -> str:
    if purpose not in _PURPOSES:
        raise cannot(VERSION, f"purpose {purpose}", field, "Use one of " + ", ".join(_PURPOSES) + ".")
    return _PURPOSES[purpose]


# --- configuration ----------------------------------------------------------------------------------------------------


def _set_configuration(operation: ops.SetConfiguration) -> Call:
    if operation.attribute != "Actual":
        raise cannot(VERSION, f"{operation.attribute} of a setting", "attribute", "Use Actual.")
    return "ChangeConfiguration", {"key": _key(operation.name), "value": operation.value}


def _set_password(operation: ops.SetPassword) -> Call:
    if len(operation.secret) > _MAX_KEY:
        raise cannot(VERSION, f"password of over {_MAX_KEY} bytes", "password", f"Use 16 to {_MAX_KEY} bytes.")
    return "ChangeConfiguration", {"key": "AuthorizationKey", "value": operation.secret.hex()}


def _send_certificate(operation: ops.SendCertificate) -> Call:
    return "CertificateSigned", {"certificateChain": operation.chain}


def _get_configuration(operation: ops.GetConfiguration) -> Call:
    return "GetConfiguration", {"key": [_key(name) for name in operation.names]} if operation.names else {}


def _key(name: ops.SettingName) -> str:
    if name.key:
        return name.key
    known = KEY_OF_VARIABLE.get(Variable(name.component, name.variable, name.variable_instance))
    if known is None or name.evse or name.component_instance:
        raise cannot(VERSION, f"variable {name.component}.{name.variable}", "key", "Give the configuration key.")
    return known


_TRIGGERS = {
    "boot": ("TriggerMessage", "BootNotification"),
    "heartbeat": ("TriggerMessage", "Heartbeat"),
    "status": ("TriggerMessage", "StatusNotification"),
    "meter_values": ("TriggerMessage", "MeterValues"),
    "firmware_status": ("TriggerMessage", "FirmwareStatusNotification"),
    "diagnostics_status": ("TriggerMessage", "DiagnosticsStatusNotification"),
    "log_status": ("ExtendedTriggerMessage", "LogStatusNotification"),
    "sign_certificate": ("ExtendedTriggerMessage", "SignChargePointCertificate"),
}


def _trigger(operation: ops.Trigger) -> Call:
    if operation.message not in _TRIGGERS:
        remedy = "Use one of " + ", ".join(_TRIGGERS) + "."
        raise cannot(VERSION, f"trigger of {operation.message}", "message", remedy)
    action, message = _TRIGGERS[operation.message]
    return action, given(requestedMessage=message, connectorId=_place(operation.evse, operation.connector) or None)


# --- upkeep -----------------------------------------------------------------------------------------------------------


def _update_firmware(operation: ops.UpdateFirmware) -> Call:
    repeats = given(retries=operation.retries, retryInterval=operation.retry_interval_s)
    retrieve = moment(operation.retrieve_at)
    if not operation.certificate and not operation.signature:
        if operation.install_at is not None:
            raise cannot(VERSION, "time of installation", "install_at", "Leave it out, or give a signed image.")
        return "UpdateFirmware", {"location": operation.location, "retrieveDate": retrieve, **repeats}
    firmware = given(
        location=operation.location,
        retrieveDateTime=retrieve,
        installDateTime=moment(operation.install_at),
        signingCertificate=operation.certificate,
        signature=operation.signature,
    )
    return "SignedUpdateFirmware", {"requestId": operation.number, "firmware": firmware, **repeats}


def _get_log(operation: ops.GetLog) -> Call:
    repeats = given(retries=operation.retries, retryInterval=operation.retry_interval_s)
    oldest, latest = moment(operation.oldest), moment(operation.latest)
    if operation.log == "diagnostics":
        window = given(startTime=oldest, stopTime=latest)
        return "GetDiagnostics", {"location": operation.location, **window, **repeats}
    log = given(remoteLocation=operation.location, oldestTimestamp=oldest, latestTimestamp=latest)
    return "GetLog", {"logType": "SecurityLog", "requestId": operation.number, "log": log, **repeats}


def _send_local_list(operation: ops.SendLocalList) -> Call:
    return "SendLocalList", {
        "listVersion": operation.version,
        "updateType": "Full" if operation.full else "Differential",
        # No 1.6 station can present a longer token, so none needs to know it.
        "localAuthorizationList": [
            _listed(listed) for listed in operation.tokens if len(listed.id_token.text) <= _MAX_TOKEN
        ],
    }


def _listed(listed: ops.ListedToken) -> dict[str, Any]:
    tag = {"idTag": _tag(listed.id_token, "tokens")}
    if listed.status is None:
        return tag
    group = None if listed.group is None else _tag(listed.group, "tokens")
    return tag | {"idTagInfo": given(status=listed.status, expiryDate=moment(listed.expires), parentIdTag=group)}


def _get_local_list_version(_: ops.GetLocalListVersion) -> Call:
    return "GetLocalListVersion", {}


def _clear_cache(_: ops.ClearCache) -> Call:
    return "ClearCache", {}


def _transfer_data(operation: ops.TransferData) -> Call:
    data = operation.data
    if data is not None and not isinstance(data, str):
        # 1.6's data is text; whoever gives a structure means its JSON.
        data = orjson.dumps(data).decode()
    return "DataTransfer", given(vendorId=operation.vendor, messageId=operation.message or None, data=data)


# --- fields -----------------------------------------------------------------------------------------------------------


def _tag(token: ops.IdToken, field: str) -> str:
    if len(token.text) > _MAX_TOKEN:
        raise cannot(VERSION, f"token of {len(token.text)} characters", field, f"Use at most {_MAX_TOKEN}.")
    return token.text


def _number(transaction: str, field: str) -> int:
    try:
        return int(transaction)
    except ValueError as error:
        raise InvalidInput(
            f"{transaction!r} is no transaction of an OCPP 1.6 station.", field=field, remedy="Give its number."
        ) from error


def _place(evse: int, connector: int) -> int:
    if connector > 1:
        raise cannot(VERSION, "second connector of an EVSE", "connector", "Give connector 1 of another EVSE.")
    return evse


_COMPOSERS: dict[type[ops.Operation], Callable[[Any], Call]] = {
    ops.StartCharging: _start,
    ops.StopCharging: _stop,
    ops.Reset: _reset,
    ops.Unlock: _unlock,
    ops.ChangeAvailability: _availability,
    ops.SetConfiguration: _set_configuration,
    ops.SetPassword: _set_password,
    ops.SendCertificate: _send_certificate,
    ops.GetConfiguration: _get_configuration,
    ops.Trigger: _trigger,
    ops.Reserve: _reserve,
    ops.CancelReservation: _cancel_reservation,
    ops.SetChargingProfile: _set_charging_profile,
    ops.ClearChargingProfile: _clear_charging_profile,
    ops.GetCompositeSchedule: _get_composite_schedule,
    ops.UpdateFirmware: _update_firmware,
    ops.GetLog: _get_log,
    ops.SendLocalList: _send_local_list,
    ops.GetLocalListVersion: _get_local_list_version,
    ops.ClearCache: _clear_cache,
    ops.TransferData: _transfer_data,
}
