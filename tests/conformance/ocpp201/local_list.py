"""Block D: the local authorisation list, whole, by difference, emptied, and its version."""

from __future__ import annotations

from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, ANY, holds, same


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


async def _version(bench: Bench, station: Station201, number: int) -> Commanded:
    told = await bench.operated(
        station, "/local-list/refresh", action="GetLocalListVersion", answer={"versionNumber": number}
    )
    same(told.request, {}, "the GetLocalListVersion")
    holds(told.ended, {"payload.versionNumber": number}, "what the operator is told")
    holds(await bench.kept("local-list"), {"version": number, "read_at": ANY}, "the list that is kept")
    return told


def _entries(told: Commanded) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = told.request["localAuthorizationList"]
    return entries


async def _send(bench: Bench, station: Station201, body: dict[str, Any], **wanted: Any) -> Commanded:
    told = await bench.operated(
        station, "/local-list", body, action="SendLocalList", answer={"status": "Accepted"}, wanted=wanted
    )
    version = told.request["versionNumber"]
    kept = {"version": version, "update": told.request["updateType"], "sent_at": ANY}
    holds(await bench.kept("local-list"), kept, "the list that is kept")
    return told


@case("TC_D_01_CSMS", sample=True)
async def the_whole_list(bench: Bench) -> None:
    """A full list with a version above zero and entries, the token of this case Accepted among them."""
    station = await _booted(bench)
    await _version(bench, station, 1)
    told = await _send(bench, station, {}, updateType="Full", versionNumber=lambda number: number > 1)
    ours = [entry for entry in _entries(told) if entry["idToken"]["idToken"] == bench.valid]
    same(len(ours), 1, "how often the token of this case is on the list")
    holds(ours[0], {"idTokenInfo.status": "Accepted"}, "the entry of the token of this case")


@case("TC_D_02_CSMS")
async def some_tokens_by_difference(bench: Bench) -> None:
    """A differential list with the tokens that were asked for, of a version above the station's."""
    station = await _booted(bench)
    await _version(bench, station, 1)
    other = await bench.token("Blocked")
    body = {"tokens": [bench.valid, other]}
    told = await _send(bench, station, body, updateType="Differential", versionNumber=lambda number: number > 1)
    said = {entry["idToken"]["idToken"]: entry["idTokenInfo"]["status"] for entry in _entries(told)}
    same(said, {bench.valid: "Accepted", other: "Blocked"}, "the entries")


@case("TC_D_03_CSMS")
async def a_token_is_removed_by_difference(bench: Bench) -> None:
    """A token is taken off the list by an entry without idTokenInfo, under a version above the one before."""
    station = await _booted(bench)
    gone = f"GONE{bench.identity[-6:]}"
    first = await _send(bench, station, {"tokens": [bench.valid]}, updateType="Differential")
    before = first.request["versionNumber"]
    body = {"tokens": [gone]}
    told = await _send(bench, station, body, updateType="Differential", versionNumber=lambda number: number > before)
    (entry,) = _entries(told)
    holds(entry, {"idToken.idToken": gone, "idTokenInfo": ABSENT}, "the entry that removes the token")


@case("TC_D_04_CSMS")
async def the_list_is_emptied(bench: Bench) -> None:
    """A full list without entries empties the station's."""
    station = await _booted(bench)
    told = await bench.commanded(
        station,
        "SendLocalList",
        {"versionNumber": 7, "updateType": "Full"},
        answer={"status": "Accepted"},
        wanted={"updateType": "Full", "localAuthorizationList": ABSENT},
    )
    same(told.request["versionNumber"], 7, "the version")
    holds(await bench.kept("local-list"), {"version": 7, "update": "Full", "entries": 0}, "the list that is kept")


@case("TC_D_08_CSMS")
async def the_version_is_asked(bench: Bench) -> None:
    """The station's version is taken and told to the operator."""
    await _version(bench, await _booted(bench), 42)


@case("TC_D_09_CSMS")
async def the_version_of_no_list(bench: Bench) -> None:
    """Version 0 (there is no list) is taken and told to the operator."""
    await _version(bench, await _booted(bench), 0)
