"""One certificate authority: a key, its own certificate, and what it signs. Files, books and clocks are others'.

Stations with RSA only cannot verify ECDSA and the other way round, so an installation has one of each
(`local_authority.py`); each signs for keys of its own kind. Signatures are RSA-PSS or ECDSA with SHA-256 (A00.FR.505).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.errors import ConfigurationError
from engine.security.certificates import moment
from engine.security.requests import STATION, CheckedRequest

RSA, ECDSA = "rsa", "ecdsa"
ALGORITHMS = (ECDSA, RSA)
_ROOT_RSA_BITS, _RSA_BITS = 3072, 2048
_BACKDATED = timedelta(minutes=5)
"""Stations' clocks go wrong: a certificate is valid from a little before it was made."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)


class Revoked(NamedTuple):
    """A certificate that is void before its time. `at` in microseconds."""

    serial_number: str
    at: int
    reason: str


def new_key(algorithm: str, *, root: bool = False) -> PrivateKey:
    """A fresh private key: P-256, or RSA of 2048 bits (3072 for a root, which lives longer)."""
    if algorithm == ECDSA:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, _ROOT_RSA_BITS if root else _RSA_BITS)


def algorithm_of(key: object) -> str:
    """Which of our authorities signs for a key of this kind."""
    return RSA if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey) else ECDSA


def key_pem(key: PrivateKey) -> bytes:
    """A private key as text. It belongs into a file of mode 0600."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """A certificate as text (A00.FR.507)."""
    return certificate.public_bytes(serialization.Encoding.PEM)


class Authority:
    """A root that signs servers' and stations' certificates."""

    def __init__(self, key: PrivateKey, certificate: x509.Certificate) -> None:
        self.key, self.certificate = key, certificate

    @classmethod
    def create(cls, algorithm: str, organisation: str, now: int, days: int) -> Authority:
        """A new root of its own."""
        key = new_key(algorithm, root=True)
        name = _name(f"{organisation} root ({algorithm.upper()})", organisation)
        builder = (
            _builder(name, name, key.public_key(), now, days)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        return cls(key, _signed(builder, key))

    @classmethod
    def load(cls, key: bytes, certificate: bytes) -> Authority:
        """From the text of both. Raises ConfigurationError if they do not belong together or cannot be read."""
        try:
            private = serialization.load_pem_private_key(key, None)
            public = x509.load_pem_x509_certificate(certificate)
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"The authority's key or certificate cannot be read: {error}") from error
        if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ConfigurationError("The authority's key is neither RSA nor ECDSA.")
        if private.public_key() != public.public_key():
            raise ConfigurationError("The authority's key and certificate do not belong together.")
        return cls(private, public)

    @property
    def issuer(self) -> str:
        """Its name as the books keep it."""
        return self.certificate.subject.rfc4514_string()

    def sign_station(self, request: CheckedRequest, kind: str, now: int, days: int) -> x509.Certificate:
        """A station's certificate: to be a TLS client here, or (V2G) a TLS server to the vehicle."""
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if kind == STATION else ExtendedKeyUsageOID.SERVER_AUTH
        return self._sign(_name(request.common_name, request.organisation), request.key, [purpose], now, days)

    def sign_server(
        self, hosts: Sequence[str], organisation: str, key: CertificatePublicKeyTypes, now: int, days: int
    ) -> x509.Certificate:
        """The gateway's certificate. The first host is its common name (A00.FR.510), all are alternative names."""
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        subject = _name(hosts[0], organisation)
        return self._sign(subject, key, [ExtendedKeyUsageOID.SERVER_AUTH], now, days, names)

    def revocation_list(self, revoked: Iterable[Revoked], now: int, days: int) -> bytes:
        """The signed list of what is void, as PEM (RFC 5280, section 5)."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(moment(now))
            .next_update(moment(now) + timedelta(days=days))
            .add_extension(x509.CRLNumber(now), critical=False)
            .add_extension(self._key_identifier(), critical=False)
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder(int(one.serial_number, 16), moment(one.at))
            if one.reason in _REASONS:
                entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(one.reason)), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        pss = _PSS if isinstance(self.key, rsa.RSAPrivateKey) else None
        signed = builder.sign(self.key, hashes.SHA256(), rsa_padding=pss)
        return signed.public_bytes(serialization.Encoding.PEM)

    def _sign(
        self,
        subject: x509.Name,
        key: CertificatePublicKeyTypes,
        purposes: list[x509.ObjectIdentifier],
        now: int,
        days: int,
        names: x509.SubjectAlternativeName | None = None,
    ) -> x509.Certificate:
        builder = (
            _builder(subject, self.certificate.subject, key, now, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False, rsa_key=algorithm_of(key) == RSA), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(self._key_identifier(), critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return _signed(builder, self.key)

    def _key_identifier(self) -> x509.AuthorityKeyIdentifier:
        own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


_REASONS = {flag.value for flag in x509.ReasonFlags}


def _name(common_name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, now: int, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment(now) - _BACKDATED)
        .not_valid_after(moment(now) + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool, rsa_key: bool = False) -> x509.KeyUsage:
    """A00.FR.512: a key is for what it is used for. Static RSA suites encipher the key with the server's."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=rsa_key,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(builder: x509.CertificateBuilder, key: PrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256(), rsa_padding=_PSS if isinstance(key, rsa.RSAPrivateKey) else None)
