"""Core profile: booting and charging sessions that are started at the station."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.verdict import ANY, holds, same


@case("TC_001_CSMS", sample=True)
async def cold_boot(bench: Bench) -> None:
    """A booting station is accepted with an interval and the time, each connector's status is taken, heartbeats too."""
    station = await bench.station16(connectors=2)
    booted = await station.boot()
    holds(booted, {"status": "Accepted", "currentTime": ANY, "interval": lambda seconds: seconds >= 0}, "the boot")
    for _ in range(2):
        await station.call("Heartbeat", wanted={"currentTime": ANY})
    live = await bench.reached("registered", lambda state: len(state["connectors"]) == 3)
    same((live["registration"], {c["status"] for c in live["connectors"]}), ("accepted", {"Available"}), "what is live")
    same(live["boot"]["vendor"], "Conformance", "the vendor that operators see")


@case("TC_003_CSMS", sample=True)
async def plug_in_first(bench: Bench) -> None:
    """Cable, then token: Authorize and StartTransaction are accepted, and the session is seen as charging."""
    station = await bench.station16()
    await station.boot()
    await station.status("Preparing")
    await station.authorize(wanted={"idTagInfo.status": "Accepted"})
    number = await station.start(wanted={"idTagInfo.status": "Accepted"})
    await station.status("Charging")
    connector = await bench.connector()
    same((connector["status"], connector["session"]["transaction"]), ("Charging", str(number)), "the connector")
    await bench.session(number, id_token=bench.valid, meter_start_wh="1000")
