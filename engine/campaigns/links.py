"""Addresses for a campaign's stations: each one fetches its firmware, or brings its log, by a link of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from engine.campaigns.port import Campaign, Target
from engine.charging.events import CommandOutcome
from engine.charging.operations import GetLog, Operation, UpdateFirmware
from engine.errors import InvalidInput, NotFound
from engine.stores.files.exchange import FileExchange

_MAY_USE_IT = frozenset({CommandOutcome.ACCEPTED, CommandOutcome.TIMED_OUT})
"""A station that was slow to answer may be on its way all the same."""


class Links(Protocol):
    """Makes an operation whole for one target, and takes back what it will not use."""

    async def whole(self, campaign: Campaign, target: Target) -> Operation:
        """Raises InvalidInput if what the campaign gives is there no more."""
        ...

    async def ended(self, campaign: Campaign, target: Target, outcome: str) -> None: ...


class NoLinks:
    """For campaigns that give nothing and take nothing."""

    async def whole(self, campaign: Campaign, target: Target) -> Operation:
        return campaign.operation

    async def ended(self, campaign: Campaign, target: Target, outcome: str) -> None:
        return None


class CampaignLinks:
    """Links of the file exchange, one job a command."""

    def __init__(self, files: FileExchange) -> None:
        self._files = files

    async def whole(self, campaign: Campaign, target: Target) -> Operation:
        operation = campaign.operation
        if isinstance(operation, UpdateFirmware) and campaign.image:
            return await self._with_image(operation, campaign.image, target)
        if isinstance(operation, GetLog) and not operation.location:
            made = await self._files.upload_url(target.charge_point, job=target.command, kind=operation.log)
            return replace(operation, location=made.url)
        return operation

    async def _with_image(self, operation: UpdateFirmware, image: str, target: Target) -> UpdateFirmware:
        begins = max(operation.retrieve_at, operation.install_at or 0)
        try:
            made = await self._files.download_url(target.charge_point, image, job=target.command, retrieve_at=begins)
        except NotFound as error:
            raise InvalidInput("The firmware image is there no more.", field="image") from error
        operation = replace(operation, location=made.url)
        if made.image is not None and not operation.certificate:
            certificate, signature = made.image.signing_certificate, made.image.signature
            return replace(operation, certificate=certificate, signature=signature)
        return operation

    async def ended(self, campaign: Campaign, target: Target, outcome: str) -> None:
        if outcome not in _MAY_USE_IT and isinstance(campaign.operation, UpdateFirmware | GetLog):
            await self._files.end_job(target.charge_point, target.command)
