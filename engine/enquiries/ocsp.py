"""OCSP for stations (2.0.1 M06; 2.1 also for whole chains): is a certificate of a known issuer still good?

Only responders on the operator's list are asked, and only about certificates of issuers that the operator trusts: a
station's word alone makes us call nobody. What a responder says counts if the issuer, or somebody the issuer appointed
for this, signed it. Answers are remembered as long as they say they hold.
"""

from __future__ import annotations

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from engine.clock import SECOND, Clock, SystemClock, to_iso
from engine.enquiries.port import Content, Unanswered
from engine.errors import Unavailable

MAX_RESPONSE = 64 * 1024
MAX_REMEMBERED = 1000
_LEEWAY = timedelta(minutes=5)
_FRESH = timedelta(hours=1)
"""How long an answer is taken to hold that does not say."""

_ALGORITHMS: Mapping[str, type[hashes.HashAlgorithm]] = {
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}
_TYPE = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
_STATUSES = {
    ocsp.OCSPCertStatus.GOOD: "Good",
    ocsp.OCSPCertStatus.REVOKED: "Revoked",
    ocsp.OCSPCertStatus.UNKNOWN: "Unknown",
}

Key = tuple[str, str, str, str]


class Ocsp:
    """Asks responders on `hosts` about certificates that one of `issuers` signed."""

    def __init__(
        self,
        issuers: Iterable[x509.Certificate],
        hosts: Iterable[str],
        *,
        client: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.issuers = tuple(issuers)
        """The certificates of those who are trusted."""
        self._hosts = frozenset(host.lower() for host in hosts)
        self._client = client or httpx.AsyncClient(timeout=httpx.Timeout(10.0))
        self._clock = clock or SystemClock()
        self._remembered: OrderedDict[Key, ocsp.OCSPResponse] = OrderedDict()

    async def status(
        self, asked: Mapping[str, Any], url: str, issuer: x509.Certificate | None = None
    ) -> ocsp.OCSPResponse:
        """The responder's word about a certificate by its hash data. Raises Unanswered, Unavailable.

        `issuer` is one whose chain to a trusted one was checked; without it, the issuer has to be trusted itself.
        """
        key = _key(asked)
        known = self._remembered.get(key)
        if known is not None and self._holds(known):
            return known
        issuer = issuer or self._issuer(key)
        try:
            serial = int(key[3], 16)
            builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
                bytes.fromhex(key[1]), bytes.fromhex(key[2]), serial, _ALGORITHMS[key[0]]()
            )
            body = builder.build().public_bytes(Encoding.DER)
        except ValueError as error:
            raise Unanswered(f"The hash data of the certificate cannot be used: {error}") from error
        response = await self._ask(self._checked_url(url), body)
        self._check(response, issuer, serial)
        self._remembered[key] = response
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return response

    def _issuer(self, key: Key) -> x509.Certificate:
        for issuer in self.issuers:
            named = ocsp.OCSPRequestBuilder().add_certificate(issuer, issuer, _ALGORITHMS[key[0]]()).build()
            if (named.issuer_name_hash.hex(), named.issuer_key_hash.hex()) == (key[1], key[2]):
                return issuer
        raise Unanswered("The certificate's issuer is none of those that are trusted here.")

    def _checked_url(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
        except ValueError as error:
            raise Unanswered("The responder's address is none.") from error
        if parts.scheme not in ("http", "https") or host not in self._hosts or parts.username is not None:
            raise Unanswered(f"The responder {host[:100] or url[:100]} is not on the list of those that may be asked.")
        return url

    async def _ask(self, url: str, body: bytes) -> ocsp.OCSPResponse:
        try:
            async with self._client.stream("POST", url, content=body, headers=_TYPE) as answer:
                data = b""
                async for some in answer.aiter_bytes():
                    data += some
                    if len(data) > MAX_RESPONSE:
                        raise Unanswered("The responder's answer is too long.")
            if answer.status_code != httpx.codes.OK:
                raise Unanswered(f"The responder answered {answer.status_code}.")
            return ocsp.load_der_ocsp_response(data)
        except httpx.HTTPError as error:
            raise Unavailable(f"The OCSP responder does not answer: {error!r}") from error
        except ValueError as error:
            raise Unanswered("What the responder said is no OCSP response.") from error

    def _check(self, response: ocsp.OCSPResponse, issuer: x509.Certificate, serial: int) -> None:
        if response.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Unanswered(f"The responder said {response.response_status.name}.")
        if response.serial_number != serial:
            raise Unanswered("The responder spoke of another certificate.")
        if not any(_signed(response, signer) for signer in self._signers(response, issuer)):
            raise Unanswered("The responder's answer is signed by nobody whom the issuer appointed.")
        if not self._holds(response):
            raise Unanswered("The responder's answer is past its time.")

    def _signers(self, response: ocsp.OCSPResponse, issuer: x509.Certificate) -> Iterable[x509.Certificate]:
        """The issuer, and those in the answer whom it appointed to sign for it (RFC 6960, 4.2.2.2)."""
        yield issuer
        now = self.now()
        for certificate in response.certificates:
            try:
                certificate.verify_directly_issued_by(issuer)
                usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
                continue
            in_time = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
            if in_time and ExtendedKeyUsageOID.OCSP_SIGNING in usage:
                yield certificate

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now() / SECOND, UTC)

    def _holds(self, response: ocsp.OCSPResponse) -> bool:
        return response.this_update_utc - _LEEWAY <= self.now() <= until(response) + _LEEWAY

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()


def until(response: ocsp.OCSPResponse) -> datetime:
    """Until when an answer holds."""
    return response.next_update_utc or response.this_update_utc + _FRESH


def _key(asked: Mapping[str, Any]) -> Key:
    algorithm = str(asked["hashAlgorithm"])
    if algorithm not in _ALGORITHMS:
        raise Unanswered(f"The hash algorithm {algorithm[:20]} is not known.")
    names = ("issuerNameHash", "issuerKeyHash", "serialNumber")
    name, key, serial = (str(asked[field]).lower() for field in names)
    return algorithm, name, key, serial


def _signed(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), response.signature_hash_algorithm
    signed = response.signature, response.tbs_response_bytes
    try:
        if algorithm is None:
            return False
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(*signed, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(*signed, ec.ECDSA(algorithm))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


class CertificateStatus:
    """GetCertificateStatus: the responder's answer itself, for the station to hand to the EV or to check."""

    def __init__(self, ocsp_of: Ocsp) -> None:
        self._ocsp = ocsp_of

    async def answer(self, charge_point: str, content: Content) -> Content:
        asked = content["ocspRequestData"]
        response = await self._ocsp.status(asked, str(asked["responderURL"]))
        return {"status": "Accepted", "ocspResult": base64.b64encode(response.public_bytes(Encoding.DER)).decode()}

    async def aclose(self) -> None:
        await self._ocsp.aclose()


class ChainStatus:
    """GetCertificateChainStatus (2.1): what becomes of each certificate. Revocation lists are not read for stations."""

    def __init__(self, ocsp_of: Ocsp) -> None:
        self._ocsp = ocsp_of

    async def answer(self, charge_point: str, content: Content) -> Content:
        asked = content["certificateStatusRequests"]
        return {"certificateStatus": await asyncio.gather(*(self._one(one) for one in asked))}

    async def _one(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        status, next_update = "Failed", self._ocsp.now()
        for url in asked["urls"] if asked["source"] == "OCSP" else ():
            try:
                response = await self._ocsp.status(asked["certificateHashData"], str(url))
            except (Unanswered, Unavailable):
                continue
            status, next_update = _STATUSES[response.certificate_status], until(response)
            break
        told = {"certificateHashData": asked["certificateHashData"], "source": asked["source"], "status": status}
        return told | {"nextUpdate": to_iso(int(next_update.timestamp() * SECOND))}

    async def aclose(self) -> None:
        await self._ocsp.aclose()


def read_issuers(folder: Path) -> list[x509.Certificate]:
    """The certificates in all PEM files of a folder. Raises ValueError for a file that holds none."""
    return [
        certificate
        for path in sorted(folder.glob("*.pem"))
        for certificate in x509.load_pem_x509_certificates(path.read_bytes())
    ]
