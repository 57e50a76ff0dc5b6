"""What an authority has to check in a station's signing request before it signs (2.x, A02; RFC 2986)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from engine.errors import InvalidInput
from engine.security.certificates import subject_of, weakness

STATION, V2G, V2G_20 = "ChargingStationCertificate", "V2GCertificate", "V2G20Certificate"
SERVER = "ServerCertificate"
"""Kinds of certificates. The last is our own gateway's and never a station's to ask for."""

KINDS = (STATION, V2G, V2G_20)


class RequestRefused(InvalidInput):
    """The authority does not sign this. `field` is always `csr`, `remedy` what would be signed."""

    def __init__(self, message: str, remedy: str = "", *, field: str = "csr") -> None:
        super().__init__(message, field=field, remedy=remedy)


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A request that may be signed: for whom, and for which key."""

    common_name: str
    organisation: str
    key: CertificatePublicKeyTypes


def checked_request(
    csr: str, kind: str, charge_point: str, names: Collection[str], organisations: Collection[str]
) -> CheckedRequest:
    """Check proof of possession, key and subject. Raises RequestRefused.

    The subject must name this charge point (`names`) and one of the `organisations`. What it leaves out is filled in: a
    V2G request has no common name, and a station that was not told the operator's name gives no organisation.
    """
    if kind not in KINDS:
        raise RequestRefused(f"There are no certificates of the kind {kind!r}.", f"Use one of: {', '.join(KINDS)}.")
    request = _read(csr)
    if weak := weakness(request.public_key()):
        raise RequestRefused(f"The request is for {weak}.", "Use RSA of 2048 bits or more, or ECDSA of 224 or more.")
    subject = subject_of(request.subject)
    organisation = subject.organisation or next(iter(organisations))
    if organisation not in organisations:
        raise RequestRefused(
            f"The organisation {organisation!r} is not ours.", "Set the station's CpoName to RAYCHARGE_ORGANISATION."
        )
    common_name = subject.common_name or charge_point
    if common_name.lower() not in {name.lower() for name in names}:
        raise RequestRefused(
            f"The common name {common_name!r} is not this charge point's.",
            "Register the station's serial number as the charge point's certificate_name.",
        )
    return CheckedRequest(common_name, organisation, request.public_key())


def _read(csr: str) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_pem_x509_csr(csr.strip().encode())
        if request.is_signature_valid:
            return request
    except (ValueError, UnsupportedAlgorithm) as error:
        raise RequestRefused("The request cannot be read.", "Send a PKCS#10 request in PEM (RFC 2986).") from error
    raise RequestRefused("The request is not signed with its own key.", "Sign it with the key that it is for.")
