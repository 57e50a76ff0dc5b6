"""Block L, firmware that a local controller publishes for its stations, and takes back."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.ocpp16.jobs import job_ended
from tests.conformance.registry import case
from tests.conformance.station201 import Station201
from tests.conformance.verdict import holds, same

LOCATION = "https://firmware.example.org/station-1.1.bin"
PUBLISHED_AT = "http://controller.site.example.org/station-1.1.bin"
CHECKSUM = "9e107d9d372bb6826bd81d3542a419d6"


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


async def _publish(bench: Bench, state: str, *steps: str) -> None:
    """The controller is told what to publish from where; every status is taken, and the job ends in `state`."""
    station = await _booted(bench)
    asked = {"location": LOCATION, "checksum": CHECKSUM, "requestId": 717}
    told = await bench.commanded(
        station, "PublishFirmware", asked, answer={"status": "Accepted"}, wanted={"location": LOCATION}
    )
    for step in steps:
        said = {"status": step, "requestId": 717, **({"location": [PUBLISHED_AT]} if step == "Published" else {})}
        same(await station.call("PublishFirmwareStatusNotification", said), {}, f"the answer to {step}")
    await job_ended(bench, told, "publish", state, *steps)
    (job,) = (await bench.kept("jobs"))["jobs"]
    holds(job, {"request": 717, "location": LOCATION}, "the job that is kept")


@case("TC_L_17_CSMS", sample=True)
async def published(bench: Bench) -> None:
    """Downloading, Downloaded, ChecksumVerified and Published are taken; the job is done."""
    await _publish(bench, "done", "Downloading", "Downloaded", "ChecksumVerified", "Published")


@case("TC_L_24_CSMS")
async def download_failed(bench: Bench) -> None:
    """Downloading and DownloadFailed are taken; the job has failed."""
    await _publish(bench, "failed", "Downloading", "DownloadFailed")


@case("TC_L_19_CSMS")
async def checksum_is_invalid(bench: Bench) -> None:
    """Downloading, Downloaded and InvalidChecksum are taken; the job has failed."""
    await _publish(bench, "failed", "Downloading", "Downloaded", "InvalidChecksum")


@case("TC_L_20_CSMS")
async def publishing_failed(bench: Bench) -> None:
    """Downloading, Downloaded, ChecksumVerified and PublishFailed are taken; the job has failed."""
    await _publish(bench, "failed", "Downloading", "Downloaded", "ChecksumVerified", "PublishFailed")


async def _unpublish(bench: Bench, status: str, outcome: str) -> None:
    """The controller is told by its checksum what to take back; the operator is told how that went."""
    station = await _booted(bench)
    told = await bench.commanded(
        station, "UnpublishFirmware", {"checksum": CHECKSUM}, answer={"status": status}, outcome=outcome
    )
    holds(told.ended, {"payload.status": status}, "what the operator is told")


@case("TC_L_21_CSMS")
async def unpublished(bench: Bench) -> None:
    """The controller takes the firmware back: the command is done, and the operator is told so."""
    await _unpublish(bench, "Unpublished", "Accepted")


@case("TC_L_22_CSMS")
async def nothing_to_unpublish(bench: Bench) -> None:
    """The operator is told that the controller has no such firmware."""
    await _unpublish(bench, "NoFirmware", "Rejected")


@case("TC_L_23_CSMS")
async def unpublishing_while_somebody_downloads(bench: Bench) -> None:
    """The operator is told that a station is downloading the firmware just now."""
    await _unpublish(bench, "DownloadOngoing", "Rejected")
