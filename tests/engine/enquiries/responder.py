"""An issuer, certificates of it, and an OCSP responder that answers over HTTP as the test wants it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.clock import SECOND

AT = 1_767_225_600 * SECOND
NOW = datetime.fromtimestamp(AT / SECOND, UTC)
URL = "http://ocsp.example/status"


class Party:
    """A key with a certificate."""

    def __init__(self, name: str, issuer: Party | None = None, *, for_ocsp: bool = False) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = issuer or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.certificate.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=365))
        )
        if for_ocsp:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        self.certificate = builder.sign(signer.key, hashes.SHA256())


ROOT = Party("Root")
LEAF = Party("Leaf", ROOT)
APPOINTED = Party("Responder", ROOT, for_ocsp=True)
STRANGER = Party("Responder", None, for_ocsp=True)


def hash_data(certificate: x509.Certificate = LEAF.certificate, issuer: Party = ROOT, **changes: str) -> dict[str, str]:
    """OCSPRequestDataType without the responder."""
    named = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer.certificate, hashes.SHA256()).build()
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": named.issuer_name_hash.hex().upper(),
        "issuerKeyHash": named.issuer_key_hash.hex(),
        "serialNumber": f"{certificate.serial_number:x}",
        **changes,
    }


class Responder:
    """Answers OCSP requests; `asked` counts them."""

    def __init__(
        self,
        signer: Party = ROOT,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        about: Party = LEAF,
        *,
        age: timedelta = timedelta(0),
        lasts: timedelta = timedelta(hours=1),
    ) -> None:
        self.signer, self.status, self.about, self.age, self.lasts = signer, status, about, age, lasts
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        asked = ocsp.load_der_ocsp_request(request.content)
        assert asked.serial_number == LEAF.certificate.serial_number
        revoked = self.status == ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self.about.certificate,
            issuer=ROOT.certificate,
            algorithm=hashes.SHA256(),
            cert_status=self.status,
            this_update=NOW - self.age,
            next_update=NOW - self.age + self.lasts,
            revocation_time=NOW if revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.signer.certificate)
        if self.signer is not ROOT:
            builder = builder.certificates([self.signer.certificate])
        signed = builder.sign(self.signer.key, hashes.SHA256())
        return httpx.Response(200, content=signed.public_bytes(Encoding.DER))


def client(answer: Callable[[httpx.Request], httpx.Response]) -> Any:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))
