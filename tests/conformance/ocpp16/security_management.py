"""Security: certificates and passwords on the station, its security events and log, and signed firmware."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from tests.conformance import pki
from tests.conformance.bench import Bench, Commanded
from tests.conformance.handshakes import status_of
from tests.conformance.ocpp16.jobs import job_ended
from tests.conformance.registry import case
from tests.conformance.station import stamp
from tests.conformance.station16 import Station16
from tests.conformance.verdict import ABSENT, ANY, holds, same

ACCEPTED = {"status": "Accepted"}
CENTRAL, MANUFACTURER = "CentralSystemRootCertificate", "ManufacturerRootCertificate"
USES = {CENTRAL: "CSMSRootCertificate", MANUFACTURER: "ManufacturerRootCertificate"}
"""What they are called where the version does not matter."""
LOG = "https://logs.example.org/security"
FIRMWARE = "https://firmware.example.org/station-1.1.bin"


@case("TC_073_CSMS")
async def new_password(bench: Bench) -> None:
    """A new AuthorizationKey is set by the operator; the station then gets in with it, and no more with the old one."""
    old, new = token_hex(16), token_hex(20)
    bench.identity = await bench.register("P", password=old)
    station = await bench.station16(password=old)
    await station.boot()
    told = await bench.operated(
        station,
        "/password",
        {"password_hex": new},
        action="ChangeConfiguration",
        answer=ACCEPTED,
        wanted={"key": "AuthorizationKey", "value": ANY},
    )
    same(told.request["value"].lower(), new, "the bytes that the station is told, in hexadecimal")
    await station.reconnect(bench.dial(offered=("ocpp1.6",), password=bytes.fromhex(new)))
    await station.boot()
    stranger = await bench.station16(password=old, connect=False)
    same(status_of(await stranger.refused()), 401, "the status of a handshake with the old password")
    settings = (await bench.kept("configuration"))["settings"]
    same([each["value"] for each in settings if each["value"] == new], [], "the settings that show the password")


async def _booted(bench: Bench) -> Station16:
    station = await bench.station16()
    await station.boot()
    return station


async def _install(bench: Bench, station: Station16, kind: str, certificate: str, status: str) -> None:
    asked = {"certificateType": kind, "certificate": certificate}
    outcome = "Accepted" if status == "Accepted" else "Rejected"
    told = await bench.commanded(
        station, "InstallCertificate", asked, answer={"status": status}, outcome=outcome, wanted=asked
    )
    holds(told.ended, {"payload.status": status}, "what the operator is told")


async def _listed(bench: Bench, station: Station16, kind: str, *ids: dict[str, Any]) -> None:
    """The operator asks which certificates of a kind there are, and is told `ids`."""
    asked = {"certificateType": kind}
    answer = {"status": "Accepted", "certificateHashData": list(ids)}
    told = await bench.commanded(station, "GetInstalledCertificateIds", asked, answer=answer, wanted=asked)
    same(told.ended["payload"]["certificateHashData"], list(ids), "the ids that the operator gets")
    same([each["hash"] for each in await _kept(bench, kind)], list(ids), "the ids that are kept")


async def _kept(bench: Bench, kind: str) -> list[dict[str, Any]]:
    certificates: list[dict[str, Any]] = (await bench.kept("certificates"))["certificates"]
    return [each for each in certificates if each["use"] == USES[kind]]


async def _event(station: Station16, kind: str) -> None:
    await station.call("SecurityEventNotification", {"type": kind, "timestamp": stamp()})


async def _install_and_list(bench: Bench, kind: str) -> None:
    station = await _booted(bench)
    root = pki.root(f"Root of {bench.identity}")
    await _install(bench, station, kind, pki.pem(root), "Accepted")
    await _listed(bench, station, kind, pki.hash_data(root))


@case("TC_075_1_CSMS", sample=True)
async def install_manufacturer_root(bench: Bench) -> None:
    """A manufacturer root goes out as given and is accepted; asked for that kind, the station tells its id."""
    await _install_and_list(bench, MANUFACTURER)


@case("TC_075_2_CSMS")
async def install_central_system_root(bench: Bench) -> None:
    """A central system root goes out as given and is accepted; asked for that kind, the station tells its id."""
    await _install_and_list(bench, CENTRAL)


@case("TC_076_CSMS")
async def delete_certificate(bench: Bench) -> None:
    """The installed root is listed, then deleted by exactly the id that its station computed."""
    station = await _booted(bench)
    root = pki.root(f"Root of {bench.identity}")
    await _install(bench, station, CENTRAL, pki.pem(root), "Accepted")
    await _listed(bench, station, CENTRAL, pki.hash_data(root))
    asked = {"certificateHashData": pki.hash_data(root)}
    await bench.commanded(station, "DeleteCertificate", asked, answer={"status": "Accepted"}, wanted=asked)
    same(await _kept(bench, CENTRAL), [], "the certificates that are kept")


async def _renewal(bench: Bench, station: Station16, key: pki.Key, answer: str) -> str:
    """The operator asks for a new certificate, the station for its signature; the chain that it is sent."""
    body = {"message": "sign_certificate"}
    wanted = {"requestedMessage": "SignChargePointCertificate", "connectorId": ABSENT}
    await bench.operated(station, "/trigger", body, action="ExtendedTriggerMessage", answer=ACCEPTED, wanted=wanted)
    request = {"csr": pki.signing_request(key, bench.identity)}
    await station.call("SignCertificate", request, wanted={"status": "Accepted"})
    signed = await station.expect("CertificateSigned", {"status": answer})
    certificate = pki.chain(signed["certificateChain"])[0]
    same(pki.same_key(certificate, key), True, "a certificate for the station's key")
    same(pki.common_name(certificate), bench.identity, "whom the certificate is for")
    return str(signed["certificateChain"])


@case("TC_074_CSMS")
async def renew_certificate(bench: Bench) -> None:
    """A renewed certificate is for the station's key and name, and with it the station gets in anew."""
    bench.identity = await bench.register("C", security_profile=3)
    first = pki.client(bench.system.tls.stations_root, bench.identity)
    station = await bench.station16(tls=bench.system.tls.context(first))
    await station.boot()
    key = pki.new_key()
    renewed = pki.Identity(pki.chain(await _renewal(bench, station, key, "Accepted"))[0], key)
    await station.reconnect(bench.dial(offered=("ocpp1.6",), tls=bench.system.tls.context(renewed)))
    await station.boot()


@case("TC_077_CSMS")
async def invalid_station_certificate(bench: Bench) -> None:
    """The certificate is renewed on request; the station rejects what was signed, and its security event is taken."""
    station = await _booted(bench)
    await _renewal(bench, station, pki.new_key(), "Rejected")
    await _event(station, "InvalidChargePointCertificate")


@case("TC_078_CSMS")
async def invalid_central_system_certificate(bench: Bench) -> None:
    """The station rejects a root; that is told to the operator, and the security event is taken."""
    station = await _booted(bench)
    await _install(bench, station, CENTRAL, pki.pem(pki.root(f"Root of {bench.identity}")), "Rejected")
    same(await _kept(bench, CENTRAL), [], "the certificates that are kept")
    await _event(station, "InvalidCentralSystemCertificate")


@case("TC_079_CSMS")
async def security_log(bench: Bench) -> None:
    """The security log is asked for, to the location given; Uploading and Uploaded are taken."""
    station = await _booted(bench)
    body = {"log": "security", "location": LOG}
    wanted = {"logType": "SecurityLog", "log.remoteLocation": LOG}
    answer = {"status": "Accepted", "filename": "security.log"}
    told = await bench.operated(station, "/logs", body, action="GetLog", answer=answer, wanted=wanted)
    for status in ("Uploading", "Uploaded"):
        await station.call("LogStatusNotification", {"status": status, "requestId": told.request["requestId"]})
    await job_ended(bench, told, "log", "done", "Uploading", "Uploaded")


async def _update(bench: Bench, station: Station16, signature: str) -> Commanded:
    certificate = pki.pem(pki.root("A manufacturer"))
    return await bench.operated(
        station,
        "/firmware",
        {"location": FIRMWARE, "certificate": certificate, "signature": signature},
        action="SignedUpdateFirmware",
        answer=ACCEPTED,
        wanted={
            "firmware.location": FIRMWARE,
            "firmware.signingCertificate": certificate,
            "firmware.signature": signature,
        },
    )


async def _progress(station: Station16, told: Commanded, *states: str) -> None:
    for state in states:
        said = {"status": state, "requestId": told.request["requestId"]}
        await station.call("SignedFirmwareStatusNotification", said)


@case("TC_080_CSMS")
async def signed_firmware(bench: Bench) -> None:
    """Location, signature and certificate go out as given; all that the station then says is taken until Installed."""
    station = await _booted(bench)
    told = await _update(bench, station, "c2lnbmF0dXJl")
    await _progress(station, told, "Downloading", "Downloaded", "SignatureVerified")
    await station.status("Unavailable")
    await _progress(station, told, "Installing", "InstallRebooting")
    await station.reconnect()
    await station.boot_notification(firmwareVersion="1.1")
    await _event(station, "FirmwareUpdated")
    await station.report_all("Available")
    await _progress(station, told, "Installed")
    await bench.reached("the new version known", lambda state: state["boot"]["firmware"] == "1.1")
    steps = ("Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", "Installed")
    await job_ended(bench, told, "firmware", "done", *steps)


@case("TC_081_CSMS")
async def invalid_signature(bench: Bench) -> None:
    """Downloading, Downloaded and InvalidSignature are taken."""
    station = await _booted(bench)
    told = await _update(bench, station, "bm8gc2lnbmF0dXJl")
    await _progress(station, told, "Downloading", "Downloaded", "InvalidSignature")
    await job_ended(bench, told, "firmware", "failed", "Downloading", "Downloaded", "InvalidSignature")
