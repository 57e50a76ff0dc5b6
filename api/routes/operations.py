"""What operators do daily, without asking which version a charger speaks. Each answers as the raw command does.

The host says the operation in the words of the station's version; one that the version does not have is a 422 with
field and remedy. Whatever a station is to be told a number for (a reservation, a profile, a request) gets a fresh one.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.operations.local_lists import local_list
from api.operations.monitors import MonitorsClearedOut, clear_monitors
from api.operations.operator import Operator
from api.routes.paging import known_charge_point_id
from api.schemas.charging_profiles import Purpose
from api.schemas.operations import (
    AvailabilityIn,
    ClearCacheIn,
    ClearChargingProfileIn,
    CustomerInformationIn,
    DisplayMessageIn,
    FirmwareIn,
    GetCompositeScheduleIn,
    GetConfigurationIn,
    GetDisplayMessagesIn,
    GetLocalListVersionIn,
    LocalListIn,
    LogIn,
    OperationOut,
    ReserveIn,
    ResetIn,
    SetChargingProfileIn,
    SetConfigurationIn,
    StartIn,
    StopIn,
    TransferDataIn,
    TriggerIn,
    UnlockIn,
)
from api.web.context import Here, context_of, principal_of, scope_of
from engine.charging import operations as ops

router = APIRouter(prefix="/charge-points/{id}", tags=["operations"])
ChargePointId = Annotated[str, Depends(known_charge_point_id)]
Number = Annotated[int, Query(ge=0, lt=2**31)]
Evse = Annotated[int, Query(ge=0, le=1023)]
Numbered = Annotated[int, Path(ge=0, lt=2**31)]


async def _operator(
    charge_point: ChargePointId,
    request: Request,
    response: Response,
    timeout_s: Annotated[float, Query(gt=0, le=3600, description="Seconds until the command ends.")] = 30.0,
    wait: Annotated[bool, Query(description="Let it wait for a station that is offline, until the timeout.")] = False,
) -> Operator:
    here, caller, scope = await context_of(request), await principal_of(request), await scope_of(request)
    return Operator(here, charge_point, caller, scope, response, timeout_s, wait)


Operating = Annotated[Operator, Depends(_operator)]


@router.post("/start", operation_id="startCharging", summary="Start a session from afar")
async def start(body: StartIn, operator: Operating) -> OperationOut:
    """Not before the station's boot was accepted. The session that follows is under `followed_by` of the command."""
    return await operator.do(body)


@router.post("/stop", operation_id="stopCharging", summary="Stop a session from afar")
async def stop(body: StopIn, operator: Operating) -> OperationOut:
    return await operator.carry_out(ops.StopCharging(await operator.transaction(body)))


@router.post("/reset", operation_id="resetChargePoint", summary="Restart the station or one EVSE")
async def reset(body: ResetIn, operator: Operating) -> OperationOut:
    return await operator.do(body)


@router.post("/unlock", operation_id="unlockConnector", summary="Unlock a connector")
async def unlock(body: UnlockIn, operator: Operating) -> OperationOut:
    return await operator.do(body)


@router.post("/availability", operation_id="changeAvailability", summary="Take into or out of service")
async def availability(body: AvailabilityIn, operator: Operating) -> OperationOut:
    return await operator.do(body)


@router.post("/configuration", operation_id="setConfiguration", summary="Set a key or a component's variable")
async def set_configuration(body: SetConfigurationIn, operator: Operating) -> OperationOut:
    return await operator.do(body)


@router.post("/configuration/refresh", operation_id="refreshConfiguration", summary="Ask the station for its settings")
async def refresh_configuration(body: GetConfigurationIn, operator: Operating) -> OperationOut:
    """OCPP 2.x stations answer a request for all of them with reports that come afterwards.

    More names than the station takes at once are asked for in several requests, answered here as one.
    """
    return await operator.refresh_configuration(body)


@router.post("/trigger", operation_id="triggerMessage", summary="Have the station send something now")
async def trigger(body: TriggerIn, operator: Operating) -> OperationOut:
    return await operator.do(body)


@router.post("/clear-cache", operation_id="clearCache", summary="Have the station forget its cache of tokens")
async def clear_cache(operator: Operating) -> OperationOut:
    return await operator.do(ClearCacheIn())


@router.post("/data-transfer", operation_id="transferData", summary="Send a vendor's own message")
async def transfer_data(body: TransferDataIn, operator: Operating) -> OperationOut:
    return await operator.do(body)


# --- reservations and charging profiles -------------------------------------------------------------------------------


@router.post("/reservations", operation_id="reserve", summary="Reserve for a token")
async def reserve(body: ReserveIn, operator: Operating) -> OperationOut:
    return await operator.do(body)


@router.delete("/reservations/{number}", operation_id="cancelReservation", summary="Cancel a reservation")
async def cancel_reservation(number: Numbered, operator: Operating) -> OperationOut:
    return await operator.carry_out(ops.CancelReservation(number), number)


@router.post("/charging-profiles", operation_id="setChargingProfile", summary="Set a charging profile")
async def set_charging_profile(body: SetChargingProfileIn, operator: Operating) -> OperationOut:
    return await operator.do(body, number=body.profile.number)


@router.delete("/charging-profiles", operation_id="clearChargingProfiles", summary="Clear all that fit")
async def clear_charging_profiles(
    operator: Operating,
    evse: Evse | None = None,
    purpose: Annotated[Purpose | None, Query()] = None,
    stack_level: Number | None = None,
) -> OperationOut:
    return await operator.do(ClearChargingProfileIn(number=None, evse=evse, purpose=purpose, stack_level=stack_level))


@router.delete("/charging-profiles/{number}", operation_id="clearChargingProfile", summary="Clear a charging profile")
async def clear_charging_profile(number: Numbered, operator: Operating) -> OperationOut:
    return await operator.carry_out(ops.ClearChargingProfile(number), number)


@router.post("/composite-schedule", operation_id="getCompositeSchedule", summary="Ask for the schedule in force")
async def composite_schedule(body: GetCompositeScheduleIn, operator: Operating) -> OperationOut:
    return await operator.do(body)


# --- firmware, logs, the local list -----------------------------------------------------------------------------------


@router.post("/firmware", operation_id="updateFirmware", summary="Have firmware fetched and installed")
async def update_firmware(body: FirmwareIn, operator: Operating) -> OperationOut:
    """An image of ours is fetched under an address that is good for this job alone. Signed if `certificate` and
    `signature` are given, here or with the image. Progress is under `followed_by` of the command."""
    return await operator.update_firmware(body)


@router.post("/logs", operation_id="requestLog", summary="Have a log uploaded")
async def request_log(body: LogIn, operator: Operating) -> OperationOut:
    """Without a location it comes here: `/api/v1/charge-points/{id}/files` has it, under this command as its job."""
    return await operator.request_log(body)


@router.post("/local-list", operation_id="sendLocalList", summary="Send the local authorisation list")
async def send_local_list(body: LocalListIn, here: Here, operator: Operating) -> OperationOut:
    """From the registry: all tokens of its network as a full list, or those that are named as a change of it."""
    version = body.version
    if version is None:
        # A list that we changed by ourselves, or another system sent, may have a version that no number of ours has.
        known = await operator.kept("local-list") or {}
        version = max(await here.ports.fleet.fresh_number(), (known.get("version") or 0) + 1)
    network = await here.ports.business.whereabouts.network_of(operator.charge_point)
    made = await local_list(here.ports.business, version, body.tokens, network)
    return await operator.carry_out(made, version)


@router.post("/local-list/refresh", operation_id="refreshLocalListVersion", summary="Ask for the list's version")
async def refresh_local_list_version(operator: Operating) -> OperationOut:
    return await operator.do(GetLocalListVersionIn())


# --- monitors, people -------------------------------------------------------------------------------------------------


@router.delete("/monitors", operation_id="clearMonitors", summary="Clear monitors of the station's variables")
async def clear_the_monitors(
    number: Annotated[list[Number], Query(min_length=1, max_length=1000, description="The station's ids of them.")],
    operator: Operating,
) -> MonitorsClearedOut:
    """In as many messages as the station needs, which takes only so many at once."""
    return await clear_monitors(operator, number)


@router.post("/customer-information", operation_id="requestCustomerInformation", summary="Report or delete a customer")
async def customer_information(body: CustomerInformationIn, operator: Operating) -> OperationOut:
    """What is cleared by its token goes off the station's local list as well, without another request."""
    return await operator.do(body)


@router.post("/display-messages", operation_id="setDisplayMessage", summary="Show a message")
async def set_display_message(body: DisplayMessageIn, operator: Operating) -> OperationOut:
    return await operator.do(body)


@router.post("/display-messages/refresh", operation_id="refreshDisplayMessages", summary="Ask what is shown")
async def refresh_display_messages(body: GetDisplayMessagesIn, operator: Operating) -> OperationOut:
    return await operator.do(body)


@router.delete("/display-messages/{number}", operation_id="clearDisplayMessage", summary="Take a message away")
async def clear_display_message(number: Numbered, operator: Operating) -> OperationOut:
    return await operator.carry_out(ops.ClearDisplayMessage(number), number)
