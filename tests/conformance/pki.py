"""Certificates as a station has them: a key with its signing request, roots to install, and the ids of certificates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ORGANISATION = "Raycharge"


def new_key() -> ec.EllipticCurvePrivateKey:
    """A key as the security whitepaper wants it."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """The key, not encrypted."""
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def name(common: str, organisation: str = ORGANISATION) -> x509.Name:
    """A subject of common name and organisation."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
    )


def signing_request(key: ec.EllipticCurvePrivateKey, common: str, organisation: str = ORGANISATION) -> str:
    """A PKCS #10 request in PEM."""
    request = (
        x509.CertificateSigningRequestBuilder().subject_name(name(common, organisation)).sign(key, hashes.SHA256())
    )
    return request.public_bytes(serialization.Encoding.PEM).decode()


def root(common: str, key: ec.EllipticCurvePrivateKey | None = None) -> x509.Certificate:
    """A root certificate that signed itself."""
    key = key or new_key()
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(name(common))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def pem(certificate: x509.Certificate) -> str:
    """A certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def chain(text: str) -> list[x509.Certificate]:
    """The certificates of a PEM chain, the station's own first."""
    return x509.load_pem_x509_certificates(text.encode())


def hash_data(certificate: x509.Certificate, issuer: x509.Certificate | None = None) -> dict[str, Any]:
    """A certificate's id (CertificateHashDataType), by SHA-256. A root is its own issuer."""
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": _sha256(certificate.issuer.public_bytes()),
        "issuerKeyHash": _sha256(_bits((issuer or certificate).public_key())),
        "serialNumber": f"{certificate.serial_number:x}",
    }


def same_key(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bool:
    """Whether a certificate is for this key."""
    return _bits(certificate.public_key()) == _bits(key.public_key())


def _bits(key: Any) -> bytes:
    """The public key without its header: what is inside subjectPublicKey."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    der: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return der


def _sha256(data: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize().hex()
