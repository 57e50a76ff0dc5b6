"""Core profile: booting, and charging sessions that are begun at the station."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.verdict import ANY, holds, same

ACCEPTED = {"idTagInfo.status": "Accepted"}


@case("TC_001_CSMS", sample=True)
async def cold_boot(bench: Bench) -> None:
    """A booting station is accepted with an interval and the time, each connector's status is taken, heartbeats too."""
    station = await bench.station16(connectors=2)
    booted = await station.boot()
    holds(booted, {"status": "Accepted", "currentTime": ANY, "interval": lambda seconds: seconds >= 0}, "the boot")
    for _ in range(2):
        await station.call("Heartbeat", wanted={"currentTime": ANY})
    live = await bench.reached("three places known", lambda state: len(state["connectors"]) == 3)
    same((live["registration"], {c["status"] for c in live["connectors"]}), ("accepted", {"Available"}), "what is live")
    same(live["boot"]["vendor"], "Conformance", "the vendor that operators see")


@case("TC_003_CSMS", sample=True)
async def plug_in_first(bench: Bench) -> None:
    """Cable, then token: Authorize and StartTransaction are accepted, and the session is seen as charging."""
    station = await bench.station16()
    await station.boot()
    await station.status("Preparing")
    await station.authorize(wanted=ACCEPTED)
    number = await station.start(wanted=ACCEPTED)
    await station.status("Charging")
    connector = await bench.connector()
    same((connector["status"], connector["session"]["transaction"]), ("Charging", str(number)), "the connector")
    await bench.session(number, id_token=bench.valid, meter_start_wh="1000")


@case("TC_004_1_CSMS")
async def identification_first(bench: Bench) -> None:
    """Token, then cable: authorised, Preparing, the transaction accepted, Charging."""
    station = await bench.station16()
    await station.boot()
    number = await station.charging()
    same((await bench.connector())["session"]["transaction"], str(number), "the connector's transaction")
    await bench.session(number, id_token=bench.valid)


@case("TC_004_2_CSMS")
async def connection_timeout(bench: Bench) -> None:
    """After an authorisation that nobody used, the connector is Available again and no session was made."""
    station = await bench.station16()
    await station.boot()
    await station.authorised()
    await station.status("Preparing")
    same((await bench.connector())["status"], "Preparing", "the connector")
    await station.status("Available")
    connector = await bench.connector()
    same((connector["status"], connector["session"]), ("Available", None), "the connector")
    same(await bench.sessions(), [], "the sessions")


@case("TC_005_1_CSMS")
async def cable_pulled_at_the_car(bench: Bench) -> None:
    """The stop with reason EVDisconnected and every status around it are taken; the session ends with that reason."""
    station = await bench.station16()
    await station.boot()
    number = await station.charging()
    await station.status("SuspendedEV")
    await station.stop("EVDisconnected")
    await station.status("Finishing")
    await station.status("Available")
    await bench.session(number, state="stopped", reason="EVDisconnected", energy_wh="500")
    same((await bench.connector())["status"], "Available", "the connector")


@case("TC_007_CSMS")
async def cached_token(bench: Bench) -> None:
    """A StartTransaction that no Authorize preceded is accepted, because the token is."""
    station = await bench.station16()
    await station.boot()
    await station.status("Preparing")
    number = await station.start(wanted=ACCEPTED)
    await station.status("Charging")
    await bench.session(number, id_token=bench.valid)


@case("TC_023_1_CSMS", sample=True)
async def invalid_token(bench: Bench) -> None:
    """A token that nobody knows is Invalid."""
    station = await bench.station16()
    await station.boot()
    await station.authorize("NOBODY-KNOWS-ME", wanted={"idTagInfo.status": "Invalid"})


@case("TC_023_2_CSMS")
async def expired_token(bench: Bench) -> None:
    """A token whose time is over is Expired."""
    tag = await bench.token("Expired")
    station = await bench.station16()
    await station.boot()
    await station.authorize(tag, wanted={"idTagInfo.status": "Expired"})


@case("TC_023_3_CSMS")
async def blocked_token(bench: Bench) -> None:
    """A blocked token is Blocked."""
    tag = await bench.token("Blocked")
    station = await bench.station16()
    await station.boot()
    await station.authorize(tag, wanted={"idTagInfo.status": "Blocked"})


@case("TC_024_CSMS")
async def lock_failure(bench: Bench) -> None:
    """A connector that reports a lock failure is taken as faulted, and no session comes of it."""
    station = await bench.station16()
    await station.boot()
    await station.authorised()
    await station.status("Preparing")
    await station.status("Faulted", error="ConnectorLockFailure")
    connector = await bench.connector()
    same((connector["status"], connector["error"]), ("Faulted", "ConnectorLockFailure"), "the connector")
    same(await bench.sessions(), [], "the sessions")
