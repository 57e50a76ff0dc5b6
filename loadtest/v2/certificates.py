"""Certificates of a simulated 2.x station (2.0.1 blocks A and M): installed, listed, deleted; its own asked for.

`cryptography` is asked for only by a station that is told to do something with a certificate.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from loadtest.outbox import Call
from loadtest.speech import Answer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from loadtest.v2.speech import Speech2

_LISTED_AS = {
    "V2GRootCertificate": "V2GRootCertificate",
    "MORootCertificate": "MORootCertificate",
    "CSMSRootCertificate": "CSMSRootCertificate",
    "ManufacturerRootCertificate": "ManufacturerRootCertificate",
    "OEMRootCertificate": "OEMRootCertificate",
}
"""InstallCertificateUseEnumType → GetCertificateIdUseEnumType."""


class Certificates:
    """Root certificates by what they are for, the key of the station's own, and its chain."""

    def __init__(self) -> None:
        self.installed: list[tuple[str, dict[str, str]]] = []
        self.key: EllipticCurvePrivateKey | None = None
        self.chain = ""

    def install(self, use: str, pem: str) -> str:
        """InstallCertificate: the answer's status."""
        hashed = certificate_hash(pem)
        if hashed is None or use not in _LISTED_AS:
            return "Rejected"
        entry = (_LISTED_AS[use], hashed)
        if entry not in self.installed:
            self.installed.append(entry)
        return "Accepted"

    def delete(self, hashed: dict[str, str]) -> str:
        """DeleteCertificate: the answer's status."""
        kept = [entry for entry in self.installed if not _same(entry[1], hashed)]
        found = len(kept) < len(self.installed)
        self.installed = kept
        return "Accepted" if found else "NotFound"


def _same(mine: dict[str, str], asked: dict[str, str]) -> bool:
    return all(str(asked[name]).lower() == value.lower() for name, value in mine.items())


def certificate_hash(pem: str) -> dict[str, str] | None:
    """CertificateHashDataType by SHA256 (RFC 6960's issuer name, issuer key and serial number); None for no PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None
    # A root is its own issuer: of others' issuers the station does not have the key.
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": hashlib.sha256(certificate.issuer.public_bytes()).hexdigest(),
        "issuerKeyHash": hashlib.sha256(_key_bits(key)).hexdigest(),
        "serialNumber": f"{certificate.serial_number:x}",
    }


def _key_bits(info: bytes) -> bytes:
    """What RFC 6960 hashes of a SubjectPublicKeyInfo (SEQUENCE { SEQUENCE, BIT STRING }): the BIT STRING's content."""
    _, content = _element(info)
    algorithm, _ = _element(content)
    _, bits = _element(content[algorithm:])
    return bits[1:]


def _element(data: bytes) -> tuple[int, bytes]:
    """The first DER element: its whole length, and its content."""
    length, start = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[2 : 2 + count]), 2 + count
    return start + length, data[start : start + length]


def ask_for_signature(speech: Speech2, now: int) -> None:
    """SignCertificate with a fresh key (A02): the CSMS answers later by CertificateSigned."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    station = speech.station
    speech.certificates.key = key = ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, speech.model.text("SecurityCtrlr", "OrganizationName")),
        x509.NameAttribute(NameOID.COMMON_NAME, station.identity[:64]),
    ]
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names)).sign(key, SHA256())
    payload = {
        "csr": request.public_bytes(Encoding.PEM).decode(), "certificateType": "ChargingStationCertificate",
    }  # fmt: skip
    station.say(Call("SignCertificate", payload), now)


def _is_ours(certificates: Certificates, chain: str) -> bool:
    """Whether the chain's first certificate was made for the key that we asked for."""
    from cryptography import x509

    try:
        first = x509.load_pem_x509_certificates(chain.encode())[0]
    except ValueError:
        return False
    return certificates.key is not None and first.public_key() == certificates.key.public_key()


def _signed(speech: Speech2, payload: dict[str, Any]) -> Answer:
    chain = str(payload["certificateChain"])
    if not _is_ours(speech.certificates, chain):
        return {"status": "Rejected"}, None
    speech.certificates.chain = chain
    return {"status": "Accepted"}, None


def _install(speech: Speech2, payload: dict[str, Any]) -> Answer:
    status = speech.certificates.install(str(payload["certificateType"]), str(payload["certificate"]))
    return {"status": status}, None


def _delete(speech: Speech2, payload: dict[str, Any]) -> Answer:
    return {"status": speech.certificates.delete(payload["certificateHashData"])}, None


def _installed(speech: Speech2, payload: dict[str, Any]) -> Answer:
    wanted = payload.get("certificateType")
    chains = [
        {"certificateType": use, "certificateHashData": hashed}
        for use, hashed in speech.certificates.installed
        if wanted is None or use in wanted
    ]
    if not chains:
        return {"status": "NotFound"}, None
    return {"status": "Accepted", "certificateHashDataChain": chains}, None


HANDLERS = {
    "CertificateSigned": _signed,
    "DeleteCertificate": _delete,
    "GetInstalledCertificateIds": _installed,
    "InstallCertificate": _install,
}
