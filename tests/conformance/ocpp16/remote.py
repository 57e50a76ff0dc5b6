"""Core profile: remote start and stop."""

from __future__ import annotations

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station16 import Station16
from tests.conformance.verdict import same

ACCEPTED = {"idTagInfo.status": "Accepted"}


async def _remote_start(bench: Bench, station: Station16, status: str = "Accepted") -> Commanded:
    return await bench.operated(
        station,
        "/start",
        {"token": {"id_token": bench.valid}, "evse": 1},
        action="RemoteStartTransaction",
        answer={"status": status},
        outcome=status,
        wanted={"idTag": bench.valid, "connectorId": 1},
    )


async def _remote_stop(bench: Bench, station: Station16, body: dict[str, str], number: int, status: str) -> None:
    await bench.operated(
        station,
        "/stop",
        body,
        action="RemoteStopTransaction",
        answer={"status": status},
        outcome=status,
        wanted={"transactionId": number},
    )


async def _follows(bench: Bench, command: Commanded, number: int) -> None:
    """The session knows the command that led to it."""
    session = (await bench.connector())["session"]
    same((session["transaction"], session["command"]), (str(number), command.id), "the session of the remote start")
    kept = await bench.session(number, id_token=bench.valid)
    await bench.led_to(command, kind="session", session=kept["id"])


@case("TC_010_CSMS", sample=True)
async def cable_first(bench: Bench) -> None:
    """With the cable in, the remote start leads to an authorised transaction that is known to be its doing."""
    station = await bench.station16()
    await station.boot()
    await station.status("Preparing")
    command = await _remote_start(bench, station)
    await station.authorize(wanted=ACCEPTED)
    number = await station.start(wanted=ACCEPTED)
    await station.status("Charging")
    await _follows(bench, command, number)


@case("TC_011_1_CSMS")
async def remote_start_first(bench: Bench) -> None:
    """The remote start comes before the cable; authorisation and transaction are accepted all the same."""
    station = await bench.station16()
    await station.boot()
    command = await _remote_start(bench, station)
    await station.authorize(wanted=ACCEPTED)
    await station.status("Preparing")
    number = await station.start(wanted=ACCEPTED)
    await station.status("Charging")
    await _follows(bench, command, number)


@case("TC_011_2_CSMS")
async def cable_never_comes(bench: Bench) -> None:
    """After the connection timeout the connector is Available again, without a session."""
    station = await bench.station16()
    await station.boot()
    await _remote_start(bench, station)
    await station.authorize(wanted=ACCEPTED)
    await station.status("Preparing")
    await station.status("Available")
    connector = await bench.connector()
    same((connector["status"], connector["session"]), ("Available", None), "the connector")
    same(await bench.sessions(), [], "the sessions")


@case("TC_012_CSMS")
async def remote_stop(bench: Bench) -> None:
    """The remote stop names the running transaction; the stop with reason Remote ends the session."""
    station = await bench.station16()
    await station.boot()
    number = await station.charging()
    session = (await bench.connector())["session"]["id"]
    await _remote_stop(bench, station, {"session": session}, number, "Accepted")
    await station.stop("Remote")
    await station.status("Finishing")
    await station.status("Available")
    await bench.session(number, state="stopped", reason="Remote")


@case("TC_026_CSMS")
async def remote_start_rejected(bench: Bench) -> None:
    """The station's refusal ends the command as rejected, and nothing is expected any more."""
    station = await bench.station16()
    await station.boot()
    await _remote_start(bench, station, "Rejected")
    number = await station.charging()
    same((await bench.connector())["session"]["command"], "", "the command behind a later session")
    await bench.session(number)


@case("TC_028_CSMS")
async def remote_stop_rejected(bench: Bench) -> None:
    """The station's refusal ends the command as rejected, and the session goes on."""
    station = await bench.station16()
    await station.boot()
    number = await station.charging()
    await _remote_stop(bench, station, {"transaction": str(number + 1000)}, number + 1000, "Rejected")
    await station.meter_values()
    same((await bench.connector())["session"]["transaction"], str(number), "the running transaction")
