"""OCSP for stations: who is asked about what, and whose word counts."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from engine.clock import ManualClock
from engine.enquiries.configured import providers
from engine.enquiries.ocsp import CertificateStatus, ChainStatus, Ocsp, read_issuers
from engine.enquiries.port import Unanswered
from engine.errors import ConfigurationError, Unavailable
from engine.settings import Settings
from tests.engine.enquiries.responder import APPOINTED, AT, LEAF, ROOT, STRANGER, URL, Responder, client, hash_data


def asking(answer: Callable[[httpx.Request], httpx.Response], clock: ManualClock | None = None) -> Ocsp:
    return Ocsp([ROOT.certificate], ["ocsp.example"], client=client(answer), clock=clock or ManualClock(AT))


@pytest.mark.parametrize("signer", [ROOT, APPOINTED], ids=["issuer", "appointed"])
async def test_the_responders_word_is_handed_on_whole(signer: object) -> None:
    responder = Responder(signer)  # type: ignore[arg-type]
    provider = CertificateStatus(asking(responder))
    answer = await provider.answer("CP-1", {"ocspRequestData": hash_data() | {"responderURL": URL}})
    response = ocsp.load_der_ocsp_response(base64.b64decode(answer["ocspResult"]))
    assert answer["status"] == "Accepted"
    assert response.certificate_status == ocsp.OCSPCertStatus.GOOD
    assert response.serial_number == LEAF.certificate.serial_number


async def test_an_answer_is_remembered_while_it_holds() -> None:
    responder, clock = Responder(lasts=timedelta(minutes=30)), ManualClock(AT)
    asked = asking(responder, clock)
    for _ in range(3):
        await asked.status(hash_data(), URL)
    assert responder.asked == 1
    clock.advance(3600)
    with pytest.raises(Unanswered, match="past its time"):
        await asked.status(hash_data(), URL)
    assert responder.asked == 2


@pytest.mark.parametrize(
    ("responder", "why"),
    [
        (Responder(STRANGER), "signed by nobody"),
        (Responder(about=APPOINTED), "another certificate"),
        (Responder(age=timedelta(days=2)), "past its time"),
        (Responder(age=timedelta(days=-2)), "past its time"),
        (lambda request: httpx.Response(200, content=b"hello"), "no OCSP response"),
        (lambda request: httpx.Response(500), "answered 500"),
        (lambda request: httpx.Response(200, content=b"x" * 70_000), "too long"),
    ],
)
async def test_whose_word_does_not_count(responder: Callable[[httpx.Request], httpx.Response], why: str) -> None:
    with pytest.raises(Unanswered, match=why):
        await asking(responder).status(hash_data(), URL)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/x",
        "file:///etc/passwd",
        "http://me@ocsp.example/",
        "http://ocsp.example.evil/",
        "http://[",
        "",
    ],
)
async def test_nobody_is_called_who_is_not_on_the_list(url: str) -> None:
    responder = Responder()
    with pytest.raises(Unanswered):
        await asking(responder).status(hash_data(), url)
    assert responder.asked == 0


@pytest.mark.parametrize(
    "changes", [{"issuerKeyHash": "00" * 32}, {"serialNumber": "no"}, {"serialNumber": ""}, {"hashAlgorithm": "MD5"}]
)
async def test_nobody_is_called_about_what_cannot_be(changes: dict[str, str]) -> None:
    responder = Responder()
    with pytest.raises(Unanswered):
        await asking(responder).status(hash_data(**changes), URL)
    assert responder.asked == 0


async def test_a_responder_that_is_away_is_a_passing_trouble() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    with pytest.raises(Unavailable):
        await asking(away).status(hash_data(), URL)


async def test_a_chain_gets_a_status_for_each_certificate() -> None:
    asked = [
        {"certificateHashData": hash_data(), "source": "OCSP", "urls": ["http://other.example/", URL]},
        {"certificateHashData": hash_data(), "source": "CRL", "urls": [URL]},
        {"certificateHashData": hash_data(issuerNameHash="00"), "source": "OCSP", "urls": [URL]},
    ]
    provider = ChainStatus(asking(Responder(status=ocsp.OCSPCertStatus.REVOKED)))
    answer = await provider.answer("CP-1", {"certificateStatusRequests": asked})
    assert [one["status"] for one in answer["certificateStatus"]] == ["Revoked", "Failed", "Failed"]
    assert answer["certificateStatus"][0]["nextUpdate"] == "2026-01-01T01:00:00.000Z"
    assert [one["certificateHashData"] for one in answer["certificateStatus"]] == [
        one["certificateHashData"] for one in asked
    ]


async def test_the_settings_say_which_providers_there_are(tmp_path: Path) -> None:
    assert providers(Settings()) == {}
    with pytest.raises(ConfigurationError, match=r"holds no \*\.pem"):
        providers(Settings(ocsp_issuers_dir=tmp_path))
    (tmp_path / "root.pem").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    found = providers(Settings(ocsp_issuers_dir=tmp_path, ocsp_hosts="a.example, b.example", contracts_dir=tmp_path))
    checked = {"Authorize", "GetCertificateStatus", "GetCertificateChainStatus"}
    assert found.keys() == {"Get15118EVCertificate", *checked}
    assert read_issuers(tmp_path) == [ROOT.certificate]
    for provider in found.values():
        await provider.aclose()
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        providers(Settings(ocsp_issuers_dir=tmp_path))
