"""Channels: where messages can go, a try of each, and the secrets that webhooks are signed with."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.routes.paging import Id, Listed
from api.schemas.deliveries import ChannelChange, ChannelIn, ChannelMadeOut, ChannelOut, ChannelTestOut
from api.schemas.resources import Page
from api.web.context import Context, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.deliveries.queue import message_id
from engine.deliveries.senders.configured import open_senders
from engine.deliveries.senders.port import Message, Outcome, Target
from engine.deliveries.senders.receivers import Receivers

router = APIRouter(prefix="/channels", tags=["deliveries"])
Network = Annotated[str, Query(max_length=64, pattern=r"^[0-9A-Za-z_.:-]*$", description="Of this network only.")]


@router.get("", operation_id="listChannels", summary="Where messages can go")
async def list_channels(
    here: Here,
    scope: Scoped,
    wanted: Listed,
    network: Network = "",
    kind: Annotated[Literal["", "email", "apprise", "webhook"], Query()] = "",
) -> Page[ChannelOut]:
    """In the order of `sort`: name or created."""
    found = await here.ports.business.channels.page(scope, wanted, network=network, kind=kind)
    return Page(items=[ChannelOut.of(row) for row in found.items], next=found.cursor)


@router.post("", operation_id="addChannel", summary="Add a channel", status_code=201)
async def add_channel(body: ChannelIn, here: Here, scope: Scoped, response: Response) -> ChannelMadeOut:
    """It gets nothing before it has a subscription."""
    row, secret = await here.ports.business.channels.create(scope, _receivers(here), **body.model_dump())
    response.headers["Location"] = f"/api/v1/channels/{row.id}"
    tagged(response, row.version)
    return ChannelMadeOut.made(row, secret)


@router.get("/{id}", operation_id="getChannel", summary="One channel and how it is doing")
async def get_channel(id: Id, here: Here, scope: Scoped, response: Response) -> ChannelOut:
    row = await here.ports.business.channels.get(scope, id)
    tagged(response, row.version)
    return ChannelOut.of(row)


@router.patch("/{id}", operation_id="changeChannel", summary="Change a channel, disable or enable it")
async def change_channel(
    id: Id, body: ChannelChange, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> ChannelOut:
    """While it is disabled nothing new is put for it; what waits goes out when it is enabled, within two days."""
    row = await here.ports.business.channels.change(scope, _receivers(here), id, body.changes(), version)
    tagged(response, row.version)
    return ChannelOut.of(row)


@router.delete("/{id}", operation_id="deleteChannel", summary="Delete a channel", status_code=204)
async def delete_channel(id: Id, here: Here, scope: Scoped, version: IfMatch) -> None:
    """With its subscriptions, all that waits for it, and its log."""
    await here.ports.business.channels.remove(scope, id, version)


@router.post("/{id}/test", operation_id="testChannel", summary="Send a test by a channel")
async def test_channel(id: Id, here: Here, scope: Scoped) -> ChannelTestOut:
    """At once, once, past the queue: the answer is what the receiver has said."""
    channels = here.ports.business.channels
    target = await channels.target(scope, id)
    channel = await channels.get(scope, id)
    now = here.ports.clock.now()
    words = (f"Test of {channel.name}", "This is a test. Nothing has happened.")
    message = Message(message_id(now), "test", channel.network, "", *words, {"channel": id}, now)
    began = time.monotonic()
    outcome = await _tried(here, target, message)
    await channels.note_test(scope, id, outcome.delivered, outcome.error)
    return ChannelTestOut.of(outcome, round((time.monotonic() - began) * 1000))


@router.post("/{id}/secret", operation_id="rotateChannelSecret", summary="Give a webhook a new secret")
async def rotate_secret(id: Id, here: Here, scope: Scoped, version: IfMatch, response: Response) -> ChannelMadeOut:
    """Both secrets sign for a day, so that the receiver can change at any time within it."""
    row, secret = await here.ports.business.channels.rotate(scope, id, version)
    tagged(response, row.version)
    return ChannelMadeOut.made(row, secret)


async def _tried(here: Context, target: Target, message: Message) -> Outcome:
    senders = open_senders(here.settings, here.ports.clock)
    try:
        return await senders[target.kind].send(target, message)
    finally:
        for each in senders.values():
            await each.aclose()


def _receivers(here: Context) -> Receivers:
    return Receivers.of(here.settings.private_receivers)
