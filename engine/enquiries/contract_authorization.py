"""Authorize with an ISO 15118 contract (2.0.1 C07): is the contract certificate good, and may its eMAID charge?

The station gives hash data of the chain with the responders' addresses, or the chain itself, which it could not check.
A chain has to lead to an issuer that the operator trusts. What the token's standing is, the enquiry brings along.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from engine.enquiries.ocsp import Ocsp
from engine.enquiries.port import Content, Unanswered

MAX_CHAIN = 4
"""OCPP gives hash data of at most four certificates of a chain."""

_Asked = tuple[Mapping[str, Any], str, x509.Certificate | None]
_GOOD, _REVOKED, _EXPIRED, _BROKEN = "Accepted", "CertificateRevoked", "CertificateExpired", "CertChainError"


class ContractAuthorization:
    """Checks contracts by OCSP; a chain in full only where it ends at one of `ocsp`'s issuers."""

    def __init__(self, ocsp_of: Ocsp) -> None:
        self._ocsp = ocsp_of

    async def answer(self, charge_point: str, content: Content) -> Content:
        """`content` is the Authorize with `idTokenInfo`: how the eMAID stands. Raises Unanswered, Unavailable."""
        status = await self._status(content)
        info = content["idTokenInfo"] if status == _GOOD else {"status": "Invalid"}
        return {"idTokenInfo": info, "certificateStatus": status}

    async def _status(self, content: Content) -> str:
        if "certificate" in content:
            chain = _chain(content["certificate"])
            flaw = self._flaw(chain)
            if flaw:
                return flaw
            asked: list[_Asked] = [_asked(*link) for link in self._with_issuers(chain)]
        else:
            asked = [(each, str(each["responderURL"]), None) for each in content["iso15118CertificateHashData"]]
        answers = await asyncio.gather(*(self._ocsp.status(*each) for each in asked))
        statuses = {answer.certificate_status for answer in answers}
        if ocsp.OCSPCertStatus.REVOKED in statuses:
            return _REVOKED
        return _GOOD if statuses == {ocsp.OCSPCertStatus.GOOD} else _BROKEN

    def _flaw(self, chain: list[x509.Certificate]) -> str:
        """What is wrong with a chain before anybody is asked; "" if nothing is."""
        now = self._ocsp.now()
        if any(now > certificate.not_valid_after_utc for certificate in chain):
            return _EXPIRED
        if any(now < certificate.not_valid_before_utc for certificate in chain):
            return _BROKEN
        links = pairwise(chain)
        leads_on = all(_is_authority(issuer) and _issued_by(certificate, issuer) for certificate, issuer in links)
        return "" if leads_on and self._anchor(chain[-1]) is not None else _BROKEN

    def _anchor(self, last: x509.Certificate) -> x509.Certificate | None:
        """The trusted issuer of a chain's last certificate; itself where that is one."""
        return next((issuer for issuer in self._ocsp.issuers if issuer == last or _issued_by(last, issuer)), None)

    def _with_issuers(self, chain: list[x509.Certificate]) -> list[tuple[x509.Certificate, x509.Certificate]]:
        """Each certificate with its issuer, without a root that only stands for itself."""
        anchor = self._anchor(chain[-1])
        if anchor is not None and anchor != chain[-1]:
            chain = [*chain, anchor]
        return list(pairwise(chain))

    async def aclose(self) -> None:
        await self._ocsp.aclose()


def _chain(pem: str) -> list[x509.Certificate]:
    try:
        chain = x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise Unanswered(f"The contract certificate is no PEM: {error}") from error
    if len(chain) > MAX_CHAIN + 1:
        raise Unanswered(f"The contract's chain has {len(chain)} certificates.")
    return chain


def _asked(certificate: x509.Certificate, issuer: x509.Certificate) -> _Asked:
    """Hash data of a certificate, the responder that it names itself, and its issuer."""
    named = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    data = {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": named.issuer_name_hash.hex(),
        "issuerKeyHash": named.issuer_key_hash.hex(),
        "serialNumber": f"{certificate.serial_number:x}",
    }
    return data, _responder(certificate), issuer


def _responder(certificate: x509.Certificate) -> str:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise Unanswered("The contract certificate names no OCSP responder.") from error
    for description in access:
        location = description.access_location
        is_url = isinstance(location, x509.UniformResourceIdentifier)
        if description.access_method == AuthorityInformationAccessOID.OCSP and is_url:
            return str(location.value)
    raise Unanswered("The contract certificate names no OCSP responder.")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
