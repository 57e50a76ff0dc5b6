"""Makes a campaign of a request: the operation from its parameters, the targets from its filter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from pydantic import ValidationError

from api.access.principal import Principal
from api.operations.local_lists import local_list
from api.ports.facade import View
from api.schemas.campaigns import CampaignFilterIn, CampaignIn
from api.schemas.commands import CommandIn
from api.schemas.operations import SIMPLE, FirmwareIn, LocalListIn, LogIn, OperationIn
from api.schemas.resources import Strict, micros_of
from api.web.context import Context
from engine.access.scope import Scope
from engine.campaigns.course import RUNNING, Plan
from engine.campaigns.port import Campaign, Wanted
from engine.campaigns.stored_operations import to_json
from engine.charging import operations as ops
from engine.charging.operations import Operation, RawCall, SendLocalList, UpdateFirmware
from engine.errors import InvalidInput
from engine.ids import new_id

_MODELS: dict[str, type[OperationIn]] = SIMPLE | {FirmwareIn.kind: FirmwareIn, LogIn.kind: LogIn}
_LOOKED_AT = 500
_ALONE: dict[str, str] = {
    ops.Reset.kind: "resetChargePoint",
    ops.Unlock.kind: "unlockConnector",
    ops.ChangeAvailability.kind: "changeAvailability",
    ops.SetConfiguration.kind: "setConfiguration",
    ops.GetConfiguration.kind: "refreshConfiguration",
    ops.Trigger.kind: "triggerMessage",
    ops.SetChargingProfile.kind: "setChargingProfile",
    ops.ClearChargingProfile.kind: "clearChargingProfiles",
    ops.GetCompositeSchedule.kind: "getCompositeSchedule",
    ops.ClearCache.kind: "clearCache",
    ops.GetLocalListVersion.kind: "refreshLocalListVersion",
    ops.SendLocalList.kind: "sendLocalList",
    ops.TransferData.kind: "transferData",
    ops.SetDisplayMessage.kind: "setDisplayMessage",
    ops.GetDisplayMessages.kind: "refreshDisplayMessages",
    ops.UpdateFirmware.kind: "updateFirmware",
    ops.GetLog.kind: "requestLog",
    ops.RawCall.kind: "sendCommand",
}
"""What a campaign asks for → the operation that asks one station for it."""

Model = TypeVar("Model", bound=Strict)


async def make_campaign(here: Context, body: CampaignIn, caller: Principal) -> tuple[Campaign, list[str]]:
    """The campaign and its charge points. Raises InvalidInput, also where no charge point fits.

    Raises Forbidden where the caller may not ask a single station for this either: of many they may not more.
    """
    operation = await _operation(here, body)
    to_json(operation)
    scope = caller.need("makeCampaign") & caller.need(_ALONE[operation.kind])
    network = await here.ports.business.whereabouts.home(scope, body.network)
    scope = scope if network is None else Scope(frozenset({network}))
    image = await _image(here, operation, body.parameters, scope)
    charge_points = await _charge_points(here, body.filter, scope)
    if not charge_points:
        raise InvalidInput("No charge point fits the filter.", field="filter", remedy="Give a wider one.")
    if isinstance(operation, SendLocalList):
        operation = await _filled(here, operation.version, body, charge_points)
    now = here.ports.clock.now()
    deadline = micros_of(body.deadline_at)
    if deadline is not None and deadline <= now:
        raise InvalidInput("The deadline is over.", field="deadline_at", remedy="Give a time to come.")
    plan = Plan(body.per_minute, body.at_once, body.stop_failures, body.stop_share, deadline)
    description = body.filter.model_dump(exclude_defaults=True)
    campaign = Campaign(
        id=new_id(),
        name=body.name,
        operation=operation,
        plan=plan,
        timeout_s=body.timeout_s,
        state=RUNNING,
        reason="",
        created_by=caller.email,
        created=now,
        ended=None,
        forgiven=0,
        description=description,
        image=image,
        network=network,
    )
    return campaign, charge_points


async def _operation(here: Context, body: CampaignIn) -> Operation:
    if body.operation == RawCall.kind:
        call = _read(CommandIn, body.parameters)
        return RawCall(call.action, call.payload)
    number = await here.ports.fleet.fresh_number()
    if body.operation == SendLocalList.kind:
        wanted = _read(LocalListIn, body.parameters)
        version = number if wanted.version is None else wanted.version
        # Whose tokens are on it is known when it is known who gets it.
        return SendLocalList(version, ())
    model = _MODELS.get(body.operation)
    if model is None:
        known = ", ".join(sorted([*_MODELS, SendLocalList.kind, RawCall.kind]))
        raise InvalidInput(
            f"A campaign cannot have the operation {body.operation!r}.",
            field="operation",
            remedy=f"Use one of {known}.",
        )
    operation = _read(model, body.parameters).operation(number)
    if isinstance(operation, UpdateFirmware) and not operation.retrieve_at:
        return replace(operation, retrieve_at=here.ports.clock.now())
    return operation


async def _filled(here: Context, version: int, body: CampaignIn, charge_points: list[str]) -> SendLocalList:
    """The list of the network to which these charge points belong. Raises InvalidInput where that are several."""
    networks = await here.ports.business.whereabouts.networks_of(charge_points)
    if len(networks) > 1:
        raise InvalidInput(
            "These charge points are in several networks, which have tokens of their own.",
            field="filter",
            remedy="Make a campaign for each network.",
        )
    named = _read(LocalListIn, body.parameters).tokens
    return await local_list(here.ports.business, version, named, next(iter(networks), None))


async def _image(here: Context, operation: Operation, parameters: dict[str, Any], scope: Scope) -> str:
    """The firmware image of ours that is to be given out, "" if there is none. Raises InvalidInput, NotFound."""
    if not isinstance(operation, UpdateFirmware):
        return ""
    image = str(parameters.get("image") or "")
    if bool(image) == bool(operation.location):
        raise InvalidInput(
            "Either an image or a location is to be fetched.", field="parameters.image", remedy="Give one of the two."
        )
    return (await here.ports.files.catalogue.image(image, scope)).id if image else ""


def _read(model: type[Model], parameters: dict[str, Any]) -> Model:
    try:
        return model.model_validate(parameters)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(["parameters", *(str(part) for part in fault["loc"])])
        raise InvalidInput(
            f"{field}: {fault['msg']}.", field=field, remedy="See the operation's own endpoint for what it takes."
        ) from error


async def _charge_points(here: Context, wanted: CampaignFilterIn, scope: Scope) -> list[str]:
    ids = None if wanted.ids is None else tuple(wanted.ids)
    found = await here.ports.campaigns.candidates(
        Wanted(ids, wanted.vendor, wanted.model, wanted.firmware, wanted.network, wanted.station, tuple(wanted.tags)),
        scope,
    )
    if wanted.version is None and not wanted.online_only:
        return found
    fitting: list[str] = []
    for begin in range(0, len(found), _LOOKED_AT):
        some = found[begin : begin + _LOOKED_AT]
        live = await here.ports.fleet.states(some)
        fitting += [name for name in some if name in live and _fits(live[name], wanted)]
    return fitting


def _fits(live: View, wanted: CampaignFilterIn) -> bool:
    return wanted.version in (None, live["subprotocol"]) and (not wanted.online_only or live["link"] == "connected")
