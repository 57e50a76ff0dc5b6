"""Local authorisation list: its version, and sending it whole and by difference."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station16 import Station16
from tests.conformance.verdict import ANY, holds, same


async def _ask_version(bench: Bench, station: Station16, number: int) -> Commanded:
    answer = {"listVersion": number}
    return await bench.operated(station, "/local-list/refresh", action="GetLocalListVersion", answer=answer)


async def _version(bench: Bench, number: int) -> None:
    station = await bench.station16()
    await station.boot()
    told = await _ask_version(bench, station, number)
    holds(told.ended, {"payload.listVersion": number}, "what the operator is told")
    holds(await bench.kept("local-list"), {"version": number, "read_at": ANY}, "the list that is kept")


@case("TC_042_1_CSMS")
async def version_where_lists_are_not_supported(bench: Bench) -> None:
    """The version -1 is taken and told to the operator."""
    await _version(bench, -1)


@case("TC_042_2_CSMS")
async def version_of_an_empty_list(bench: Bench) -> None:
    """The version 0 is taken and told to the operator."""
    await _version(bench, 0)


async def _send(bench: Bench, station: Station16, kind: str, status: str, outcome: str) -> None:
    told = await bench.operated(
        station,
        "/local-list",
        {} if kind == "Full" else {"tokens": [bench.valid], "version": 1},
        action="SendLocalList",
        answer={"status": status},
        outcome=outcome,
        wanted={"updateType": kind},
    )
    entries: list[dict[str, Any]] = told.request["localAuthorizationList"]
    same(all("idTagInfo" in entry for entry in entries), True, "an idTagInfo each")
    ours = [entry["idTagInfo"]["status"] for entry in entries if entry["idTag"] == bench.valid]
    same(ours, ["Accepted"], "the token of this case on the list")
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    if status == "Accepted":
        wanted = {"version": told.ended["number"], "update": kind, "sent_at": ANY}
        holds(await bench.kept("local-list"), wanted, "the list that is kept")
    else:
        holds(await bench.kept("local-list"), {"version": None, "sent_at": None}, "the list that is kept")


async def _full(bench: Bench, status: str, outcome: str) -> None:
    station = await bench.station16()
    await station.boot()
    await _send(bench, station, "Full", status, outcome)


@case("TC_043_1_CSMS")
async def full_not_supported(bench: Bench) -> None:
    """A full list is sent, and NotSupported is told to the operator."""
    await _full(bench, "NotSupported", "Rejected")


@case("TC_043_3_CSMS")
async def full_failed(bench: Bench) -> None:
    """A full list is sent, and Failed is told to the operator."""
    await _full(bench, "Failed", "Rejected")


@case("TC_043_4_CSMS", sample=True)
async def full(bench: Bench) -> None:
    """A full list is sent, each entry with its idTagInfo, and accepted."""
    await _full(bench, "Accepted", "Accepted")


@case("TC_043_5_CSMS")
async def differential(bench: Bench) -> None:
    """The version is read, then a differential list is sent, each entry with its idTagInfo, and accepted."""
    station = await bench.station16()
    await station.boot()
    await _ask_version(bench, station, 0)
    await _send(bench, station, "Differential", "Accepted", "Accepted")
