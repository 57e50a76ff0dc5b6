"""Contracts of ISO 15118: good only where the certificate is, from its hash data or from the chain itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from engine.clock import ManualClock
from engine.enquiries.contract_authorization import ContractAuthorization
from engine.enquiries.ocsp import Ocsp
from engine.enquiries.port import Unanswered
from tests.engine.enquiries.responder import AT, NOW, URL, Party, client, hash_data

ACCEPTED = {"status": "Accepted"}
GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED


class Member:
    """A certificate of a contract's chain, with its responder's address."""

    def __init__(self, issuer: Member | None, *, authority: bool, days: int = 365, url: str = URL) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.issuer = issuer or self
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"CN{id(self)}")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.certificate.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(NOW + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if url:
            location = x509.UniformResourceIdentifier(url)
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        self.certificate = builder.sign(self.issuer.key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


ROOT = Member(None, authority=True)
SUB = Member(ROOT, authority=True)
CONTRACT = Member(SUB, authority=False)


class Responders:
    """Answers for every certificate of the chain, signed by its issuer."""

    def __init__(self, revoked: Member | None = None) -> None:
        self.revoked = revoked
        self.asked: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = ocsp.load_der_ocsp_request(request.content)
        self.asked.append(asked.serial_number)
        member = next(m for m in (SUB, CONTRACT, LONE) if m.certificate.serial_number == asked.serial_number)
        status = REVOKED if member is self.revoked else GOOD
        builder = ocsp.OCSPResponseBuilder().add_response(
            member.certificate,
            member.issuer.certificate,
            hashes.SHA256(),
            status,
            NOW,
            NOW + timedelta(hours=1),
            NOW if status is REVOKED else None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, member.issuer.certificate)
        signed = builder.sign(member.issuer.key, hashes.SHA256())
        return httpx.Response(200, content=signed.public_bytes(Encoding.DER))


LONE = Member(ROOT, authority=False)


def checker(responders: Responders) -> ContractAuthorization:
    issuers = [ROOT.certificate, SUB.certificate]
    return ContractAuthorization(Ocsp(issuers[:1], ["ocsp.example"], client=client(responders), clock=ManualClock(AT)))


async def asked(responders: Responders, **content: Any) -> Any:
    return await checker(responders).answer("CP-1", {"idTokenInfo": ACCEPTED, **content})


def hashed(member: Member) -> list[dict[str, str]]:
    return [hash_data(member.certificate, member.issuer) | {"responderURL": URL}]  # type: ignore[arg-type]


async def test_hash_data_of_a_good_contract() -> None:
    answer = await asked(Responders(), iso15118CertificateHashData=hashed(LONE))
    assert answer == {"idTokenInfo": ACCEPTED, "certificateStatus": "Accepted"}


async def test_a_revoked_contract_is_worth_no_more_than_an_unknown_token() -> None:
    answer = await asked(Responders(LONE), iso15118CertificateHashData=hashed(LONE))
    assert answer == {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "CertificateRevoked"}


async def test_a_chain_is_asked_about_whole() -> None:
    responders = Responders()
    answer = await asked(responders, certificate=CONTRACT.pem + SUB.pem)
    assert answer["certificateStatus"] == "Accepted"
    assert set(responders.asked) == {CONTRACT.certificate.serial_number, SUB.certificate.serial_number}


@pytest.mark.parametrize("revoked", [SUB, CONTRACT])
async def test_a_revocation_anywhere_in_the_chain_counts(revoked: Member) -> None:
    answer = await asked(Responders(revoked), certificate=CONTRACT.pem + SUB.pem)
    assert answer["certificateStatus"] == "CertificateRevoked"


async def test_a_good_contract_of_a_blocked_driver_stays_blocked() -> None:
    blocked = {"status": "Blocked"}
    answer = await checker(Responders()).answer("CP-1", {"idTokenInfo": blocked, "certificate": LONE.pem})
    assert answer == {"idTokenInfo": blocked, "certificateStatus": "Accepted"}


@pytest.mark.parametrize(
    ("chain", "status"),
    [
        ([Member(ROOT, authority=False, days=-1)], "CertificateExpired"),
        ([Member(Member(None, authority=True), authority=False)], "CertChainError"),
        ([CONTRACT, ROOT], "CertChainError"),
        ([Member(LONE, authority=False), LONE], "CertChainError"),
    ],
    ids=["expired", "of an unknown root", "a link left out", "issued by what is no authority"],
)
async def test_a_chain_that_does_not_hold_is_refused_before_anybody_is_asked(chain: list[Member], status: str) -> None:
    responders = Responders()
    answer = await asked(responders, certificate="".join(member.pem for member in chain))
    assert answer == {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": status}
    assert responders.asked == []


@pytest.mark.parametrize("text", ["no certificate", Member(ROOT, authority=False, url="").pem])
async def test_what_cannot_be_checked_is_not_answered(text: str) -> None:
    with pytest.raises(Unanswered):
        await asked(Responders(), certificate=text)


def test_the_moment_of_these_tests_is_within_the_certificates() -> None:
    assert datetime.fromtimestamp(AT / 1e6, UTC) == NOW
    assert Party("x").certificate.not_valid_before_utc < NOW
