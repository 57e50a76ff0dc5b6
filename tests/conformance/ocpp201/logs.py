"""Block N: diagnostics and security logs are asked for, brought, refused, and asked for again."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.ocpp16.jobs import job_ended
from tests.conformance.registry import case
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, ANY, holds, same

LOCATION = "https://logs.example.org/upload"
TYPES = {"diagnostics": "DiagnosticsLog", "security": "SecurityLog"}


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


async def _ask(bench: Bench, station: Station201, log: str = "diagnostics", status: str = "Accepted") -> Commanded:
    """The operator asks for a log; the station gets its kind, a number and where to bring it."""
    wanted = {"logType": TYPES[log], "log.remoteLocation": LOCATION, "requestId": ANY, "retries": ABSENT}
    refused = status == "Rejected"
    told = await bench.operated(
        station,
        "/logs",
        {"log": log, "location": LOCATION},
        action="GetLog",
        answer={"status": status} | ({} if refused else {"filename": f"{log}.log"}),
        outcome="Rejected" if refused else "Accepted",
        wanted=wanted,
    )
    same(told.ended["number"], told.request["requestId"], "the number that the operator is told")
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    return told


async def _progress(station: Station201, told: Commanded, *states: str) -> None:
    for state in states:
        said = {"status": state, "requestId": told.request["requestId"]}
        same(await station.call("LogStatusNotification", said), {}, f"the answer to {state}")


async def _brought(bench: Bench, log: str) -> None:
    station = await _booted(bench)
    told = await _ask(bench, station, log)
    await _progress(station, told, "Uploading", "Uploaded")
    await job_ended(bench, told, "log", "done", "Uploading", "Uploaded")


@case("TC_N_25_CSMS", sample=True)
async def the_diagnostics_log_is_uploaded(bench: Bench) -> None:
    """The diagnostics log is asked for under a number; Uploading and Uploaded are taken, and the job is done."""
    await _brought(bench, "diagnostics")


@case("TC_N_34_CSMS")
async def a_log_is_refused(bench: Bench) -> None:
    """Rejected is told to the operator, and no job is begun."""
    await _ask(bench, await _booted(bench), status="Rejected")
    same((await bench.kept("jobs"))["jobs"], [], "the jobs that are kept")


@case("TC_N_35_CSMS")
async def the_security_log_is_uploaded(bench: Bench) -> None:
    """The security log is asked for under a number; Uploading and Uploaded are taken, and the job is done."""
    await _brought(bench, "security")


@case("TC_N_36_CSMS")
async def a_second_request_replaces_the_first(bench: Bench) -> None:
    """A second request has a number of its own; what the station says of either goes to the right one of the jobs."""
    station = await _booted(bench)
    first = await _ask(bench, station)
    await _progress(station, first, "Uploading")
    second = await _ask(bench, station, status="AcceptedCanceled")
    same(first.request["requestId"] == second.request["requestId"], False, "whether both have one number")
    await _progress(station, first, "AcceptedCanceled")
    await _progress(station, second, "Uploading", "Uploaded")
    jobs: list[dict[str, Any]] = (await bench.kept("jobs"))["jobs"]
    shown = [(job["command"], job["state"], [step["status"] for step in job["steps"]]) for job in jobs]
    wanted = [
        (second.id, "done", ["Uploading", "Uploaded"]),
        (first.id, "superseded", ["Uploading", "AcceptedCanceled"]),
    ]
    same(shown, wanted, "the jobs that are kept, newest first")
