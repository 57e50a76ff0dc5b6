"""Core profile: power failures, and what happened while the station was offline."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.verdict import same


@case("TC_032_1_CSMS", sample=True)
async def power_failure(bench: Bench) -> None:
    """After the power is back, boot, statuses and the stop with reason PowerLoss are taken, and end the session."""
    station = await bench.station16(connectors=2)
    await station.boot()
    number = await station.charging()
    await station.cut()
    await station.connect()
    await station.boot_notification(wanted={"status": "Accepted"})
    await station.report_all("Available", connector_1="Finishing")
    await station.stop("PowerLoss", at=stamp(ago_s=5))
    await bench.session(number, state="stopped", reason="PowerLoss", energy_wh="500")
    same((await bench.connector())["status"], "Finishing", "the connector")
    same((await bench.connector(2))["status"], "Available", "the other connector")


@case("TC_037_1_CSMS")
async def offline_start(bench: Bench) -> None:
    """A transaction that began offline with a good token is accepted when the connection is back."""
    station = await bench.station16()
    await station.boot()
    await station.close()
    began = stamp(ago_s=60)
    await station.connect()
    number = await station.start(at=began, wanted={"idTagInfo.status": "Accepted"})
    await station.status("Charging")
    await bench.session(number, id_token=bench.valid, started_at=began)


@case("TC_037_3_CSMS")
async def offline_start_with_an_invalid_token(bench: Bench) -> None:
    """The Start is answered Invalid and with a transaction all the same; its DeAuthorized stop ends the session."""
    station = await bench.station16()
    await station.boot()
    await station.close()
    began = stamp(ago_s=60)
    await station.connect()
    number = await station.start(tag="NOBODY-KNOWS-ME", at=began, wanted={"idTagInfo.status": "Invalid"})
    await station.status("Charging")
    await station.stop("DeAuthorized")
    await station.status("Finishing")
    await bench.session(number, state="stopped", reason="DeAuthorized", started_at=began)


@case("TC_039_CSMS")
async def offline_transaction(bench: Bench) -> None:
    """A transaction that began and ended offline is accepted afterwards, with the times at which it happened."""
    station = await bench.station16()
    await station.boot()
    await station.close()
    began, ended = stamp(ago_s=120), stamp(ago_s=60)
    await station.connect()
    number = await station.start(at=began, wanted={"idTagInfo.status": "Accepted"})
    await station.stop("Local", at=ended)
    await bench.session(number, state="stopped", reason="Local", started_at=began, stopped_at=ended, energy_wh="500")
