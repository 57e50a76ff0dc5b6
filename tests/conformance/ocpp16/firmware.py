"""Firmware management: updates and diagnostics, each to its good and its bad end."""

from __future__ import annotations

from tests.conformance.bench import Bench, Commanded
from tests.conformance.ocpp16.jobs import job_ended
from tests.conformance.registry import case
from tests.conformance.station16 import Station16
from tests.conformance.verdict import ANY, holds

FIRMWARE = "https://firmware.example.org/station-1.1.bin"
DIAGNOSTICS = "https://logs.example.org/upload"


async def _update(bench: Bench, *states: str) -> tuple[Station16, Commanded]:
    """A booted station that was asked to update, accepted, and reported these states; the command."""
    station = await bench.station16()
    await station.boot()
    body, wanted = {"location": FIRMWARE}, {"location": FIRMWARE, "retrieveDate": ANY}
    command = await bench.operated(station, "/firmware", body, action="UpdateFirmware", answer={}, wanted=wanted)
    for state in states:
        await station.call("FirmwareStatusNotification", {"status": state})
    return station, command


async def _install(station: Station16, end: str) -> None:
    await station.status("Unavailable")
    await station.call("FirmwareStatusNotification", {"status": "Installing"})
    await station.reconnect()
    await station.boot(firmwareVersion="1.1")
    await station.call("FirmwareStatusNotification", {"status": end})


@case("TC_044_1_CSMS", sample=True)
async def update(bench: Bench) -> None:
    """The update goes to the location given; every status, and the boot between, is taken until Installed."""
    station, command = await _update(bench, "Downloading", "Downloaded")
    await _install(station, "Installed")
    await job_ended(bench, command, "firmware", "done", "Downloading", "Downloaded", "Installing", "Installed")
    await bench.reached("the new version known", lambda state: state["boot"]["firmware"] == "1.1")


@case("TC_044_2_CSMS")
async def download_failed(bench: Bench) -> None:
    """Downloading and DownloadFailed are taken."""
    _, command = await _update(bench, "Downloading", "DownloadFailed")
    await job_ended(bench, command, "firmware", "failed", "Downloading", "DownloadFailed")


@case("TC_044_3_CSMS")
async def installation_failed(bench: Bench) -> None:
    """Every status, and the boot between, is taken until InstallationFailed."""
    station, command = await _update(bench, "Downloading", "Downloaded")
    await _install(station, "InstallationFailed")
    steps = ("Downloading", "Downloaded", "Installing", "InstallationFailed")
    await job_ended(bench, command, "firmware", "failed", *steps)


async def _diagnostics(bench: Bench, end: str, state: str) -> None:
    station = await bench.station16()
    await station.boot()
    answer = {"fileName": "station.log"}
    asked = {"location": DIAGNOSTICS}
    told = await bench.operated(station, "/logs", asked, action="GetDiagnostics", answer=answer, wanted=asked)
    holds(told.ended, {"payload.fileName": "station.log"}, "what the operator is told")
    await station.call("DiagnosticsStatusNotification", {"status": "Uploading"})
    await station.call("DiagnosticsStatusNotification", {"status": end})
    await job_ended(bench, told, "diagnostics", state, "Uploading", end)


@case("TC_045_1_CSMS", sample=True)
async def diagnostics(bench: Bench) -> None:
    """The station is told where to upload; Uploading and Uploaded are taken."""
    await _diagnostics(bench, "Uploaded", "done")


@case("TC_045_2_CSMS")
async def diagnostics_failed(bench: Bench) -> None:
    """The station is told where to upload; Uploading and UploadFailed are taken."""
    await _diagnostics(bench, "UploadFailed", "failed")
