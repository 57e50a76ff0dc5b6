"""Firmware and log operations give stations addresses of ours, in each version's words, while the job lasts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.conftest import Facade, assert_problem, view

CP = "/api/v1/charge-points/CP-1"
SIGNED = {"signing_certificate": "-----BEGIN CERTIFICATE-----", "signature": "AAAA"}


async def image(facade: Facade) -> str:
    async def content() -> AsyncIterator[bytes]:
        yield b"image"

    return (await facade.ports.files.add_image(content(), name=lambda: "v2.bin")).id


def located(payload: Any) -> str:
    """The one address in a payload, wherever the version has it."""
    found = [value for key, value in payload.items() if key in ("location", "remoteLocation")]
    found += [located(value) for value in payload.values() if isinstance(value, dict)]
    (address,) = (each for each in found if each)
    return str(address)


@pytest.mark.parametrize(
    ("subprotocol", "firmware", "log"),
    [
        ("ocpp1.6", "UpdateFirmware", "GetDiagnostics"),
        ("ocpp2.0.1", "UpdateFirmware", "GetLog"),
        ("ocpp2.1", "UpdateFirmware", "GetLog"),
    ],
)
async def test_a_station_is_given_an_address_of_ours(
    facade: Facade, admin: httpx.AsyncClient, subprotocol: str, firmware: str, log: str
) -> None:
    facade.fleet.views["CP-1"] = view("CP-1", subprotocol=subprotocol)
    assert (await admin.post(f"{CP}/firmware", json={"image": await image(facade)})).json()["outcome"] == "Accepted"
    asked = facade.fleet.asked[-1]
    assert asked["action"] == firmware
    address = located(asked["payload"])
    assert address.startswith("http://facade/files/")
    assert (await admin.get(urlsplit(address).path)).content == b"image"
    job = (await admin.post(f"{CP}/logs", json={})).json()["id"]
    asked = facade.fleet.asked[-1]
    assert (asked["action"], asked["command_id"]) == (log, job)
    assert (await admin.put(urlsplit(located(asked["payload"])).path + "x.log", content=b"log")).status_code == 200
    (file,) = (await admin.get(f"{CP}/files")).json()["items"]
    assert (file["job"], file["name"], file["kind"]) == (job, "x.log", "diagnostics")


async def test_a_signed_image_brings_its_certificate_along(facade: Facade, admin: httpx.AsyncClient) -> None:
    known = await image(facade)
    await admin.patch(f"/api/v1/firmware/{known}", json=SIGNED)
    await admin.post(f"{CP}/firmware", json={"image": known})
    asked = facade.fleet.asked[-1]
    assert asked["action"] == "SignedUpdateFirmware"
    sent = asked["payload"]["firmware"]
    assert (sent["signingCertificate"], sent["signature"]) == tuple(SIGNED.values())


@pytest.mark.parametrize(("outcome", "status"), [("Rejected", 410), ("TimedOut", 200)])
async def test_a_job_that_the_station_does_not_take_on_ends_its_link(
    facade: Facade, admin: httpx.AsyncClient, outcome: str, status: int
) -> None:
    facade.fleet.answer = lambda *_: (outcome, None)
    await admin.post(f"{CP}/logs", json={})
    path = urlsplit(located(facade.fleet.asked[-1]["payload"])).path
    assert (await admin.put(path, content=b"log")).status_code == status


async def test_an_image_or_a_location_and_not_both(facade: Facade, admin: httpx.AsyncClient) -> None:
    known = await image(facade)
    for body in ({}, {"image": known, "location": "https://x/y"}):
        assert_problem(await admin.post(f"{CP}/firmware", json=body), 422, field="image")
    assert_problem(await admin.post(f"{CP}/firmware", json={"image": "abc"}), 404)
    assert facade.fleet.asked == []
