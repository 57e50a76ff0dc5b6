"""Each station of a campaign fetches its firmware, or brings its log, by a link of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from engine.campaigns.course import Plan
from engine.campaigns.links import CampaignLinks
from engine.campaigns.port import Campaign, Target
from engine.charging.operations import GetLog, Reset, UpdateFirmware
from engine.clock import ManualClock
from engine.errors import Gone, InvalidInput
from engine.stores.files.exchange import FileExchange
from engine.stores.files.memory import MemoryCatalogue
from engine.stores.files.port import MemoryFiles

CAMPAIGN = Campaign("k1", "", Reset(), Plan(), 30.0, "running", "", "me", 0, None, 0, {})
A, B = (Target("k1", name, 0, "asked", f"command-{name}") for name in "AB")


@pytest.fixture
def files() -> FileExchange:
    return FileExchange(MemoryFiles(), MemoryCatalogue(), "http://facade", clock=ManualClock())


async def image_of(files: FileExchange) -> str:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"firmware"

    return (await files.add_image(chunks(), name=lambda: "v2.bin")).id


async def test_firmware_is_given_out_by_one_link_a_station(files: FileExchange) -> None:
    campaign = replace(CAMPAIGN, operation=UpdateFirmware(5, "", 0), image=await image_of(files))
    links = CampaignLinks(files)
    made = [await links.whole(campaign, target) for target in (A, B)]
    locations = [operation.location for operation in made if isinstance(operation, UpdateFirmware)]
    assert len(set(locations)) == 2
    link, image = await files.download(locations[0].split("/")[4])
    assert (link.charge_point, link.job, image.name) == ("A", "command-A", "v2.bin")


async def test_a_station_that_does_not_take_the_job_loses_its_link(files: FileExchange) -> None:
    campaign = replace(CAMPAIGN, operation=GetLog(5, ""))
    links = CampaignLinks(files)
    tokens = []
    for target, outcome in ((A, "Accepted"), (B, "Rejected")):
        operation = await links.whole(campaign, target)
        assert isinstance(operation, GetLog)
        tokens.append(operation.location.split("/")[4])
        await links.ended(campaign, target, outcome)
    assert (await files.upload(tokens[0])).job == "command-A"
    with pytest.raises(Gone):
        await files.upload(tokens[1])


async def test_what_needs_no_link_stays_as_it_is_and_a_lost_image_is_told(files: FileExchange) -> None:
    links = CampaignLinks(files)
    assert await links.whole(CAMPAIGN, A) == Reset()
    elsewhere = replace(CAMPAIGN, operation=GetLog(5, "https://elsewhere/"))
    assert await links.whole(elsewhere, A) == elsewhere.operation
    with pytest.raises(InvalidInput, match="no more"):
        await links.whole(replace(CAMPAIGN, operation=UpdateFirmware(5, "", 0), image="gone"), A)
