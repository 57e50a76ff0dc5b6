"""Firmware and diagnostics through the running system: sent off by REST, fetched and brought by a station over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from loadtest.installation import Installation
from tests.system.charge_points import registered
from tests.system.eventually import eventually
from tests.system.raw_station import RawStation

pytestmark = pytest.mark.system

IMAGE = os.urandom(6_000_000)


def image_of(system: Installation) -> dict[str, Any]:
    query = {"name": "v3.bin", "vendor": "Raw", "version": "3"}
    made: dict[str, Any] = system.api("POST", "/firmware", params=query, content=IMAGE).raise_for_status().json()
    return made


async def asked(station: RawStation, action: str) -> str:
    """The location of the call that comes, which is accepted."""
    call = await station.next_call()
    assert call[2] == action, call
    await station.answer(call[1], {"fileName": "diag.zip"} if action == "GetDiagnostics" else {})
    return str(call[3]["location"])


async def send_off(system: Installation, station: RawStation, path: str, body: Any, action: str) -> tuple[str, Any]:
    """An operation over REST: the location that the station was given, and how the command ended."""
    sending = asyncio.create_task(asyncio.to_thread(system.api, "POST", path, json=body))
    location = await asked(station, action)
    ended = (await sending).raise_for_status().json()
    assert ended["outcome"] == "Accepted"
    return location, ended


async def test_firmware_and_diagnostics_work_out_of_the_box(system: Installation) -> None:
    identity = await registered(system, "FILES")
    base = f"/charge-points/{identity}"
    made = await asyncio.to_thread(image_of, system)
    async with (
        await RawStation.connect(system, identity) as station,
        httpx.AsyncClient(timeout=30, trust_env=False) as http,
    ):
        await station.boot()
        location, sent = await send_off(system, station, f"{base}/firmware", {"image": made["id"]}, "UpdateFirmware")
        assert location.startswith(f"http://127.0.0.1:{system.api_port}/files/")
        assert location.endswith("/v3.bin")
        got = await fetch_in_pieces(http, location)
        assert hashlib.sha256(got).hexdigest() == made["sha256"]
        for status in ("Downloading", "Downloaded", "Installing", "Installed"):
            await station.call("FirmwareStatusNotification", {"status": status})
        await asyncio.to_thread(spent, location)

        location, asking = await send_off(system, station, f"{base}/logs", {}, "GetDiagnostics")
        assert (await http.put(location + "diag.zip", content=b"what happened")).status_code == 200
        await station.call("DiagnosticsStatusNotification", {"status": "Uploaded"})
        again = await http.put(location + "diag.zip", content=b"again")
        assert (again.status_code, again.headers["content-type"]) == (410, "application/problem+json")

    (file,) = (await asyncio.to_thread(system.get, f"{base}/files"))["items"]
    assert (file["name"], file["kind"], file["job"], file["size"]) == ("diag.zip", "diagnostics", asking["id"], 13)
    content = await asyncio.to_thread(system.api, "GET", f"{base}/files/{file['id']}")
    assert content.content == b"what happened"
    await keeps_no_token(system, identity, sent["id"], location)


async def fetch_in_pieces(http: httpx.AsyncClient, location: str) -> bytes:
    """The line breaks twice; each time the station goes on where it was."""
    got = b""
    for enough in (2_000_000, 4_000_000):
        async with http.stream("GET", location, headers={"Range": f"bytes={len(got)}-"}) as answer:
            assert answer.status_code == 206
            async for chunk in answer.aiter_bytes(100_000):
                got += chunk
                if len(got) >= enough:
                    break
    assert len(got) < len(IMAGE)
    rest = await http.get(location, headers={"Range": f"bytes={len(got)}-"})
    return got + rest.content


def spent(location: str) -> None:
    answer = httpx.get(location, trust_env=False)
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:raycharge:problem:gone")


async def keeps_no_token(system: Installation, identity: str, command: str, location: str) -> None:
    """Neither the ledger nor the message log nor a log file holds what a link is opened by."""
    token = urlsplit(location).path.split("/")[2]
    assert len(token) == 43
    # The ledger hears of a command a moment after who asked for it.
    (row,) = await eventually(
        lambda: [row for row in system.get(f"/charge-points/{identity}/commands")["items"] if row["id"] == command],
        "the command in the ledger",
    )
    assert "/files/***/v3.bin" in row["payload"]["location"]
    query = {"action": "GetDiagnostics", "direction": "out"}
    (frame,) = await eventually(
        lambda: system.get(f"/charge-points/{identity}/messages", params=query)["items"], "in the message log"
    )
    assert "/files/***/" in frame["frame"]
    logs = [path.read_text(errors="replace") for path in (system.data_dir / "log").glob("*.jsonl")]
    assert token not in "".join(logs)
    assert system.sql("SELECT count(*) FROM file_links WHERE spent IS NOT NULL")[0][0] >= 2
