"""Certificates as stations and their operators have them: keys, signing requests, authorities, and ids.

Made here and not by the product's own authority, so that what the product accepts and refuses has a judge of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

ORGANISATION = "Raycharge"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_key(kind: str = "ecdsa") -> Key:
    """A key as the security whitepaper wants it: P-256, or RSA of 2048 bits."""
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> str:
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


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        """The certificate, then the key."""
        return pem(self.certificate) + key_pem(self.key)


def authority(common: str, kind: str = "ecdsa") -> Identity:
    """A root that signed itself."""
    key = new_key(kind)
    usage = _usage(signs=True)
    extensions = [(x509.BasicConstraints(ca=True, path_length=None), True), (usage, True)]
    return Identity(_signed(name(common), key, name(common), key, timedelta(days=365), extensions), key)


def root(common: str) -> x509.Certificate:
    """The certificate of a new root."""
    return authority(common).certificate


def sub_authority(issuer: Identity, common: str) -> Identity:
    """An authority that another one signed."""
    key = new_key()
    extensions = [(x509.BasicConstraints(ca=True, path_length=None), True), (_usage(signs=True), True)]
    subject = issuer.certificate.subject
    return Identity(_signed(name(common), key, subject, issuer.key, timedelta(days=90), extensions), key)


def server(issuer: Identity, host: str, kind: str = "ecdsa") -> Identity:
    """A gateway's certificate for a host name."""
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    key = new_key(kind)
    extensions = [(names, False), (purpose, False), (_usage(enciphers=kind == "rsa"), True)]
    subject = issuer.certificate.subject
    return Identity(_signed(name(host), key, subject, issuer.key, timedelta(days=30), extensions), key)


def client(
    issuer: Identity,
    common: str,
    *,
    organisation: str = ORGANISATION,
    valid_for: timedelta = timedelta(days=30),
    kind: str = "ecdsa",
) -> Identity:
    """A station's certificate; with a negative `valid_for` it has expired."""
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    key = new_key(kind)
    extensions = [(purpose, False), (_usage(), True)]
    subject = issuer.certificate.subject
    return Identity(_signed(name(common, organisation), key, subject, issuer.key, valid_for, extensions), key)


def contract(issuer: Identity, emaid: str, responder: str) -> Identity:
    """A contract certificate of ISO 15118 for an eMAID, with the address of the OCSP responder."""
    location = x509.UniformResourceIdentifier(responder)
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)
    key = new_key()
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(), True),
        (x509.AuthorityInformationAccess([access]), False),
    ]
    subject = issuer.certificate.subject
    return Identity(_signed(name(emaid), key, subject, issuer.key, timedelta(days=30), extensions), key)


def signing_request(key: Key, common: str, organisation: str = ORGANISATION) -> str:
    """A PKCS #10 request in PEM."""
    request = (
        x509.CertificateSigningRequestBuilder().subject_name(name(common, organisation)).sign(key, hashes.SHA256())
    )
    return request.public_bytes(serialization.Encoding.PEM).decode()


def pem(certificate: x509.Certificate) -> str:
    """A certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def chain(text: str) -> list[x509.Certificate]:
    """The certificates of a PEM chain, the station's own first."""
    return x509.load_pem_x509_certificates(text.encode())


def common_name(certificate: x509.Certificate) -> str:
    """Whom a certificate is for."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def same_key(certificate: x509.Certificate, key: Key) -> bool:
    """Whether a certificate is for this key."""
    return _bits(certificate.public_key()) == _bits(key.public_key())


_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}


def hash_data(
    certificate: x509.Certificate, issuer: x509.Certificate | None = None, algorithm: str = "SHA256"
) -> dict[str, Any]:
    """A certificate's id (CertificateHashDataType). A root is its own issuer."""
    return {
        "hashAlgorithm": algorithm,
        "issuerNameHash": _hash(certificate.issuer.public_bytes(), algorithm),
        "issuerKeyHash": _hash(_bits((issuer or certificate).public_key()), algorithm),
        "serialNumber": f"{certificate.serial_number:x}",
    }


def _signed(
    subject: x509.Name,
    key: Key,
    issuer: x509.Name,
    issuer_key: Key,
    valid_for: timedelta,
    extensions: list[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, now + valid_for) - timedelta(days=1))
        .not_valid_after(now + valid_for)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(*, signs: bool = False, enciphers: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=enciphers,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _bits(key: Any) -> bytes:
    """The public key without its header: what is inside subjectPublicKey."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    der: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return der


def _hash(data: bytes, algorithm: str) -> str:
    digest = hashes.Hash(_HASHES[algorithm]())
    digest.update(data)
    return digest.finalize().hex()
