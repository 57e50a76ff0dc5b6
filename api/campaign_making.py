"""Makes a campaign of a request: the operation from its parameters, the targets from its filter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from pydantic import ValidationError

from api.campaign_schemas import CampaignFilterIn, CampaignIn
from api.command_schemas import CommandIn
from api.context import Context
from api.local_lists import local_list
from api.operation_schemas import SIMPLE, FirmwareIn, LocalListIn, LogIn, OperationIn
from api.ports import View
from api.schemas import Strict, micros_of
from engine.campaigns.course import RUNNING, Plan
from engine.campaigns.port import Campaign, Wanted
from engine.campaigns.stored_operations import to_json
from engine.charging.operations import Operation, RawCall, SendLocalList, UpdateFirmware
from engine.errors import InvalidInput
from engine.ids import new_id

_MODELS: dict[str, type[OperationIn]] = SIMPLE | {FirmwareIn.kind: FirmwareIn, LogIn.kind: LogIn}
_LOOKED_AT = 500
Model = TypeVar("Model", bound=Strict)


async def make_campaign(here: Context, body: CampaignIn, created_by: str) -> tuple[Campaign, list[str]]:
    """The campaign and its charge points. Raises InvalidInput, also where no charge point fits."""
    operation = await _operation(here, body)
    to_json(operation)
    image = await _image(here, operation, body.parameters)
    charge_points = await _charge_points(here, body.filter)
    if not charge_points:
        raise InvalidInput("No charge point fits the filter.", field="filter", remedy="Give a wider one.")
    now = here.ports.clock.now()
    deadline = micros_of(body.deadline_at)
    if deadline is not None and deadline <= now:
        raise InvalidInput("The deadline is over.", field="deadline_at", remedy="Give a time to come.")
    plan = Plan(body.per_minute, body.at_once, body.stop_failures, body.stop_share, deadline)
    description = body.filter.model_dump(exclude_defaults=True)
    campaign = Campaign(
        new_id(), body.name, operation, plan, body.timeout_s, RUNNING, "", created_by, now, None, 0, description, image
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
        return await local_list(here.ports.registry, version, wanted.tokens)
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


async def _image(here: Context, operation: Operation, parameters: dict[str, Any]) -> str:
    """The firmware image of ours that is to be given out, "" if there is none. Raises InvalidInput, NotFound."""
    if not isinstance(operation, UpdateFirmware):
        return ""
    image = str(parameters.get("image") or "")
    if bool(image) == bool(operation.location):
        raise InvalidInput(
            "Either an image or a location is to be fetched.", field="parameters.image", remedy="Give one of the two."
        )
    return (await here.ports.files.catalogue.image(image)).id if image else ""


def _read(model: type[Model], parameters: dict[str, Any]) -> Model:
    try:
        return model.model_validate(parameters)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(["parameters", *(str(part) for part in fault["loc"])])
        raise InvalidInput(
            f"{field}: {fault['msg']}.", field=field, remedy="See the operation's own endpoint for what it takes."
        ) from error


async def _charge_points(here: Context, wanted: CampaignFilterIn) -> list[str]:
    ids = None if wanted.ids is None else tuple(wanted.ids)
    found = await here.ports.campaigns.candidates(Wanted(ids, wanted.vendor, wanted.model, wanted.firmware))
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
