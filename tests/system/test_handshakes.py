"""Handshakes as real stations make them, tidy and untidy."""

from __future__ import annotations

import asyncio
import base64

import pytest
from websockets.exceptions import InvalidStatus

from loadtest.installation import Installation
from tests.system.charge_points import registered
from tests.system.raw_station import RawStation

pytestmark = pytest.mark.system

SECRET = "a:secret:with:colons"


async def gets_in(system: Installation, identity: str, **more: object) -> RawStation:
    """Connect and boot; the station must be the one that was registered."""
    station = await RawStation.connect(system, identity, **more)  # type: ignore[arg-type]
    assert (await station.boot())["status"] == "Accepted"
    state = await asyncio.to_thread(system.get, f"/charge-points/{identity}/state")
    assert (state["id"], state["link"], state["subprotocol"]) == (identity, "connected", "ocpp1.6")
    return station


async def test_a_station_may_name_no_subprotocol(system: Installation) -> None:
    identity = await registered(system, "NOSUB")
    async with await gets_in(system, identity, subprotocols=()) as station:
        assert station.socket.subprotocol is None


async def test_the_first_supported_subprotocol_is_chosen(system: Installation) -> None:
    identity = await registered(system, "SUBS")
    async with await gets_in(system, identity, subprotocols=("ocpp9.9", "ocpp1.6", "ocpp1.5")) as station:
        assert station.socket.subprotocol == "ocpp1.6"


async def test_only_unsupported_subprotocols_end_in_a_clean_close(system: Installation) -> None:
    identity = await registered(system, "OLD")
    station = await RawStation.connect(system, identity, subprotocols=("ocpp1.5", "ocpp1.2"))
    assert await station.closed() == 1002
    assert "ocpp1.6" in station.socket.close_reason
    live = (await asyncio.to_thread(system.get, f"/charge-points/{identity}"))["live"]
    assert live is None, "a station that was not let in has connected"


async def test_ids_come_percent_encoded_in_any_case_and_after_doubled_slashes(system: Installation) -> None:
    identity = await registered(system, "Café*:+@1")
    encoded = "".join(f"%{byte:02x}" for byte in identity.encode())
    for path in (f"/ocpp/{encoded}", f"/ocpp//{encoded}", f"/OCPP/{encoded}/", f"//ocpp/{encoded}?token=1"):
        async with await gets_in(system, identity, path=path):
            pass
    upper = "".join(f"%{byte:02X}" for byte in identity.upper().encode())
    async with await gets_in(system, identity, path=f"/ocpp/{upper}"):
        pass


async def test_origin_headers_and_hosts_without_port_are_no_trouble(system: Installation) -> None:
    identity = await registered(system, "ORIGIN")
    headers = {"Origin": "http://chargers.example", "User-Agent": "", "X-Vendor": "ü".encode().decode("latin-1")}
    async with await gets_in(system, identity, headers=headers):
        pass


@pytest.mark.parametrize("path", ["/", "/ocpp", "/ocpp/", "/ws/CP-1", "/ocpp/a/b", "/ocpp/%00", "/ocpp/" + "x" * 49])
async def test_other_paths_are_not_found(system: Installation, path: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await RawStation.connect(system, "", path=path)
    assert caught.value.response.status_code == 404


async def test_passwords_may_hold_colons_and_ids_too(system: Installation) -> None:
    for prefix in ("COLON", "AA:BB:CC"):
        identity = await registered(system, prefix, password=SECRET)
        credentials = base64.b64encode(f"{identity}:{SECRET}".encode()).decode()
        async with await gets_in(system, identity, headers={"Authorization": f"Basic {credentials}"}):
            pass
        async with await gets_in(system, identity, headers={"Authorization": f"basic  {credentials}"}):
            pass


@pytest.mark.parametrize("credentials", [b"\xff\xfe\x00binary\xc3\x28", b"", b"no colon", b":", b"\xff:\xff"])
async def test_odd_credentials_are_refused_like_wrong_ones(system: Installation, credentials: bytes) -> None:
    identity = await registered(system, "ODD", password=SECRET)
    for sent in (credentials, identity.encode() + b":" + credentials):
        header = {"Authorization": "Basic " + base64.b64encode(sent).decode()}
        with pytest.raises(InvalidStatus) as caught:
            await RawStation.connect(system, identity, headers=header, local_addr=("127.0.0.5", 0))
        assert caught.value.response.status_code == 401


async def test_profile_0_needs_no_password_and_minds_none(system: Installation) -> None:
    identity = await registered(system, "OPEN")
    async with await gets_in(system, identity):
        pass
    async with await gets_in(system, identity, password="whatever-it-has-set"):
        pass


async def test_a_password_that_was_changed_is_valid_at_once_and_the_old_one_is_not(system: Installation) -> None:
    identity = await registered(system, "CHANGED", password=SECRET)
    async with await gets_in(system, identity, password=SECRET):
        pass
    changed = await asyncio.to_thread(
        system.api, "PATCH", f"/charge-points/{identity}", json={"password": "another-secret-16"}
    )
    assert changed.status_code == 200
    async with await gets_in(system, identity, password="another-secret-16"):
        pass
    with pytest.raises(InvalidStatus):
        await RawStation.connect(system, identity, password=SECRET, local_addr=("127.0.0.6", 0))
