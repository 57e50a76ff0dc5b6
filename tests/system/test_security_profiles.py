"""Security profiles 1 to 3 over real TLS: sessions, certificates right and wrong, downgrades, passwords, renewal."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any
from zlib import crc32

import pytest
from cryptography import x509
from websockets.exceptions import InvalidHandshake, InvalidStatus

from engine.clock import SystemClock
from engine.security.authority import Authority, Revoked
from engine.security.certificates import serial_text
from engine.security.local_authority import write_whole
from loadtest.installation import Installation
from tests.conformance import pki
from tests.conformance.pki import Identity
from tests.conformance.tls_material import TlsMaterial
from tests.system.eventually import eventually
from tests.system.raw_station import RawStation, stamp, start

pytestmark = pytest.mark.system

PASSWORD = "a-password-of-a-station"
OCPP201 = ("ocpp2.0.1",)
STATION_201 = {"reason": "PowerUp", "chargingStation": {"vendorName": "Raw", "model": "One"}}


@pytest.fixture(scope="module")
def material(system: Installation) -> TlsMaterial:
    found = TlsMaterial.of(system)
    assert found is not None
    return found


async def registered(system: Installation, profile: int, **more: Any) -> str:
    """A charge point of that security profile, with a password unless it needs none."""
    identity = f"SEC{profile}-{token_hex(3)}"
    secret = {"password": PASSWORD} if profile in (1, 2) else {}
    body = {"id": identity, "security_profile": profile, **secret, **more}
    (await asyncio.to_thread(system.api, "POST", "/charge-points", json=body)).raise_for_status()
    return identity


async def answered(system: Installation, identity: str, **more: Any) -> int | str:
    """101 for a station that gets in and is accepted, the status of a refusal, or that TLS did not come about."""
    # Each from an address of its own, since failures count against addresses.
    address = f"127.{1 + crc32(identity.encode()) % 250}.{1 + crc32(identity[::-1].encode()) % 250}.1"
    try:
        async with await RawStation.connect(system, identity, local_addr=(address, 0), **more) as station:
            if more.get("subprotocols") == OCPP201:
                assert (await station.call("BootNotification", STATION_201))[2]["status"] == "Accepted"
            else:
                assert (await station.boot())["status"] == "Accepted"
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
    except (ssl.SSLError, ConnectionError, EOFError, InvalidHandshake):
        return "TLS"


async def settled(expected: int, system: Installation, identity: str, **more: Any) -> None:
    """Wait until every host answers so: several times in a row, since the kernel deals connections out."""
    row, answer = 0, None
    async with asyncio.timeout(30):
        while row < 6:
            answer = await answered(system, identity, **more)
            row = row + 1 if answer == expected else 0
            await asyncio.sleep(0.1 if row == 0 else 0.0)


def counted(system: Installation, event_type: str) -> float:
    """How often hosts have noted a security event."""
    lines = [line for line in system.metrics().splitlines() if line.startswith("raycharge_gateway_security_events")]
    return sum(float(line.rpartition(" ")[2]) for line in lines if f'type="{event_type}"' in line)


@pytest.mark.parametrize("profile", [2, 3])
async def test_a_session_over_tls_ends_in_the_ledger(system: Installation, material: TlsMaterial, profile: int) -> None:
    identity = await registered(system, profile)
    own = pki.client(material.stations_root, identity) if profile == 3 else None
    tag = f"T{token_hex(4)}"
    (await asyncio.to_thread(system.api, "POST", "/tokens", json={"id_token": tag})).raise_for_status()
    password = PASSWORD if profile == 2 else None
    async with await RawStation.connect(system, identity, password=password, tls=material.context(own)) as station:
        assert (await station.boot())["status"] == "Accepted"
        number = (await station.call("StartTransaction", start(tag)))[2]["transactionId"]
        meter = {"connectorId": 1, "transactionId": number}
        sampled = {"timestamp": stamp(), "sampledValue": [{"value": "1500"}]}
        assert (await station.call("MeterValues", {**meter, "meterValue": [sampled]}))[2] == {}
        stop = {"transactionId": number, "meterStop": 2000, "timestamp": stamp(), "idTag": tag}
        await station.call("StopTransaction", stop)
    found = await eventually(
        lambda: system.get("/sessions", params={"charge_point": identity, "state": "stopped"})["items"], "in SQL"
    )
    assert [row["energy_wh"] for row in found] in (["1000"], ["1000.0"])


async def test_certificates_are_refused_each_for_its_reason_and_counted(
    system: Installation, material: TlsMaterial
) -> None:
    identity = await registered(system, 3, certificate_name=f"SN-{token_hex(3)}")
    row = await asyncio.to_thread(system.get, f"/charge-points/{identity}")
    root, stranger = material.stations_root, pki.authority("A stranger's root")
    wrong: list[tuple[str, Identity | None]] = [
        ("certificate_expired", pki.client(root, identity, valid_for=timedelta(days=-1))),
        ("certificate_of_unknown_authority", pki.client(stranger, identity)),
        ("certificate_of_another_station", pki.client(root, f"{identity}-X")),
        ("certificate_of_another_organisation", pki.client(root, identity, organisation="Somebody")),
        ("certificate_missing", None),
    ]
    for reason, one in wrong:
        before = await asyncio.to_thread(counted, system, reason)
        assert await answered(system, identity, tls=material.context(one)) in (401, "TLS"), reason
        await eventually(lambda: counted(system, reason) == before + 1, f"counted as {reason}")  # noqa: B023
    for name in (identity, row["certificate_name"]):
        assert await answered(system, identity, tls=material.context(pki.client(root, name))) == 101


async def test_a_revocation_list_counts_within_seconds_and_open_connections_stay(
    system: Installation, material: TlsMaterial
) -> None:
    identity, other = await registered(system, 3), await registered(system, 3)
    own, others = (pki.client(material.stations_root, name) for name in (identity, other))
    async with await RawStation.connect(system, identity, tls=material.context(own)) as station:
        await station.boot()
        now = SystemClock().now()
        void = [Revoked(serial_text(one.certificate.serial_number), now, "keyCompromise") for one in (own, others)]
        signer = Authority(material.stations_root.key, material.stations_root.certificate)
        path = Path(system.data_dir) / "tls" / "crl" / "stations.pem"
        write_whole(path, signer.revocation_list(void, now, 7))
        await settled(401, system, other, tls=material.context(others))
        assert await answered(system, identity, tls=material.context(own)) == 401
        assert (await station.call("Heartbeat", {}))[0] == 3
    fresh = pki.client(material.stations_root, identity)
    assert await answered(system, identity, tls=material.context(fresh)) == 101


async def test_a_profile_never_goes_down_by_itself(system: Installation, material: TlsMaterial) -> None:
    identity = await registered(system, 1)
    tls = material.context()
    assert await answered(system, identity, password=PASSWORD) == 101
    async with await RawStation.connect(system, identity, password=PASSWORD) as station:
        await station.boot()
        asked = {"key": "SecurityProfile", "value": "2"}
        command = asyncio.create_task(asyncio.to_thread(system.command, identity, "ChangeConfiguration", asked))
        (_, message_id, _, payload) = await station.next_call()
        assert payload == asked
        await station.answer(message_id, {"status": "Accepted"})
        assert (await command)["outcome"] == "Accepted"
    assert await answered(system, identity, password=PASSWORD, tls=tls) == 101
    await settled(401, system, identity, password=PASSWORD)
    assert (await asyncio.to_thread(system.get, f"/charge-points/{identity}"))["security_profile"] == 2
    own = material.context(pki.client(material.stations_root, identity))
    assert await answered(system, identity, tls=own) == 101
    await settled(401, system, identity, password=PASSWORD, tls=tls)
    reset = await asyncio.to_thread(system.api, "PATCH", f"/charge-points/{identity}", json={"security_profile": 1})
    assert reset.json()["security_profile"] == 1
    await settled(101, system, identity, password=PASSWORD)


@asynccontextmanager
async def changing_password(
    system: Installation, station: RawStation, identity: str, status: str, version: str
) -> AsyncIterator[tuple[str, asyncio.Task[Any]]]:
    """The operator has the password changed; the station answers. Gives what it was told, and the operator's answer."""
    asked = asyncio.create_task(asyncio.to_thread(system.api, "POST", f"/charge-points/{identity}/password", json={}))
    (_, message_id, action, payload) = await station.next_call()
    if version == "ocpp1.6":
        assert (action, payload["key"]) == ("ChangeConfiguration", "AuthorizationKey")
        told = payload["value"]
        await station.answer(message_id, {"status": status})
    else:
        (data,) = payload["setVariableData"]
        place = data["component"], data["variable"]
        assert (action, *place) == ("SetVariables", {"name": "SecurityCtrlr"}, {"name": "BasicAuthPassword"})
        told = data["attributeValue"]
        result = {"attributeStatus": status, "component": place[0], "variable": place[1]}
        await station.answer(message_id, {"setVariableResult": [result]})
    yield told, asked


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_old_and_new_password_are_right_until_the_station_uses_the_new_one(
    system: Installation, material: TlsMaterial, version: str
) -> None:
    identity = await registered(system, 2)
    more: dict[str, Any] = {"tls": material.context(), "subprotocols": (version,)}
    assert await answered(system, identity, password=PASSWORD, **more) == 101
    async with (
        await RawStation.connect(system, identity, password=PASSWORD, **more) as station,
        changing_password(system, station, identity, "Accepted", version) as (told, asked),
    ):
        answer = (await asked).raise_for_status().json()
    assert (answer["outcome"], answer["waiting"], answer["password"]) == ("Accepted", True, told)
    for _ in range(2):
        assert await answered(system, identity, password=PASSWORD, **more) == 101
    new: str | bytes = bytes.fromhex(told) if version == "ocpp1.6" else told
    assert await answered(system, identity, password=new, **more) == 101
    await settled(401, system, identity, password=PASSWORD, **more)
    await settled(101, system, identity, password=new, **more)
    await nowhere(system, identity, told)


async def nowhere(system: Installation, identity: str, secret: str) -> None:
    """The secret is neither in the message log nor in the books nor in any log; the call itself is."""
    logged = "SELECT raw, answer FROM ocpp_messages WHERE charge_point = '{}' AND direction = 'out'"
    frames = await eventually(lambda: system.clickhouse(logged.format(identity)), "in the message log")
    assert any("***" in str(row) for row in frames)
    (command,) = (await asyncio.to_thread(system.get, f"/charge-points/{identity}/commands"))["items"]
    texts = [str(frames), str(command), system.last_words()]
    texts += [path.read_text(errors="replace") for path in (system.data_dir / "log").glob("*.jsonl")]
    texts += [str(await asyncio.to_thread(system.sql, f"SELECT * FROM {table}")) for table in ("commands",)]
    assert all(secret not in text for text in texts)


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1"])
async def test_a_password_that_the_station_refuses_is_gone(
    system: Installation, material: TlsMaterial, version: str
) -> None:
    identity = await registered(system, 2)
    more: dict[str, Any] = {"tls": material.context(), "subprotocols": (version,)}
    assert await answered(system, identity, password=PASSWORD, **more) == 101
    async with (
        await RawStation.connect(system, identity, password=PASSWORD, **more) as station,
        changing_password(system, station, identity, "Rejected", version) as (told, asked),
    ):
        answer = (await asked).raise_for_status().json()
    assert (answer["outcome"], answer["waiting"], answer["password"]) == ("Rejected", False, None)
    await settled(401, system, identity, password=told, **more)
    assert await answered(system, identity, password=PASSWORD, **more) == 101


async def test_a_certificate_is_renewed_through_our_own_authority_used_and_revoked(
    system: Installation, material: TlsMaterial
) -> None:
    identity = await registered(system, 3)
    first = material.context(pki.client(material.stations_root, identity))
    key = pki.new_key()
    async with await RawStation.connect(system, identity, tls=first, subprotocols=OCPP201) as station:
        assert (await station.call("BootNotification", STATION_201))[2]["status"] == "Accepted"
        csr = pki.signing_request(key, identity)
        kind = {"certificateType": "ChargingStationCertificate"}
        assert (await station.call("SignCertificate", {"csr": csr, **kind}))[2]["status"] == "Accepted"
        (_, message_id, action, payload) = await station.next_call()
        assert (action, payload["certificateType"]) == ("CertificateSigned", "ChargingStationCertificate")
        await station.answer(message_id, {"status": "Accepted"})
    certificate = x509.load_pem_x509_certificate(payload["certificateChain"].encode())
    renewed = material.context(Identity(certificate, key))
    assert await answered(system, identity, tls=renewed, subprotocols=OCPP201) == 101
    asked = {"charge_point": identity}
    (request,) = await eventually(
        lambda: [
            row for row in system.get("/certificates/requests", params=asked)["items"] if row["state"] == "installed"
        ],
        "put on record",
    )
    (listed,) = (await asyncio.to_thread(system.get, "/certificates", params=asked))["items"]
    assert request["serial_number"] == listed["serial_number"] == serial_text(certificate.serial_number)
    path = f"/certificates/{listed['serial_number']}/revoke"
    (await asyncio.to_thread(system.api, "POST", path, json={"reason": "superseded"})).raise_for_status()
    await settled(401, system, identity, tls=renewed, subprotocols=OCPP201)
    published = (await asyncio.to_thread(system.http.get, "/pki/crl.pem")).content
    lists = [x509.load_pem_x509_crl(part + b"-----END X509 CRL-----\n") for part in _parts(published)]
    assert certificate.serial_number in {entry.serial_number for one in lists for entry in one}


def _parts(published: bytes) -> list[bytes]:
    return [part for part in published.split(b"-----END X509 CRL-----\n") if part.strip()]


async def test_a_request_for_another_stations_name_is_refused_and_an_operator_can_see_it(
    system: Installation, material: TlsMaterial
) -> None:
    identity = await registered(system, 2)
    async with await RawStation.connect(system, identity, password=PASSWORD, tls=material.context()) as station:
        await station.boot()
        csr = pki.signing_request(pki.new_key(), f"{identity}-X")
        assert (await station.call("SignCertificate", {"csr": csr}))[2]["status"] == "Accepted"
        (row,) = await eventually(
            lambda: [
                row
                for row in system.get("/certificates/requests", params={"charge_point": identity})["items"]
                if row["state"] == "refused"
            ],
            "refused",
        )
        assert "common name" in row["detail"]
        assert (await station.call("Heartbeat", {}))[0] == 3
