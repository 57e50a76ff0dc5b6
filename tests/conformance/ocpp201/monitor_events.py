"""Block N: what monitors tell: events that come by themselves, periodically, and again after a reboot."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station201 import Station201
from tests.conformance.verdict import same

EVSE = {"name": "EVSE", "evse": {"id": 1}}
POWER = {"name": "Power"}
MONITOR = {"eventNotificationType": "CustomMonitor", "variableMonitoringId": 3}


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


async def _told(station: Station201, value: str, trigger: str, **more: Any) -> None:
    """The event is taken, which is said by an answer without anything in it."""
    answer = await station.notify_event(EVSE, POWER, value, trigger, **MONITOR, **more)
    same(answer, {}, f"the answer to a {trigger} event")


@case("TC_N_24_CSMS", sample=True)
async def a_periodic_monitor(bench: Bench) -> None:
    """Each of several periodic events is taken, with an empty answer."""
    station = await _booted(bench)
    for watts in ("7400.0", "7350.5", "0.0"):
        await _told(station, watts, "Periodic")


@case("TC_N_48_CSMS")
async def an_event_of_a_variable_that_can_only_be_written(bench: Bench) -> None:
    """An event that tells no value is taken."""
    await _told(await _booted(bench), "", "Delta")


@case("TC_N_49_CSMS")
async def a_thresholds_event_is_cleared_after_a_reboot(bench: Bench) -> None:
    """The alert is taken, and after a reboot that it is over."""
    station = await _booted(bench)
    await _told(station, "23000.0", "Alerting", techCode="PWR")
    await station.reconnect()
    await station.boot("PowerUp")
    await _told(station, "7400.0", "Alerting", cleared=True)


@case("TC_N_50_CSMS")
async def a_periodic_event(bench: Bench) -> None:
    """A periodic event is taken, also after a reboot."""
    station = await _booted(bench)
    await station.reconnect()
    await station.boot("RemoteReset")
    await _told(station, "7400.0", "Periodic")
