"""Security: how a station gets in, by password, by certificate, and in which version."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from secrets import token_urlsafe

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conformance import pki
from tests.conformance.bench import Bench
from tests.conformance.pki import Identity
from tests.conformance.registry import case
from tests.conformance.station import PATIENCE_S, Station
from tests.conformance.station16 import Station16
from tests.conformance.tls_material import HOST
from tests.conformance.verdict import CaseFailed, holds, same

SUITES = {
    # The names of RFC 5289 and 5288 in OpenSSL's words, and whether they are static RSA, which has a port of its own.
    "ECDHE-ECDSA-AES128-GCM-SHA256": False,
    "ECDHE-ECDSA-AES256-GCM-SHA384": False,
    "AES128-GCM-SHA256": True,
    "AES256-GCM-SHA384": True,
}


@case("TC_085_CSMS", sample=True)
async def basic_authentication(bench: Bench) -> None:
    """With the right password the station gets in and boots; with another, or with none, it does not."""
    password = token_urlsafe(15)
    bench.identity = await bench.register("P", password=password)
    station = await bench.station16(password=password)
    await station.boot()
    for wrong in (token_urlsafe(15), None):
        stranger = await bench.station16(password=wrong, connect=False)
        same(status_of(await stranger.refused()), 401, "the status of the refused handshake")
    await station.call("Heartbeat")


@case("TC_086_CSMS")
async def server_certificate(bench: Bench) -> None:
    """With each of the demanded suites the gateway shows a good certificate, and the station boots by its password."""
    password = token_urlsafe(15)
    bench.identity = await bench.register("S", password=password, security_profile=2)
    async for station in _with_each_suite(bench, password=password):
        _judge_certificate(station)
        await station.boot()


@case("TC_087_CSMS", sample=True)
async def client_certificate(bench: Bench) -> None:
    """With each of the demanded suites a station boots by its own certificate; without one it is not let in."""
    bench.identity = await bench.register("C", security_profile=3)
    identity = pki.client(bench.system.tls.stations_root, bench.identity)
    async for station in _with_each_suite(bench, identity=identity):
        await station.boot()
    stranger = await bench.station16(tls=bench.system.tls.context(), connect=False)
    await stranger.refused()


@case("TC_083_CSMS")
async def raised_security_profile(bench: Bench) -> None:
    """SecurityProfile is set to 2; the station then gets in over TLS, and no more without it."""
    password = token_urlsafe(15)
    bench.identity = await bench.register("U", password=password, security_profile=1)
    station = await bench.station16(password=password)
    await station.boot()
    asked = {"key": "SecurityProfile", "value": "2"}
    await bench.commanded(station, "ChangeConfiguration", asked, answer={"status": "Accepted"}, wanted=asked)
    context = bench.system.tls.context()
    await station.reconnect(bench.dial(offered=("ocpp1.6",), password=password, tls=context))
    await station.boot()
    lower = await bench.station16(password=password, connect=False)
    same(status_of(await lower.refused()), 401, "the status of a handshake with the lower profile")
    await station.call("Heartbeat")


@case("TC_088_CSMS", sample=True)
async def subprotocol_negotiation(bench: Bench) -> None:
    """ocpp1.6 is chosen where the station prefers it or nothing else is known; nothing unknown is ever chosen."""
    for offered in (("ocpp1.6",), ("ocpp0.1", "ocpp1.6"), ("ocpp1.6", "ocpp2.0.1")):
        station = await bench.station16(offered=offered)
        if station.socket is None or station.socket.subprotocol != "ocpp1.6":
            raise CaseFailed(f"of {', '.join(offered)} the CSMS chose {station.subprotocol}, not ocpp1.6")
        await station.boot()
        await station.close()
    station = await bench.station16(offered=("ocpp0.1", "ocpp0.2"))
    same(station.socket.subprotocol if station.socket else "", None, "what is chosen where nothing is known")
    await station.closed_by_csms(PATIENCE_S)


def status_of(refusal: Exception) -> int | None:
    """The HTTP status of a refused handshake; None where it did not come so far."""
    found: int | None = getattr(getattr(refusal, "response", None), "status_code", None)
    return found


async def _with_each_suite(
    bench: Bench, *, identity: Identity | None = None, password: str | None = None
) -> AsyncIterator[Station16]:
    """A station connected by TLS 1.2 with each of the demanded suites, then one by TLS 1.3."""
    twelve = ssl.TLSVersion.TLSv1_2
    for suite, legacy in SUITES.items():
        context = bench.system.tls.context(identity, highest=twelve, suites=suite)
        station = await bench.station16(tls=context, legacy=legacy, password=password)
        same(_tls(station).cipher()[0], suite, "the suite")
        yield station
        await station.close()
    context = bench.system.tls.context(identity, lowest=ssl.TLSVersion.TLSv1_3)
    station = await bench.station16(tls=context, password=password)
    same(_tls(station).version(), "TLSv1.3", "the version of TLS")
    yield station
    await station.close()


def _judge_certificate(station: Station) -> None:
    """Key length, serial number and name of the gateway's certificate."""
    certificate = x509.load_der_x509_certificate(_tls(station).getpeercert(True) or b"")
    key = certificate.public_key()
    least = 2048 if isinstance(key, rsa.RSAPublicKey) else 224
    about = {
        "bits": getattr(key, "key_size", 0),
        "serial": certificate.serial_number,
        "name": pki.common_name(certificate),
    }
    wanted = {"bits": lambda bits: bits >= least, "serial": lambda serial: serial > 0, "name": HOST}
    holds(about, wanted, "the gateway's certificate")


def _tls(station: Station) -> ssl.SSLObject:
    found = None if station.socket is None else station.socket.transport.get_extra_info("ssl_object")
    if not isinstance(found, ssl.SSLObject):
        raise CaseFailed(f"{station.identity} is not connected by TLS")
    return found
