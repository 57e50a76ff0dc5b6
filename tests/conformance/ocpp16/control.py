"""Core profile: resets, unlocking, and the authorisation cache, by the operator's hand."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.verdict import holds

ACCEPTED = {"status": "Accepted"}


async def _reset(bench: Bench, kind: str) -> None:
    station = await bench.station16()
    await station.boot()
    before = (await bench.live())["boot"]["at"]
    body = {"immediate": kind == "Hard"}
    reset = await bench.operated(station, "/reset", body, action="Reset", answer=ACCEPTED, wanted={"type": kind})
    await station.cut()
    await station.connect()
    await station.boot()
    await bench.reached("booted again", lambda state: state["boot"]["at"] > before)
    await bench.led_to(reset, kind="boot")


@case("TC_013_CSMS", sample=True)
async def hard_reset(bench: Bench) -> None:
    """The operator's hard reset reaches the station, and the boot that follows is accepted."""
    await _reset(bench, "Hard")


@case("TC_014_CSMS")
async def soft_reset(bench: Bench) -> None:
    """The operator's soft reset reaches the station, and the boot that follows is accepted."""
    await _reset(bench, "Soft")


async def _unlock(bench: Bench, status: str, outcome: str, connector: int = 1) -> None:
    station = await bench.station16()
    await station.boot()
    told = await bench.operated(
        station,
        "/unlock",
        {"evse": connector},
        action="UnlockConnector",
        answer={"status": status},
        outcome=outcome,
        wanted={"connectorId": connector},
    )
    holds(told.ended, {"payload.status": status}, "what the operator is told")


@case("TC_017_1_CSMS")
async def unlock(bench: Bench) -> None:
    """An unlock that the station has done ends as accepted."""
    await _unlock(bench, "Unlocked", "Accepted")


@case("TC_017_2_CSMS")
async def unlock_of_a_fixed_cable(bench: Bench) -> None:
    """NotSupported, the answer of a fixed cable, is told to the operator."""
    await _unlock(bench, "NotSupported", "Rejected")


@case("TC_018_1_CSMS")
async def unlock_during_a_session(bench: Bench) -> None:
    """The unlock is accepted, and the stop with reason UnlockCommand that follows ends the session."""
    station = await bench.station16()
    await station.boot()
    number = await station.charging()
    answer = {"status": "Unlocked"}
    await bench.operated(station, "/unlock", {"evse": 1}, action="UnlockConnector", answer=answer)
    await station.status("Finishing")
    await station.stop("UnlockCommand")
    await station.status("Available")
    await bench.session(number, state="stopped", reason="UnlockCommand")


@case("TC_030_CSMS")
async def unlock_failure(bench: Bench) -> None:
    """UnlockFailed is told to the operator."""
    await _unlock(bench, "UnlockFailed", "Rejected")


@case("TC_031_CSMS")
async def unlock_of_an_unknown_connector(bench: Bench) -> None:
    """NotSupported for a connector that the station does not have is told to the operator."""
    await _unlock(bench, "NotSupported", "Rejected", connector=9)


@case("TC_061_CSMS")
async def clear_cache(bench: Bench) -> None:
    """The operator's ClearCache reaches the station, and its acceptance the operator."""
    station = await bench.station16()
    await station.boot()
    await bench.operated(station, "/clear-cache", action="ClearCache", answer=ACCEPTED)
