"""Certificates for the gateway's tests: authorities, stations' certificates right and wrong, and files of both."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.clock import SECOND, SystemClock
from engine.security.authority import Authority, PrivateKey, Revoked, certificate_pem, key_pem, new_key
from engine.security.certificates import serial_text
from engine.security.local_authority import write_private, write_whole

OPERATOR = "Operator"
DAY = 86_400 * SECOND


def authority(algorithm: str = "ecdsa", organisation: str = OPERATOR) -> Authority:
    """One root of each kind and name for all tests."""
    return _authority(algorithm, organisation)


@cache
def _authority(algorithm: str, organisation: str) -> Authority:
    return Authority.create(algorithm, organisation, SystemClock().now(), 30)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return certificate_pem(self.certificate) + key_pem(self.key)


def server(algorithm: str, host: str = "localhost", issuer: Authority | None = None) -> Identity:
    """A gateway's certificate."""
    key = new_key(algorithm)
    root = issuer or authority(algorithm)
    return Identity(root.sign_server([host], OPERATOR, key.public_key(), SystemClock().now(), 30), key)


def station(
    name: str = "CP-1",
    *,
    organisation: str = OPERATOR,
    algorithm: str = "ecdsa",
    issuer: Authority | None = None,
    key: PrivateKey | None = None,
    valid: tuple[int, int] = (-1, 30),
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
) -> Identity:
    """A station's certificate, valid from and until so many days from now."""
    root = issuer or authority(algorithm)
    own = key or new_key(algorithm)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(
            x509.Name(
                [
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
                    x509.NameAttribute(NameOID.COMMON_NAME, name),
                ]
            )
        )
        .issuer_name(root.certificate.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=valid[0]))
        .not_valid_after(now + timedelta(days=valid[1]))
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .sign(root.key, hashes.SHA256())
    )
    return Identity(certificate, own)


def weak_keys() -> list[PrivateKey]:
    """Keys of less than 112 bits of security."""
    return [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP192R1())]


def revocation_list(*identities: Identity, issuer: Authority | None = None) -> bytes:
    """A list that names these certificates."""
    now = SystemClock().now()
    void = [Revoked(serial_text(each.certificate.serial_number), now, "keyCompromise") for each in identities]
    return (issuer or authority()).revocation_list(void, now, 7)


@cache
def _standing(algorithm: str) -> Identity:
    return server(algorithm)


def stock(folder: Path, *algorithms: str) -> None:
    """Fill a TLS folder: the gateway's certificates, and our roots as authorities of stations' certificates."""
    for algorithm in algorithms or ("ecdsa", "rsa"):
        write_private(folder / f"server-{algorithm}.pem", _standing(algorithm).pem)
    roots = b"".join(certificate_pem(authority(algorithm).certificate) for algorithm in ("ecdsa", "rsa"))
    write_whole(folder / "clients" / "roots.pem", roots)


def client_context(folder: Path, identity: Identity | None = None, **versions: ssl.TLSVersion) -> ssl.SSLContext:
    """A station's side of TLS: it trusts our roots, and shows its certificate if it has one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for algorithm in ("ecdsa", "rsa"):
        context.load_verify_locations(cadata=certificate_pem(authority(algorithm).certificate).decode())
    context.minimum_version = versions.get("least", ssl.TLSVersion.TLSv1_2)
    context.maximum_version = versions.get("most", ssl.TLSVersion.TLSv1_3)
    if identity is not None:
        path = folder / f"station-{serial_text(identity.certificate.serial_number)}.pem"
        write_private(path, identity.pem)
        context.load_cert_chain(path)
    return context
