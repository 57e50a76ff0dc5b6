"""Block L, secure firmware updates: to their good and bad ends, planned, cancelled, and while a car charges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.conformance import pki
from tests.conformance.bench import Bench, Commanded
from tests.conformance.ocpp16.jobs import job_ended
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, ANY, holds, same

FIRMWARE = "https://firmware.example.org/station-1.1.bin"
SIGNATURE = "c2lnbmF0dXJl"
FETCHED = ("Downloading", "Downloaded", "SignatureVerified")
INSTALLING = ("Installing", "InstallRebooting")
AHEAD_S = 3.0
"""How far in the future what is planned is: far enough to wait for, and not long."""


async def _booted(bench: Bench, evses: int = 1) -> Station201:
    station = await bench.station201(evses)
    await station.boot()
    return station


async def _update(
    bench: Bench, station: Station201, status: str = "Accepted", *, outcome: str = "Accepted", **planned: str
) -> Commanded:
    """The operator has signed firmware installed; the station is told what was given and answers with `status`.

    `planned`: `retrieve_at`, `install_at`.
    """
    certificate = pki.pem(pki.root("A manufacturer"))
    told = await bench.operated(
        station,
        "/firmware",
        {"location": FIRMWARE, "certificate": certificate, "signature": SIGNATURE, **planned},
        action="UpdateFirmware",
        answer={"status": status},
        outcome=outcome,
        wanted={
            "requestId": ANY,
            "firmware.location": FIRMWARE,
            "firmware.signingCertificate": certificate,
            "firmware.signature": SIGNATURE,
            "firmware.retrieveDateTime": planned.get("retrieve_at", ANY),
            "firmware.installDateTime": planned.get("install_at", ABSENT),
        },
    )
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    return told


async def _progress(station: Station201, told: Commanded, *states: str) -> None:
    for state in states:
        said = {"status": state, "requestId": told.request["requestId"]}
        same(await station.call("FirmwareStatusNotification", said), {}, "the answer to FirmwareStatusNotification")


async def _restart(station: Station201, version: str = "1.1") -> None:
    """The station restarts for its firmware, is accepted, and all connectors are free, told in both ways."""
    await station.reconnect()
    await station.boot_notification("FirmwareUpdate", wanted={"status": "Accepted"}, firmwareVersion=version)
    for evse in range(1, station.evses + 1):
        await _connector(station, "Available", evse)


async def _connector(station: Station201, state: str, evse: int) -> None:
    await station.status(state, evse)
    component = {"name": "Connector", "evse": {"id": evse, "connectorId": 1}}
    await station.notify_event(component, {"name": "AvailabilityState"}, state)


async def _install(bench: Bench, station: Station201, told: Commanded, before: Sequence[str] = FETCHED) -> None:
    """From what comes before the installation to Installed; the job knows every step, and the version is the new."""
    await _progress(station, told, *before, *INSTALLING)
    await _restart(station)
    await _progress(station, told, "Installed")
    await bench.reached("the new version known", lambda state: state["boot"]["firmware"] == "1.1")


async def _come(bench: Bench, moment: str) -> None:
    """Wait until a moment has come."""

    async def past() -> bool:
        return stamp() >= moment

    await bench.until(past, f"past {moment}")


async def _security_event(bench: Bench, station: Station201, kind: str) -> None:
    said = {"type": kind, "timestamp": stamp()}
    same(await station.call("SecurityEventNotification", said), {}, "the answer to SecurityEventNotification")

    async def listed() -> list[Any]:
        items: list[Any] = (await bench.kept("security-events"))["items"]
        return [each for each in items if each["type"] == kind]

    await bench.until(listed, f"{kind} among the security events")


async def _no_job(bench: Bench) -> None:
    same((await bench.kept("jobs"))["jobs"], [], "the jobs that are kept")


@case("TC_L_01_CSMS", sample=True)
async def installed(bench: Bench) -> None:
    """Certificate and signature go out as given; every status and the boot between are taken until Installed."""
    station = await _booted(bench)
    told = await _update(bench, station)
    await _install(bench, station, told)
    await job_ended(bench, told, "firmware", "done", *FETCHED, *INSTALLING, "Installed")


@case("TC_L_02_CSMS")
async def installation_is_planned(bench: Bench) -> None:
    """The station is told when to install; it waits until then, and all that it says is taken until Installed."""
    station = await _booted(bench)
    moment = stamp(ago_s=-AHEAD_S)
    told = await _update(bench, station, install_at=moment)
    await _progress(station, told, *FETCHED, "InstallScheduled")
    await _come(bench, moment)
    await _install(bench, station, told, ())
    await job_ended(bench, told, "firmware", "done", *FETCHED, "InstallScheduled", *INSTALLING, "Installed")


@case("TC_L_03_CSMS")
async def download_is_planned(bench: Bench) -> None:
    """The station is told when to fetch; it waits until then, and all that it says is taken until Installed."""
    station = await _booted(bench)
    moment = stamp(ago_s=-AHEAD_S)
    told = await _update(bench, station, retrieve_at=moment)
    await _progress(station, told, "DownloadScheduled")
    await _come(bench, moment)
    await _install(bench, station, told)
    await job_ended(bench, told, "firmware", "done", "DownloadScheduled", *FETCHED, *INSTALLING, "Installed")


@case("TC_L_04_CSMS")
async def certificate_is_revoked(bench: Bench) -> None:
    """That the signing certificate is revoked ends the command and is told; there is no job."""
    station = await _booted(bench)
    await _update(bench, station, "RevokedCertificate", outcome="Rejected")
    await _no_job(bench)


@case("TC_L_05_CSMS")
async def certificate_is_invalid(bench: Bench) -> None:
    """That the signing certificate is invalid is told; the security event is taken and listed."""
    station = await _booted(bench)
    await _update(bench, station, "InvalidCertificate", outcome="Rejected")
    await _no_job(bench)
    await _security_event(bench, station, "InvalidFirmwareSigningCertificate")


@case("TC_L_06_CSMS")
async def signature_is_invalid(bench: Bench) -> None:
    """Downloading, Downloaded, InvalidSignature and the security event are taken; the job has failed."""
    station = await _booted(bench)
    told = await _update(bench, station)
    steps = ("Downloading", "Downloaded", "InvalidSignature")
    await _progress(station, told, *steps)
    await _security_event(bench, station, "InvalidFirmwareSignature")
    await job_ended(bench, told, "firmware", "failed", *steps)


async def _fail(bench: Bench, *steps: str) -> None:
    station = await _booted(bench)
    told = await _update(bench, station)
    await _progress(station, told, *steps)
    await job_ended(bench, told, "firmware", "failed", *steps)


@case("TC_L_07_CSMS")
async def download_failed(bench: Bench) -> None:
    """Downloading and DownloadFailed are taken; the job has failed."""
    await _fail(bench, "Downloading", "DownloadFailed")


@case("TC_L_08_CSMS")
async def verification_failed(bench: Bench) -> None:
    """Every status until InstallVerificationFailed is taken; the job has failed."""
    await _fail(bench, *FETCHED, "Installing", "InstallVerificationFailed")


@case("TC_L_09_CSMS")
async def installation_failed(bench: Bench) -> None:
    """Every status and the boot between are taken until InstallationFailed; the job has failed."""
    station = await _booted(bench)
    told = await _update(bench, station)
    await _progress(station, told, *FETCHED, *INSTALLING)
    await _restart(station, "1.0")
    await _progress(station, told, "InstallationFailed")
    await job_ended(bench, told, "firmware", "failed", *FETCHED, *INSTALLING, "InstallationFailed")


async def _jobs(bench: Bench) -> dict[str, tuple[str, list[str]]]:
    """State and steps of each job, by its command."""
    jobs = (await bench.kept("jobs"))["jobs"]
    return {job["command"]: (job["state"], [step["status"] for step in job["steps"]]) for job in jobs}


@case("TC_L_10_CSMS")
async def another_update_cancels_the_first(bench: Bench) -> None:
    """A second update while the first is under way is sent; AcceptedCanceled supersedes the first, and it installs."""
    station = await _booted(bench)
    first = await _update(bench, station)
    await _progress(station, first, "Downloading")
    second = await _update(bench, station, "AcceptedCanceled")
    same(first.request["requestId"] != second.request["requestId"], True, "that the updates have numbers of their own")
    await _install(bench, station, second)
    wanted = {
        first.id: ("superseded", ["Downloading"]),
        second.id: ("done", [*FETCHED, *INSTALLING, "Installed"]),
    }
    same(await _jobs(bench), wanted, "the jobs that are kept")


@case("TC_L_11_CSMS")
async def the_first_update_cannot_be_cancelled(bench: Bench) -> None:
    """A second update while the first is under way is sent and rejected; the first goes on until Installed."""
    station = await _booted(bench)
    first = await _update(bench, station)
    await _progress(station, first, "Downloading")
    await _update(bench, station, "Rejected", outcome="Rejected")
    await _install(bench, station, first, FETCHED[1:])
    await job_ended(bench, first, "firmware", "done", *FETCHED, *INSTALLING, "Installed")


@case("TC_L_13_CSMS")
async def while_a_car_charges(bench: Bench) -> None:
    """The update waits for the car: free connectors go out of service, its session ends in order, then it installs."""
    station = await _booted(bench, 2)
    transaction = await station.energy_transfer_started()
    moment = stamp(ago_s=-AHEAD_S)
    told = await _update(bench, station, retrieve_at=moment)
    await _progress(station, told, "DownloadScheduled")
    await _connector(station, "Unavailable", 2)
    holds(await bench.connector(2), {"status": "Unavailable"}, "the connector that is free")
    holds(await bench.connector(1), {"status": "Charging"}, "the connector that charges")
    await station.stop_authorised()
    await station.ev_connected_post_session()
    await station.ev_disconnected()
    await bench.session(transaction.id, state="stopped")
    await _come(bench, moment)
    await _install(bench, station, told)
    holds(await bench.connector(2), {"status": "Available"}, "the connector that was out of service")
    await job_ended(bench, told, "firmware", "done", "DownloadScheduled", *FETCHED, *INSTALLING, "Installed")
