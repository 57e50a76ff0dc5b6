"""Operations as CALLs of OCPP 2.0.1 and 2.1, which need the same words for all of them (Part 2, blocks A to P)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.charging import operations as ops
from engine.charging.smart.profiles import ChargingProfile, ChargingSchedule
from engine.ocpp.composing import Call, cannot, composed, given, moment
from engine.ocpp.setting_names import VARIABLE_OF_KEY, Variable

VERSION = "2.x"


def compose(operation: ops.Operation) -> Call:
    """Action and payload. Raises InvalidInput."""
    return composed(VERSION, _COMPOSERS, operation)


# --- charging ---------------------------------------------------------------------------------------------------------


def _start(operation: ops.StartCharging) -> Call:
    return "RequestStartTransaction", given(
        remoteStartId=operation.number,
        idToken=_token(operation.id_token),
        evseId=operation.evse or None,
        groupIdToken=_maybe_token(operation.group),
        chargingProfile=None if operation.profile is None else _profile(operation.profile),
    )


def _stop(operation: ops.StopCharging) -> Call:
    return "RequestStopTransaction", {"transactionId": operation.transaction}


def _show_cost(operation: ops.ShowCost) -> Call:
    # A JSON number (I02): for the driver's eyes, exact decimals stay with us.
    return "CostUpdated", {"totalCost": float(operation.total), "transactionId": operation.transaction}


def _reset(operation: ops.Reset) -> Call:
    return "Reset", given(type="Immediate" if operation.immediate else "OnIdle", evseId=operation.evse or None)


def _unlock(operation: ops.Unlock) -> Call:
    return "UnlockConnector", {"evseId": operation.evse, "connectorId": operation.connector}


def _availability(operation: ops.ChangeAvailability) -> Call:
    status = "Operative" if operation.operative else "Inoperative"
    return "ChangeAvailability", given(operationalStatus=status, evse=_evse(operation.evse, operation.connector))


def _reserve(operation: ops.Reserve) -> Call:
    return "ReserveNow", given(
        id=operation.number,
        expiryDateTime=moment(operation.expires),
        connectorType=operation.connector_type or None,
        idToken=_token(operation.id_token),
        evseId=operation.evse or None,
        groupIdToken=_maybe_token(operation.group),
    )


def _cancel_reservation(operation: ops.CancelReservation) -> Call:
    return "CancelReservation", {"reservationId": operation.number}


# --- smart charging ---------------------------------------------------------------------------------------------------


def _set_charging_profile(operation: ops.SetChargingProfile) -> Call:
    return "SetChargingProfile", {"evseId": operation.evse, "chargingProfile": _profile(operation.profile)}


def _clear_charging_profile(operation: ops.ClearChargingProfile) -> Call:
    criteria = given(evseId=operation.evse, chargingProfilePurpose=operation.purpose, stackLevel=operation.stack_level)
    if operation.number is not None:
        # K10.FR.03: an id makes all other criteria void.
        return "ClearChargingProfile", {"chargingProfileId": operation.number}
    if not criteria:
        raise cannot(VERSION, "way to clear all profiles at once", "purpose", "Give an EVSE, a purpose or a level.")
    return "ClearChargingProfile", {"chargingProfileCriteria": criteria}


def _get_composite_schedule(operation: ops.GetCompositeSchedule) -> Call:
    return "GetCompositeSchedule", given(
        duration=operation.duration_s, evseId=operation.evse, chargingRateUnit=operation.unit or None
    )


def _profile(profile: ChargingProfile) -> dict[str, Any]:
    return given(
        id=profile.number,
        stackLevel=profile.stack_level,
        chargingProfilePurpose=profile.purpose,
        chargingProfileKind=profile.kind,
        recurrencyKind=profile.recurrency or None,
        validFrom=moment(profile.valid_from),
        validTo=moment(profile.valid_to),
        transactionId=profile.transaction or None,
        chargingSchedule=[_schedule(number, each) for number, each in enumerate(profile.schedules, 1)],
    )


def _schedule(number: int, schedule: ChargingSchedule) -> dict[str, Any]:
    periods = [
        given(startPeriod=period.start_s, limit=float(period.limit), numberPhases=period.phases)
        for period in schedule.periods
    ]
    return given(
        id=number,
        startSchedule=moment(schedule.start),
        duration=schedule.duration_s,
        chargingRateUnit=schedule.unit,
        chargingSchedulePeriod=periods,
        minChargingRate=None if schedule.min_rate is None else float(schedule.min_rate),
    )


# --- configuration ----------------------------------------------------------------------------------------------------


def _set_configuration(operation: ops.SetConfiguration) -> Call:
    attribute = None if operation.attribute == "Actual" else operation.attribute
    place = _variable(operation.name)
    return "SetVariables", {"setVariableData": [given(attributeType=attribute, attributeValue=operation.value) | place]}


def _set_password(operation: ops.SetPassword) -> Call:
    # Part 2, SecurityCtrlr: a passwordString. Bytes that were not given as text are sent as their digits.
    place = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    value = operation.text or operation.secret.hex()
    return "SetVariables", {"setVariableData": [{"attributeValue": value, **place}]}


def _send_certificate(operation: ops.SendCertificate) -> Call:
    payload = given(certificateChain=operation.chain, certificateType=operation.purpose, requestId=operation.request)
    return "CertificateSigned", payload


def _get_configuration(operation: ops.GetConfiguration) -> Call:
    if not operation.names:
        return "GetBaseReport", {"requestId": operation.number, "reportBase": "FullInventory"}
    return "GetVariables", {"getVariableData": [_variable(name) for name in operation.names]}


def _variable(name: ops.SettingName) -> dict[str, Any]:
    variable = Variable(name.component, name.variable, name.variable_instance)
    if not name.component:
        known = VARIABLE_OF_KEY.get(name.key) or _dotted(name.key)
        if known is None:
            raise cannot(
                VERSION, f"configuration key {name.key}", "key", "Give component and variable, or Component.Variable."
            )
        variable = known
    component = given(
        name=variable.component,
        instance=name.component_instance or None,
        evse=_evse(name.evse, name.connector),
    )
    return {"component": component, "variable": given(name=variable.variable, instance=variable.instance or None)}


def _dotted(key: str) -> Variable | None:
    component, dot, variable = key.partition(".")
    return Variable(component, variable) if component and dot and variable else None


_TRIGGERS = {
    "boot": "BootNotification",
    "heartbeat": "Heartbeat",
    "status": "StatusNotification",
    "meter_values": "MeterValues",
    "transaction": "TransactionEvent",
    "firmware_status": "FirmwareStatusNotification",
    "publish_firmware_status": "PublishFirmwareStatusNotification",
    "log_status": "LogStatusNotification",
    "diagnostics_status": "LogStatusNotification",
    "sign_certificate": "SignChargingStationCertificate",
    "sign_v2g_certificate": "SignV2GCertificate",
    "sign_combined_certificate": "SignCombinedCertificate",
}


def _trigger(operation: ops.Trigger) -> Call:
    evse, connector = operation.evse, operation.connector
    if operation.message == "status" and evse and not connector:
        # F06.FR.12: a StatusNotification is of a connector; most EVSEs have one.
        connector = 1
    if operation.message not in _TRIGGERS:
        remedy = "Use one of " + ", ".join(_TRIGGERS) + "."
        raise cannot(VERSION, f"trigger of {operation.message}", "message", remedy)
    return "TriggerMessage", given(requestedMessage=_TRIGGERS[operation.message], evse=_evse(evse, connector))


# --- upkeep -----------------------------------------------------------------------------------------------------------


def _update_firmware(operation: ops.UpdateFirmware) -> Call:
    firmware = given(
        location=operation.location,
        retrieveDateTime=moment(operation.retrieve_at),
        installDateTime=moment(operation.install_at),
        signingCertificate=operation.certificate or None,
        signature=operation.signature or None,
    )
    repeats = given(retries=operation.retries, retryInterval=operation.retry_interval_s)
    return "UpdateFirmware", {"requestId": operation.number, "firmware": firmware, **repeats}


def _get_log(operation: ops.GetLog) -> Call:
    log = given(
        remoteLocation=operation.location,
        oldestTimestamp=moment(operation.oldest),
        latestTimestamp=moment(operation.latest),
    )
    kind = "DiagnosticsLog" if operation.log == "diagnostics" else "SecurityLog"
    repeats = given(retries=operation.retries, retryInterval=operation.retry_interval_s)
    return "GetLog", {"logType": kind, "requestId": operation.number, "log": log, **repeats}


def _send_local_list(operation: ops.SendLocalList) -> Call:
    listed = [_listed(each) for each in operation.tokens]
    return "SendLocalList", given(
        versionNumber=operation.version,
        updateType="Full" if operation.full else "Differential",
        localAuthorizationList=listed or None,
    )


def _listed(listed: ops.ListedToken) -> dict[str, Any]:
    token = {"idToken": _token(listed.id_token)}
    if listed.status is None:
        return token
    info = given(
        status=listed.status, cacheExpiryDateTime=moment(listed.expires), groupIdToken=_maybe_token(listed.group)
    )
    return token | {"idTokenInfo": info}


def _get_local_list_version(_: ops.GetLocalListVersion) -> Call:
    return "GetLocalListVersion", {}


def _clear_cache(_: ops.ClearCache) -> Call:
    return "ClearCache", {}


def _transfer_data(operation: ops.TransferData) -> Call:
    return "DataTransfer", given(vendorId=operation.vendor, messageId=operation.message or None, data=operation.data)


def _customer_information(operation: ops.RequestCustomerInformation) -> Call:
    certificate: Mapping[str, str] | None = operation.certificate
    return "CustomerInformation", given(
        requestId=operation.number,
        report=operation.report,
        clear=operation.clear,
        idToken=_maybe_token(operation.id_token),
        customerIdentifier=operation.customer or None,
        customerCertificate=None if certificate is None else dict(certificate),
    )


def _clear_monitors(operation: ops.ClearMonitors) -> Call:
    return "ClearVariableMonitoring", {"id": list(operation.monitors)}


def _set_display_message(operation: ops.SetDisplayMessage) -> Call:
    content = given(format=operation.format, language=operation.language or None, content=operation.content)
    message = given(
        id=operation.number,
        priority=operation.priority,
        state=operation.state or None,
        startDateTime=moment(operation.start),
        endDateTime=moment(operation.end),
        transactionId=operation.transaction or None,
        message=content,
    )
    return "SetDisplayMessage", {"message": message}


def _clear_display_message(operation: ops.ClearDisplayMessage) -> Call:
    return "ClearDisplayMessage", {"id": operation.number}


def _get_display_messages(operation: ops.GetDisplayMessages) -> Call:
    return "GetDisplayMessages", given(requestId=operation.number, id=list(operation.messages) or None)


# --- fields -----------------------------------------------------------------------------------------------------------


_KINDS = {"rfid": "ISO14443", "app": "Central"}
"""What people call tokens, in the specification's words."""


def _token(token: ops.IdToken) -> dict[str, str]:
    return {"idToken": token.text, "type": _KINDS.get(token.kind.lower(), token.kind)}


def _maybe_token(token: ops.IdToken | None) -> dict[str, str] | None:
    return None if token is None else _token(token)


def _evse(evse: int, connector: int) -> dict[str, int] | None:
    """None for the whole station."""
    return given(id=evse, connectorId=connector or None) if evse else None


_COMPOSERS: dict[type[ops.Operation], Callable[[Any], Call]] = {
    ops.StartCharging: _start,
    ops.StopCharging: _stop,
    ops.ShowCost: _show_cost,
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
    ops.RequestCustomerInformation: _customer_information,
    ops.ClearMonitors: _clear_monitors,
    ops.SetDisplayMessage: _set_display_message,
    ops.ClearDisplayMessage: _clear_display_message,
    ops.GetDisplayMessages: _get_display_messages,
}
