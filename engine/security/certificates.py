"""Reading certificates, and whether a station's is right (2.x, A00.FR.401 to 429; the same numbers in 1.6's paper).

TLS itself verifies the path (`actors/gateway/tls.py`); what it cannot know is checked here, at every connection: that
the certificate belongs to this charge point and to the operator, and that it has not been revoked meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.clock import SECOND

LEAST_RSA_BITS = 2048
LEAST_EC_BITS = 224


class Refusal(StrEnum):
    """Why a certificate is not accepted. The gateway counts by these names."""

    UNREADABLE = "certificate_unreadable"
    UNKNOWN_AUTHORITY = "certificate_of_unknown_authority"
    EXPIRED = "certificate_expired"
    NOT_YET_VALID = "certificate_not_yet_valid"
    WEAK_KEY = "certificate_with_weak_key"
    WRONG_PURPOSE = "certificate_for_another_purpose"
    WRONG_ORGANISATION = "certificate_of_another_organisation"
    WRONG_NAME = "certificate_of_another_station"
    REVOKED = "certificate_revoked"


class Subject(NamedTuple):
    """What a subject says of its owner; "" where it says nothing."""

    common_name: str
    organisation: str


def subject_of(name: x509.Name) -> Subject:
    """The common name and organisation of a subject."""
    return Subject(_first(name, NameOID.COMMON_NAME), _first(name, NameOID.ORGANIZATION_NAME))


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def moment(at: int) -> datetime:
    """Microseconds since the Unix epoch as x509 counts time: whole seconds, UTC."""
    return datetime.fromtimestamp(at // SECOND, UTC)


def micros(at: datetime) -> int:
    """The reverse of `moment`."""
    return int(at.timestamp()) * SECOND


def serial_text(number: int) -> str:
    """A serial number as the books keep it."""
    return f"{number:x}"


def weakness(key: object) -> str:
    """Why a public key is not good enough (A00.FR.502, A00.FR.503: 112 bits of security); "" if it is."""
    if isinstance(key, rsa.RSAPublicKey):
        return "" if key.key_size >= LEAST_RSA_BITS else f"an RSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "" if key.key_size >= LEAST_EC_BITS else f"an elliptic curve of {key.key_size} bits"
    return f"a key of another kind than RSA or ECDSA ({type(key).__name__})"


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key signed it under the issuer's name."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


class Trust:
    """Whom we believe: the authorities of stations' certificates (roots and those below them), and their revocations.

    A revocation list counts if a trusted authority signed it, also when it is past its time: void stays void.
    """

    def __init__(
        self,
        authorities: Iterable[x509.Certificate] = (),
        lists: Iterable[x509.CertificateRevocationList] = (),
    ) -> None:
        self.ignored_lists = 0
        self._listed: set[tuple[bytes, int]] = set()
        self._authorities: dict[bytes, list[x509.Certificate]] = {}
        for authority in authorities:
            self._authorities.setdefault(authority.subject.public_bytes(), []).append(authority)
        for one in lists:
            self._take(one)

    @property
    def authorities(self) -> int:
        """How many authorities are trusted."""
        return sum(len(named) for named in self._authorities.values())

    def _take(self, revocations: x509.CertificateRevocationList) -> None:
        issuer = revocations.issuer.public_bytes()
        if not any(_signed(revocations, authority) for authority in self._authorities.get(issuer, ())):
            self.ignored_lists += 1
            return
        self._listed.update((issuer, entry.serial_number) for entry in revocations)

    def check(
        self,
        der: bytes,
        names: Collection[str],
        organisations: Collection[str],
        now: int,
        revoked: Collection[str] = frozenset(),
    ) -> tuple[Refusal | None, str]:
        """Why this station's certificate is refused (None: it is right), and the subject or detail for the log.

        `revoked` are serial numbers that our own authority's book says are void.
        """
        try:
            certificate = x509.load_der_x509_certificate(der)
            subject = subject_of(certificate.subject)
            issuer = certificate.issuer.public_bytes()
            key = certificate.public_key()
        except (ValueError, UnsupportedAlgorithm, x509.UnsupportedGeneralNameType) as error:
            return Refusal.UNREADABLE, str(error)[:200]
        at, shown = moment(now), f"CN={subject.common_name}, O={subject.organisation}"
        if not any(is_issued_by(certificate, authority) for authority in self._authorities.get(issuer, ())):
            return Refusal.UNKNOWN_AUTHORITY, certificate.issuer.rfc4514_string()[:200]
        if at > certificate.not_valid_after_utc:
            return Refusal.EXPIRED, f"{shown}, until {certificate.not_valid_after_utc.isoformat()}"
        if at < certificate.not_valid_before_utc:
            return Refusal.NOT_YET_VALID, f"{shown}, from {certificate.not_valid_before_utc.isoformat()}"
        if (issuer, certificate.serial_number) in self._listed or serial_text(certificate.serial_number) in revoked:
            return Refusal.REVOKED, shown
        if weak := weakness(key):
            return Refusal.WEAK_KEY, f"{shown}: {weak}"
        return _owner(certificate, subject, names, organisations), shown


def _owner(
    certificate: x509.Certificate, subject: Subject, names: Collection[str], organisations: Collection[str]
) -> Refusal | None:
    """Whose certificate it is, and what for (A00.FR.404, A00.FR.405, A00.FR.512)."""
    if not _for_clients(certificate):
        return Refusal.WRONG_PURPOSE
    if subject.organisation not in organisations:
        return Refusal.WRONG_ORGANISATION
    # Ids that differ in case only cannot be registered beside each other, so case decides nothing.
    if subject.common_name.lower() not in {name.lower() for name in names}:
        return Refusal.WRONG_NAME
    return None


def _for_clients(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage


def _signed(revocations: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    """Whether the authority's key, if it is of a kind that is known here, signed the list."""
    try:
        return revocations.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False
