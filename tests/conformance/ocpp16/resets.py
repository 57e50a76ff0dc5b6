"""Core profile: resets."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.registry import case


async def _reset(bench: Bench, kind: str) -> None:
    station = await bench.station16()
    await station.boot()
    before = (await bench.live())["boot"]["at"]
    await bench.commanded(station, "Reset", {"type": kind}, answer={"status": "Accepted"}, wanted={"type": kind})
    await station.reconnect()
    await station.boot()
    await bench.reached("booted again", lambda state: state["boot"]["at"] > before)


@case("TC_013_CSMS", sample=True)
async def hard_reset(bench: Bench) -> None:
    """The operator's hard reset reaches the station, and the boot that follows is accepted."""
    await _reset(bench, "Hard")


@case("TC_014_CSMS")
async def soft_reset(bench: Bench) -> None:
    """The operator's soft reset reaches the station, and the boot that follows is accepted."""
    await _reset(bench, "Soft")
