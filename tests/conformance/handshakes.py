"""Handshakes as cases look at them: refused ones, and TLS with each suite that the security profiles demand."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conformance import pki
from tests.conformance.bench import Bench
from tests.conformance.pki import Identity
from tests.conformance.station import Station
from tests.conformance.tls_material import HOST
from tests.conformance.verdict import CaseFailed, holds, same

S = TypeVar("S", bound=Station)

SUITES = {
    # The names of RFC 5289 and 5288 in OpenSSL's words, and whether they are static RSA, which has a port of its own.
    "ECDHE-ECDSA-AES128-GCM-SHA256": False,
    "ECDHE-ECDSA-AES256-GCM-SHA384": False,
    "AES128-GCM-SHA256": True,
    "AES256-GCM-SHA384": True,
}


def status_of(refusal: Exception) -> int | None:
    """The HTTP status of a refused handshake; None where it did not come so far."""
    found: int | None = getattr(getattr(refusal, "response", None), "status_code", None)
    return found


async def with_each_suite(
    bench: Bench,
    made: Callable[..., Awaitable[S]],
    *,
    identity: Identity | None = None,
    password: str | None = None,
) -> AsyncIterator[S]:
    """A station connected by TLS 1.2 with each of the demanded suites, then one by TLS 1.3.

    `made` is `bench.station16` or `bench.station201`.
    """
    twelve = ssl.TLSVersion.TLSv1_2
    for suite, legacy in SUITES.items():
        context = bench.system.tls.context(identity, highest=twelve, suites=suite)
        station = await made(tls=context, legacy=legacy, password=password)
        same(tls_of(station).cipher()[0], suite, "the suite")
        yield station
        await station.close()
    context = bench.system.tls.context(identity, lowest=ssl.TLSVersion.TLSv1_3)
    station = await made(tls=context, password=password)
    same(tls_of(station).version(), "TLSv1.3", "the version of TLS")
    yield station
    await station.close()


def judge_certificate(station: Station) -> None:
    """Key length, serial number and name of the gateway's certificate."""
    certificate = x509.load_der_x509_certificate(tls_of(station).getpeercert(True) or b"")
    key = certificate.public_key()
    least = 2048 if isinstance(key, rsa.RSAPublicKey) else 224
    about = {
        "bits": getattr(key, "key_size", 0),
        "serial": certificate.serial_number,
        "name": pki.common_name(certificate),
    }
    wanted = {"bits": lambda bits: bits >= least, "serial": lambda serial: serial > 0, "name": HOST}
    holds(about, wanted, "the gateway's certificate")


def tls_of(station: Station) -> ssl.SSLObject:
    found = None if station.socket is None else station.socket.transport.get_extra_info("ssl_object")
    if not isinstance(found, ssl.SSLObject):
        raise CaseFailed(f"{station.identity} is not connected by TLS")
    return found
